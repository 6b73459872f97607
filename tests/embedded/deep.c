/* deep.c - loads a victim as PHP loads its extensions, with RTLD_DEEPBIND.
 *
 *   deep PLUGIN LINE... */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *plugin = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND) : NULL;
	void (*run_line)(const char *) = plugin ? (void (*)(const char *))(size_t)dlsym(plugin, "victim_run_line") : NULL;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!run_line) {
		fprintf(stderr, "deep: %s\n", dlerror());
		return 64;
	}
	for (int i = 2; i < argc; i++)
		run_line(argv[i]);
	return 0;
}
