/* victim.c - a small SQLite program that does what its arguments say, so that a suite can play any program in a few lines.
 *
 * Each argument is one line; without arguments the lines come from standard input. Every SQLite call prints "verb rc".
 * In a line, %t is the number of the thread that runs it, and \n \t \0 \\ \xHH in SQL are decoded.
 *
 *   open NAME FILE | open16 NAME FILE | open_v2 NAME FILE FLAG,FLAG     flags: ro rw create uri shared memory nomutex
 *                                                         the file NULL is a NULL pointer
 *   open_hidden NAME FILE                                 by dlsym, past every interposed function
 *   stale NAME                                            a handle whose memory was freed and used again
 *   close NAME | close_v2 NAME
 *   exec NAME SQL | get_table NAME SQL                    rows are printed as a|b
 *   exec_left NAME SQL                                    its first row's callback leaves by longjmp()
 *   blob NAME TABLE COLUMN TEXT                           sqlite3_blob_open() and _write(), in row 1
 *   exec_bare NAME SQL                                    without callback and message; no SQL is NULL
 *   prepare NAME STMT API BYTES SQL                       API: v1 v2 v3 16 16_v2 16_v3, with "!" after it for pzTail == NULL;
 *                                                         BYTES: a number, "length" (no NUL after the text) or "length+NUL"
 *   step STMT | reset STMT | finalize STMT | sql STMT
 *   busy_timeout NAME MS | busy_handler NAME on|off | handler_calls NAME
 *   authorizer NAME log|deny|drop|off | trace NAME | hooks NAME [wal] | function NAME      deny: PRAGMA and BEGIN; drop: DROP TABLE
 *                                                         hooks: commit, rollback, wal; function: SQL's victim('line') runs a line
 *   interrupt NAME                                        once, when a statement ends inside a transaction
 *   interrupt_at_signal NAME                              whenever SIGUSR1 comes
 *   backup NAME                                           of a database in memory, over the one that NAME has open, in one step
 *   fkey NAME on|off|ask                                  sqlite3_db_config(SQLITE_DBCONFIG_ENABLE_FKEY)
 *   errcode NAME | errmsg NAME | autocommit NAME | changes NAME | total_changes NAME | rowid NAME | statements NAME
 *   The handle "null" is NULL.
 *   vfs NAME | methods HANDLE                             a VFS that passes everything on; are a file's methods still its own?
 *   vfs_elsewhere                                         the VFS elsewhere, whose files have other names than SQLite knows
 *   version | built OPTION                                of this SQLite: 3040001; was it compiled so?
 *   config serialized | memory | key NAME KEY | key_v2 NAME SCHEMA KEY | rekey NAME KEY | shared_cache on|off
 *   on_row LINE                                           the line runs for each row of the next exec
 *   repeat N … end | threads N … end | fork … end         the child of a fork leaves by exit(0) at its end
 *   sh COMMAND                                            without LD_PRELOAD and SQLPROD*; prints what it prints
 *   barrier PATH                                          writes a line to PATH.here, waits for one from PATH.go
 *   setenv NAME VALUE | chdir PATH | setuid N | exit N | _exit N | quiet
 *   self FIELD | descriptors | close_fd N | open_fd PATH | read_file PATH
 *                                                         self: of /proc/self/status; descriptors: how many are open */
#include "victim.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct script {
	char **lines;
	size_t count;
};

struct player {
	struct script script;
	unsigned thread;
};

static atomic_bool quiet; /* a thread may say so */
static pthread_mutex_t names = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local unsigned thread_number;

_Noreturn void victim_die(const char *problem, const char *where)
{
	fprintf(stderr, "victim: %s: %s\n", problem, where);
	exit(64);
}

char *victim_word(char **rest)
{
	char *word = *rest + strspn(*rest, " ");
	size_t length = strcspn(word, " ");

	if (!length)
		victim_die("a word is missing", word);
	*rest = word + length;
	if (**rest)
		*(*rest)++ = '\0';
	return word;
}

void victim_say(const char *verb, int rc, const char *detail)
{
	if (!quiet || (rc != 0 && rc != 100 && rc != 101))
		printf("%s %d%s%s\n", verb, rc, *detail ? " " : "", detail);
}

void victim_be_quiet(void)
{
	quiet = true;
}

bool victim_is_quiet(void)
{
	return quiet;
}

void *name_find(void *table, size_t size, const char *name, bool make)
{
	char *found = NULL, *unused = NULL;

	pthread_mutex_lock(&names);
	for (int i = 0; i < NAME_COUNT && !found; i++) {
		char *at = (char *)table + (size_t)i * size;
		if (strcmp(at, name) == 0)
			found = at;
		else if (!*at && !unused)
			unused = at;
	}
	if (!found && make && unused)
		found = strncpy(unused, name, NAME_SIZE - 1);
	pthread_mutex_unlock(&names);
	if (!found)
		victim_die("unknown name", name);
	return found;
}

void name_drop(char *name)
{
	pthread_mutex_lock(&names);
	*name = '\0';
	pthread_mutex_unlock(&names);
}

/* line with each %t replaced by the thread's number: in space[size], or allocated if it does not fit there. */
static char *line_expand(const char *line, char *space, size_t size)
{
	size_t length = 0, longest = strlen(line) * 6 + 1;
	char *out = longest <= size ? space : malloc(longest);

	if (!out)
		victim_die("out of memory", line);
	for (; *line; line++) {
		if (line[0] == '%' && line[1] == 't') {
			length += (size_t)snprintf(out + length, longest - length, "%u", thread_number);
			line++;
		} else
			out[length++] = *line;
	}
	out[length] = '\0';
	return out;
}

/* A short line allocates nothing, so that a child of a process with threads can run it: see environment_outside(). */
void victim_run_line(const char *line)
{
	char space[2048], *copy = line_expand(line, space, sizeof(space)), *rest = copy;

	if (*copy) {
		const char *verb = victim_word(&rest);
		if (!process_run(verb, rest) && !folders_run(verb, rest) && !waits_run(verb, rest) && !confined_run(verb, rest) &&
		    !calls_run(verb, rest))
			victim_die("unknown line", line);
	}
	if (copy != space)
		free(copy);
}

static void run(struct script script);

static void *thread_run(void *argument)
{
	const struct player *player = argument;

	thread_number = player->thread;
	run(player->script);
	return NULL;
}

static void run_threads(struct script body, unsigned count)
{
	struct player players[64];
	pthread_t threads[64];

	if (count > 64)
		victim_die("at most 64", "threads");
	for (unsigned i = 0; i < count; i++) {
		players[i] = (struct player){body, i};
		if (pthread_create(&threads[i], NULL, thread_run, &players[i]) != 0)
			victim_die("cannot start", "threads");
	}
	for (unsigned i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void run_fork(struct script body)
{
	int status;

	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0) {
		run(body);
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		victim_die("cannot fork", "fork");
	victim_say("fork", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), "");
}

static bool is_block(const char *line)
{
	return strncmp(line, "repeat ", 7) == 0 || strncmp(line, "threads ", 8) == 0 || strcmp(line, "fork") == 0;
}

/* The position of the `end` that closes the block begun at `at`. */
static size_t block_end(struct script script, size_t at)
{
	size_t depth = 1;

	for (size_t i = at + 1; i < script.count; i++) {
		depth += is_block(script.lines[i]);
		if (strcmp(script.lines[i], "end") == 0 && --depth == 0)
			return i;
	}
	victim_die("no end", script.lines[at]);
}

static void run(struct script script)
{
	for (size_t i = 0; i < script.count; i++) {
		const char *line = script.lines[i];

		if (!is_block(line)) {
			victim_run_line(line);
			continue;
		}
		size_t end = block_end(script, i);
		struct script body = {script.lines + i + 1, end - i - 1};
		if (line[0] == 'f')
			run_fork(body);
		else if (line[0] == 't')
			run_threads(body, (unsigned)atoi(line + 8));
		else
			for (int times = atoi(line + 7); times > 0; times--)
				run(body);
		i = end;
	}
}

static struct script script_read(FILE *file)
{
	static struct script script; /* static, so that the leak checker sees who holds the lines */
	char *line = NULL;
	size_t size = 0;

	for (ssize_t length; (length = getline(&line, &size, file)) > 0; line = NULL, size = 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = '\0';
		script.lines = realloc(script.lines, (script.count + 1) * sizeof(*script.lines));
		if (!script.lines)
			victim_die("out of memory", line);
		script.lines[script.count++] = line;
	}
	free(line);
	return script;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	run(argc > 1 ? (struct script){argv + 1, (size_t)argc - 1} : script_read(stdin));
	return 0;
}
