/* host.c - a program that knows nothing of SQLite and loads it with a plugin, as CPython, Perl or Tcl do.
 *
 *   host PLUGIN... -- LINE...
 *
 * Each plugin is victim.so or a copy of it, and is loaded with RTLD_LOCAL: its SQLite is not in the global scope. A line runs in
 * the first plugin, or in the one whose number precedes it: "2 open a t.db". Blocks do not work here. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void (*plugin_load(const char *path))(const char *)
{
	void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	void *run_line = plugin ? dlsym(plugin, "victim_run_line") : NULL;

	if (!run_line) {
		fprintf(stderr, "host: %s\n", dlerror());
		exit(64);
	}
	return (void (*)(const char *))(size_t)run_line;
}

int main(int argc, char **argv)
{
	void (*run_line[8])(const char *);
	int count = 0, at = 1;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (; at < argc && count < 8 && strcmp(argv[at], "--") != 0; at++)
		run_line[count++] = plugin_load(argv[at]);
	for (at++; at < argc; at++) {
		int plugin = argv[at][0] >= '1' && argv[at][0] <= '8' ? argv[at][0] - '0' : 0;

		if (plugin > count || !count)
			return 64;
		run_line[plugin ? plugin - 1 : 0](argv[at] + (plugin ? 2 : 0));
	}
	return 0;
}
