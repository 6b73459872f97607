/* entry.c - the library run as a program: /usr/lib/libsqlprod.so --settings
 *
 * The sqlprod command runs the library to get its table of settings, and the values that an environment results in. The linker's -e
 * names entry_start, which ld.so calls in place of main(). Nothing here runs, and no symbol is looked up for it, in a process that
 * only preloads the library.
 *
 *   --settings[=json]   the table and the values in force; text is one line a setting, fields separated by tabs:
 *                       variable, pragma, recipe, value, decided by, allowed, meaning
 *   --storage PATH      "local", "shared" or "unknown"; the filesystem type and mount point where they are known; tabs between them
 *   --lock FILE         "locked" if another process holds an fcntl() lock on it, also one of another pid namespace, which
 *                       /proc/locks does not show; else "free", or "unknown"
 *   --query FILE SQL    what the sqlite3 shell would print (query.h)
 *   --backup FILE COPY  copies a database that may be in use
 *   --version
 *
 * Exit status: 0; 1 out of memory or a closed output; 2 usage, or a bad setting in the environment (each is a line on stderr);
 * 12 no SQLite for --query or --backup. */
#include "base/settings.h"
#include "entry/query.h"
#include "fs/storage.h"
#include "report/json.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__aarch64__)

#if defined(__x86_64__)
#define LOADER_GLIBC "/lib64/ld-linux-x86-64.so.2"
#define LOADER_MUSL "/lib/ld-musl-x86_64.so.1"
#else
#define LOADER_GLIBC "/lib/ld-linux-aarch64.so.1"
#define LOADER_MUSL "/lib/ld-musl-aarch64.so.1"
#endif

#ifdef __GLIBC__
#define LOADER LOADER_GLIBC
#else
#define LOADER LOADER_MUSL
#endif

/* Makes the linker write PT_INTERP. */
static const char loader[] __attribute__((section(".interp"), used)) = LOADER;

static bool complained;

static void complain(const char *message)
{
	complained = true;
	if (write(STDERR_FILENO, message, strlen(message)) < 0 || write(STDERR_FILENO, "\n", 1) < 0)
		return; /* stderr is closed: the exit status reports the error */
}

/* fputs() would be another symbol to look up in every process under the preload. */
static void put(FILE *out, const char *text)
{
	fwrite(text, 1, strlen(text), out);
}

static void put_text(FILE *out, const struct setting_spec *spec, const char *value, const char *decider)
{
	fprintf(out, "%s\t%s\t%s\t", spec->variable, *spec->pragma ? spec->pragma : "-", *spec->recipe ? spec->recipe : "-");
	/* a value may be a path: a control character would break the line or drive the terminal */
	for (; *value; value++)
		fputc((unsigned char)*value < ' ' || *value == 0x7f ? '?' : *value, out);
	fprintf(out, "\t%s\t%s\t%s\n", decider, spec->allowed, spec->meaning);
}

static void put_json(FILE *out, const struct setting_spec *spec, const char *value, const char *decider)
{
	put(out, "{\"variable\":");
	json_put_string(out, spec->variable);
	put(out, ",\"pragma\":");
	json_put_string(out, *spec->pragma ? spec->pragma : NULL);
	put(out, ",\"recipe\":");
	json_put_string(out, spec->recipe);
	put(out, ",\"value\":");
	json_put_string(out, value);
	put(out, ",\"decided_by\":");
	json_put_string(out, decider);
	put(out, ",\"allowed\":");
	json_put_string(out, spec->allowed);
	put(out, ",\"meaning\":");
	json_put_string(out, spec->meaning);
	fputc('}', out);
}

static void put_settings(FILE *out, bool json)
{
	put(out, json ? "{\"version\":\"" SQLPROD_VERSION "\",\"settings\":[" : "");
	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_value *value = settings_get((enum setting)i);
		const char *decider = value->by_operator ? "operator" : "recipe";
		char text[4096];

		setting_format(&settings_table[i], value, text, sizeof(text));
		if (json) {
			put(out, i ? "," : "");
			put_json(out, &settings_table[i], text, decider);
		} else {
			put_text(out, &settings_table[i], *text ? text : "-", decider);
		}
	}
	put(out, json ? "]}\n" : "");
}

static void put_storage(FILE *out, const char *path)
{
	struct storage storage;

	storage_look(path, &storage);
	fprintf(out, "%s\t%s\t%s\n",
		storage.kind == STORAGE_SHARED    ? "shared"
		: storage.kind == STORAGE_UNKNOWN ? "unknown"
						  : "local",
		storage.type, storage.mount);
}

static void put_lock(FILE *out, const char *path)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	FILE *file = fopen(path, "re");

	if (!file || fcntl(fileno(file), F_GETLK, &lock) != 0)
		put(out, "unknown\n");
	else
		put(out, lock.l_type == F_UNLCK ? "free\n" : "locked\n");
	if (file)
		fclose(file);
}

static int query_status; /* of --query and --backup */

/* Writes what the arguments ask for. False if they are not understood. */
static bool answer(FILE *out, char *const *arguments)
{
	if (!arguments[0])
		return false;
	if (strcmp(arguments[0], "--query") == 0 && arguments[1] && arguments[2] && !arguments[3])
		query_status = query_run(out, arguments[1], arguments[2]);
	else if (strcmp(arguments[0], "--backup") == 0 && arguments[1] && arguments[2] && !arguments[3])
		query_status = query_backup(arguments[1], arguments[2]);
	else if (strcmp(arguments[0], "--storage") == 0 && arguments[1] && !arguments[2])
		put_storage(out, arguments[1]);
	else if (strcmp(arguments[0], "--lock") == 0 && arguments[1] && !arguments[2])
		put_lock(out, arguments[1]);
	else if (arguments[1])
		return false;
	else if (strcmp(arguments[0], "--version") == 0)
		put(out, SQLPROD_VERSION "\n");
	else if (strcmp(arguments[0], "--settings") == 0)
		put_settings(out, false);
	else if (strcmp(arguments[0], "--settings=json") == 0)
		put_settings(out, true);
	else
		return false;
	return true;
}

static bool write_all(const char *text, size_t length)
{
	while (length > 0) {
		ssize_t n = write(STDOUT_FILENO, text, length);

		if (n <= 0)
			return false;
		text += n;
		length -= (size_t)n;
	}
	return true;
}

/* Takes the place of main(); the stack holds argc, argv, NULL, the environment, NULL. Returns the exit status. */
static __attribute__((used)) int entry_main(long *stack)
{
	long argc = stack[0];
	char **argv = (char **)(stack + 1);
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	bool answered;

	if (!out)
		return 1;
	settings_load(argv + argc + 1, false);
	answered = argc > 0 && answer(out, argv + 1);
	if (fclose(out) != 0)
		return 1;
	if (!answered) {
		complain("usage: libsqlprod.so --settings[=json] | --storage PATH | --lock FILE | --query FILE SQL | --backup FILE "
			 "COPY | --version");
		return 2;
	}
	if (strncmp(argv[1], "--settings", sizeof("--settings") - 1) == 0)
		settings_complain(complain);
	if (!write_all(text, length))
		return 1;
	return complained ? 2 : query_status;
}

/* In assembler, because there is no frame yet and gcc has no naked functions on arm64. Exits by the system call: exit() would be
 * another symbol to look up. */
#if defined(__x86_64__)
#define ENTRY                                                                                                                      \
	"mov %rsp, %rdi\n"                                                                                                         \
	"xor %ebp, %ebp\n"                                                                                                         \
	"and $-16, %rsp\n"                                                                                                         \
	"call entry_main\n"                                                                                                        \
	"mov %eax, %edi\n"                                                                                                         \
	"mov $231, %eax\n" /* exit_group */                                                                                        \
	"syscall\n"                                                                                                                \
	"hlt\n"
#else
#define ENTRY                                                                                                                      \
	"mov x0, sp\n"                                                                                                             \
	"mov x29, #0\n"                                                                                                            \
	"mov x30, #0\n"                                                                                                            \
	"bl entry_main\n"                                                                                                          \
	"mov x8, #94\n" /* exit_group */                                                                                           \
	"svc #0\n"                                                                                                                 \
	"brk #0\n"
#endif

__asm__(".pushsection .text\n"
	".globl entry_start\n"
	".hidden entry_start\n"
	".type entry_start, %function\n"
	"entry_start:\n" ENTRY ".size entry_start, .-entry_start\n"
	".popsection\n");

#endif
