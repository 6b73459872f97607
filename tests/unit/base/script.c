/* script.c - which script an interpreter's command line runs. */
#include "base/script.h"

#include "../check.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What /proc/self/cmdline has, with | for NUL, without the last one; what is found, NULL for nothing; a module begins with a colon.
 */
static const struct {
	const char *program, *arguments, *found;
} cases[] = {
	{"python3.11", "python3|nightly", "nightly"},
	{"python3", "/usr/bin/python3|/srv/nightly|--all", "/srv/nightly"},
	{"python3", "python3|-W|ignore|-Xdev|-B|app.py", "app.py"},
	{"python3", "python3|-Wignore|app.py", "app.py"},
	{"python3", "python3|--check-hash-based-pycs|never|app.py", "app.py"},
	{"python3", "python3|-m|gunicorn|app:app", ":gunicorn"},
	{"python3", "python3|-mgunicorn|app:app", ":gunicorn"},
	{"python3", "python3|-Bm|http.server", ":http.server"},
	{"python3", "python3|-c|import x|app.py", NULL},
	{"python3", "python3|-Bc|import x", NULL},
	{"python3", "python3", NULL},
	{"python3", "python3|-", NULL},
	{"python3", "python3|-m", NULL},
	{"python3", "python3|-W", NULL},
	{"python3", "python3|--|-odd.py", "-odd.py"},
	{"pypy3.10", "pypy3|app.py", "app.py"},
	{"node", "node|server.js", "server.js"},
	{"node", "node|-r|dotenv/config|--max-old-space-size=4096|server.js", "server.js"},
	{"node", "node|--require|a|--import=b|--env-file|.env|server.js", "server.js"},
	{"node", "node|-pe|1|server.js", NULL},
	{"node", "node|--eval|1|server.js", NULL},
	{"nodejs", "nodejs|server.js", "server.js"},
	{"node_exporter", "node_exporter|web", NULL},
	{"ruby3.1", "ruby|-I|lib|-rset|-W0|bin/rails|server", "bin/rails"},
	{"ruby", "ruby|-Ilib|-e|1", NULL},
	{"ruby", "ruby|-S|rake|db", "rake"},
	{"perl", "perl|-I|lib|-MData::Dumper|-w|nightly.pl", "nightly.pl"},
	{"perl", "perl|-lne|print|nightly", NULL},
	{"perl", "perl|-i.bak|x.pl", "x.pl"},
	{"php8.2", "php|-d|a=b|artisan|queue:work", "artisan"},
	{"php8.2", "php|-f|artisan", "artisan"},
	{"php8.2", "php|-S|localhost:80|-t|public|router.php", "router.php"},
	{"php8.2", "php|-r|1;", NULL},
	{"lua5.4", "lua|-e|x=1|-l|lib|job.lua", "job.lua"},
	{"tclsh8.6", "tclsh|job.tcl", "job.tcl"},
	{"java", "java|-Xmx1g|-cp|a:b|-jar|shop.jar|x", "shop.jar"},
	{"java", "java|-cp|a:b|com.example.Main", "com.example.Main"},
	{"dotnet", "dotnet|exec|--depsfile|x|shop.dll", "shop.dll"},
	{"deno", "deno|run|-A|job.ts", "job.ts"},
	{"bun", "bun|run|job.ts", "job.ts"},
	{"sqlite3", "sqlite3|nightly", NULL},
	{"javac", "javac|A.java", NULL},
	{"", "", NULL},
	{"python3", "", NULL},
};

static void test_case(const char *program, const char *text, const char *wanted)
{
	char arguments[200];
	size_t length = *text ? strlen(text) + 1 : 0;
	bool module;
	const char *found;

	memcpy(arguments, text, length);
	for (size_t i = 0; i < length; i++)
		arguments[i] = arguments[i] == '|' ? '\0' : arguments[i];
	found = script_find(program, arguments, length, &module);
	check(!found == !wanted && (!found || strcmp(found, wanted + (*wanted == ':')) == 0), "%s finds %s, wanted %s", text,
	      found ? found : "nothing", wanted ? wanted : "nothing");
	check(!found || module == (*wanted == ':'), "%s: a module or not", text);
}

int main(void)
{
	bool module;

	for (size_t i = 0; i < COUNT(cases); i++)
		test_case(cases[i].program, cases[i].arguments, cases[i].found);
	/* cut, so that the last argument has no end */
	check(!script_find("python3", "python3\0nightl", 14, &module), "a command line without an end");
	return check_end();
}
