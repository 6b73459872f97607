/* main.c - foreign_keys: made-up programs with and without the library.
 *
 *	foreign_keys --library FILE [--first SEED] [--programs N] [--seconds N] [--jobs N] [--findings N]
 *	foreign_keys --library FILE --seed SEED [--print]        one program; shrunk, if it fails
 *	foreign_keys --library FILE --script FILE                one that was printed
 *
 * --ignore KIND,KIND: a program with such a finding is given up without a word. --off: the library is switched off by the
 *environment, so it is not asked to refuse anything. --strict: a RESTRICT that refuses the program's own DELETE before the end of a
 *transaction is a finding too. --raw: findings are not shrunk. --verbose shows each line. Exits 1 if anything was found. Each job
 *has a folder of its own, its peer one in there. */
#include "shrink.h"

#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MOST 64

struct options {
	const char *library, *script, *ignored;
	uint64_t first;
	unsigned long programs, jobs, findings;
	double seconds;
	bool one, print, raw, strict, off, verbose;
};

/* All jobs see these. */
struct shared {
	unsigned long findings;
	bool exhausted;
	struct counts counts[JOBS_MOST];
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* In one write, so that jobs do not mix their lines. */
static void print_finding(const struct judge *judge, const struct program *program, uint64_t seed)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	fprintf(to, "FINDING %s --seed %llu: %s\n", judge->finding.kind, (unsigned long long)seed, judge->finding.detail);
	for (size_t i = 0; i < program->count; i++)
		fprintf(to, "\t%s\n", program->lines[i]);
	fclose(to);
	fflush(stdout);
	if (write(STDOUT_FILENO, text, size) < 0)
		_exit(2);
	free(text);
}

static bool try_program(struct judge *judge, const struct options *options, struct program *program, uint64_t seed)
{
	judge_program(judge, program);
	if (!judge->finding.kind)
		return false;
	if (!options->raw)
		shrink(judge, program);
	/* what does not come again was an accident of the machine; it is said, with all its lines */
	if (!judge->finding.kind)
		judge_blame(judge, "once", "a finding that shrinking lost");
	print_finding(judge, program, seed);
	return true;
}

static void start_judge(struct judge *judge, const struct options *options, const char *folder, unsigned long number)
{
	char peer_folder[300];

	snprintf(judge->folder, sizeof(judge->folder), "%s/%lu", folder, number);
	snprintf(peer_folder, sizeof(peer_folder), "%s/library", judge->folder);
	judge->library = options->library;
	judge->ignored = options->ignored;
	judge->strict = options->strict;
	judge->verbose = options->verbose;
	/* the library leaves foreign keys off before */
	judge->wants_enforcement = !options->off && sqlite3_libversion_number() >= 3015000;
	if (mkdir(judge->folder, 0700) != 0 || mkdir(peer_folder, 0700) != 0 || chdir(judge->folder) != 0 ||
	    !peer_start(&judge->peer, options->library, peer_folder)) {
		perror(judge->folder);
		_exit(2);
	}
}

static void run_job(const struct options *options, struct shared *shared, const char *folder, unsigned long number)
{
	static struct judge judge;
	static struct program program;
	double end = now() + options->seconds;

	start_judge(&judge, options, folder, number);
	for (unsigned long i = number; i < options->programs && !shared->exhausted; i += options->jobs) {
		if (options->seconds > 0 && now() > end)
			break;
		program_generate(&program, options->first + i, sqlite3_libversion_number());
		if (try_program(&judge, options, &program, options->first + i) &&
		    __atomic_add_fetch(&shared->findings, 1, __ATOMIC_SEQ_CST) >= options->findings)
			shared->exhausted = true;
		shared->counts[number] = judge.counts;
	}
	peer_stop(&judge.peer);
}

static void print_summary(const struct options *options, const struct shared *shared, double seconds)
{
	struct counts all = {0};

	for (unsigned long i = 0; i < options->jobs; i++) {
		all.programs += shared->counts[i].programs;
		all.lines += shared->counts[i].lines;
		all.refused += shared->counts[i].refused;
		all.cascaded += shared->counts[i].cascaded;
		all.unjudged += shared->counts[i].unjudged;
		all.enforced += shared->counts[i].enforced;
	}
	printf("SQLite %s, seeds from %llu: %lu programs, %lu calls in %.0f s (%.0f programs/s); orphans refused %lu, own "
	       "statements with actions "
	       "%lu, enforcement asked %lu, programs given up %lu; findings %lu\n",
	       sqlite3_libversion(), (unsigned long long)options->first, all.programs, all.lines, seconds,
	       (double)all.programs / seconds, all.refused, all.cascaded, all.enforced, all.unjudged, shared->findings);
}

static int run_jobs(const struct options *options, const char *folder)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double start = now();
	int status, failed = 0;

	for (unsigned long i = 0; i < options->jobs; i++) {
		if (fork() == 0) {
			run_job(options, shared, folder, i);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		failed |= status != 0;
	print_summary(options, shared, now() - start);
	return failed || shared->findings;
}

static int run_one(const struct options *options, const char *folder)
{
	static struct judge judge;
	static struct program program;
	bool found;

	if (!options->script)
		program_generate(&program, options->first, sqlite3_libversion_number());
	else if (!program_load(&program, options->script)) {
		perror(options->script);
		return 2;
	}
	if (options->print) {
		for (size_t i = 0; i < program.count; i++)
			printf("%s\n", program.lines[i]);
		return 0;
	}
	start_judge(&judge, options, folder, 0);
	found = try_program(&judge, options, &program, options->first);
	peer_stop(&judge.peer);
	printf("%s\n", found ? "found" : "nothing found");
	return found;
}

static struct options read_options(int count, char **arguments)
{
	static const struct option known[] = {{"library", 1, NULL, 'l'}, {"seed", 1, NULL, 's'},     {"first", 1, NULL, 'f'},
					      {"script", 1, NULL, 'c'},  {"programs", 1, NULL, 'p'}, {"seconds", 1, NULL, 't'},
					      {"jobs", 1, NULL, 'j'},    {"findings", 1, NULL, 'n'}, {"print", 0, NULL, 'P'},
					      {"raw", 0, NULL, 'r'},     {"strict", 0, NULL, 'S'},   {"off", 0, NULL, 'o'},
					      {"verbose", 0, NULL, 'v'}, {"ignore", 1, NULL, 'i'},   {NULL, 0, NULL, 0}};
	struct options options = {.first = 1, .findings = 10, .jobs = (unsigned long)sysconf(_SC_NPROCESSORS_ONLN)};
	int letter;

	while ((letter = getopt_long(count, arguments, "", known, NULL)) != -1) {
		switch (letter) {
		case 'l':
			options.library = realpath(optarg, NULL);
			break;
		case 's':
			options.one = true;
			/* fall through */
		case 'f':
			options.first = strtoull(optarg, NULL, 10);
			break;
		case 'c':
			options.one = true;
			options.script = strcmp(optarg, "-") == 0 ? optarg : realpath(optarg, NULL);
			break;
		case 'p':
			options.programs = strtoul(optarg, NULL, 10);
			break;
		case 't':
			options.seconds = strtod(optarg, NULL);
			break;
		case 'j':
			options.jobs = strtoul(optarg, NULL, 10);
			break;
		case 'n':
			options.findings = strtoul(optarg, NULL, 10);
			break;
		case 'i':
			options.ignored = optarg;
			break;
		case 'P':
			options.print = true;
			break;
		case 'r':
			options.raw = true;
			break;
		case 'S':
			options.strict = true;
			break;
		case 'o':
			options.off = true;
			break;
		case 'v':
			options.verbose = true;
			break;
		default:
			exit(2);
		}
	}
	if (options.programs == 0)
		options.programs = options.seconds > 0 ? ULONG_MAX - JOBS_MOST : 1000;
	if (options.jobs < 1 || options.jobs > JOBS_MOST)
		options.jobs = 1;
	return options;
}

static void remove_folder(const char *folder)
{
	char command[300];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	if (chdir("/") != 0 || system(command) != 0)
		perror(folder);
}

int main(int count, char **arguments)
{
	struct options options;
	char folder[] = "/dev/shm/sqlprod-fuzz.XXXXXX";
	int status;

	if (count == 2 && strcmp(arguments[1], "--serve") == 0)
		return peer_serve();
	options = read_options(count, arguments);
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (options.print)
		return run_one(&options, ".");
	if (!options.library || !mkdtemp(folder)) {
		fprintf(stderr, "foreign_keys: --library FILE is needed, and /dev/shm\n");
		return 2;
	}
	status = options.one ? run_one(&options, folder) : run_jobs(&options, folder);
	remove_folder(folder);
	return status;
}
