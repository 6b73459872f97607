/* Runs a fuzzer's function over the files of the folders named, without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const char *path)
{
	static uint8_t data[1 << 16];
	FILE *file = fopen(path, "rb");

	if (file == NULL) {
		perror(path);
		exit(1);
	}
	LLVMFuzzerTestOneInput(data, fread(data, 1, sizeof(data), file));
	fclose(file);
}

int main(int argc, char **argv)
{
	struct dirent *entry;
	char path[4096];
	unsigned count = 0;
	DIR *folder;
	int i;

	for (i = 1; i < argc; i++) {
		folder = opendir(argv[i]);
		if (folder == NULL) {
			perror(argv[i]);
			return 1;
		}
		while ((entry = readdir(folder)) != NULL) {
			if (entry->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
			replay(path);
			count++;
		}
		closedir(folder);
	}
	printf("%u inputs replayed\n", count);
	return count == 0;
}
