/* script.c - finds the script that an interpreter runs.
 *
 * "python3 -W ignore -m gunicorn app" is known to its operator as gunicorn. The first argument that is neither an option nor an
 * option's value is the script; what has a value differs from interpreter to interpreter. */
#include "base/script.h"

#include <string.h>

/* Arrays in place of pointers: the loader would relocate each pointer in every process under the preload. */
struct interpreter {
	char name[8];     /* the program's, before its version */
	char valued[8];   /* letters of options with a value, attached or as the next argument */
	char rest[12];    /* letters of options whose value can only be attached */
	char script[4];   /* letters of options whose value is the script */
	char module[4];   /* letters of options whose value is a module */
	char code[8];     /* letters of options whose value is code, so that there is no script */
	char words[200];  /* options by words, value in the next argument; "+word" for one whose value is the script */
	char command[16]; /* commands that may precede the script */
};

#define NODE_WORDS                                                                                                                 \
	" --require --import --loader --experimental-loader --conditions --env-file --env-file-if-exists --title --icu-data-dir "  \
	"--openssl-config "

static const struct interpreter interpreters[] = {
	{"python", "WX", "", "", "m", "c", " --check-hash-based-pycs ", ""},
	{"pypy", "WX", "", "", "m", "c", "", ""},
	{"node", "rC", "", "", "", "ep", NODE_WORDS, ""},
	{"nodejs", "rC", "", "", "", "ep", NODE_WORDS, ""},
	{"ruby", "CEIr", "0FKTWix", "", "", "e", " --encoding --external-encoding --internal-encoding ", ""},
	{"perl", "I", "CDFMVimx", "", "", "eE", "", ""},
	{"php", "cdStz", "", "fF", "", "rBRE", " --define --php-ini --docroot --server +--file +--process-file ", ""},
	{"lua", "el", "", "", "", "", "", ""},
	{"luajit", "Oel", "bj", "", "", "", "", ""},
	{"tclsh", "", "", "", "", "", " -encoding ", ""},
	{"guile", "LCe", "", "sl", "", "c", "", ""},
	{"java", "", "", "", "", "",
	 " -cp -classpath --class-path -p --module-path --upgrade-module-path --add-modules --add-opens --add-exports --add-reads "
	 "+-jar +-m +--module ",
	 ""},
	{"mono", "", "", "", "", "", " --config ", ""},
	{"dotnet", "", "", "", "", "", " --additionalprobingpath --additional-deps --depsfile --runtimeconfig --fx-version ",
	 " exec "},
	{"deno", "c", "", "", "", "", " --config --import-map --lock --env-file ", " run serve "},
	{"bun", "rc", "", "", "", "ep", " --preload --require --config --cwd --env-file ", " run exec "},
};

static const struct interpreter *interpreter_find(const char *program)
{
	for (size_t i = 0; i < sizeof(interpreters) / sizeof(interpreters[0]); i++) {
		const char *rest = program + strlen(interpreters[i].name);

		if (strncmp(program, interpreters[i].name, strlen(interpreters[i].name)) == 0 &&
		    !((*rest >= 'a' && *rest <= 'z') || *rest == '_'))
			return &interpreters[i];
	}
	return NULL;
}

/* The place of a word in a list " a b c "; NULL if it is not in it. */
static const char *word_find(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = list; length && (at = strstr(at, word)) != NULL; at++) {
		if (at > list && (at[-1] == ' ' || at[-1] == '+') && at[length] == ' ')
			return at;
	}
	return NULL;
}

enum option { OPTION_ALONE, OPTION_VALUED, OPTION_SCRIPT, OPTION_MODULE, OPTION_CODE };

/* What an argument that begins with a dash is. *value: what is attached to it, "" if its value is the next argument. */
static enum option option_read(const struct interpreter *interpreter, const char *argument, const char **value)
{
	const char *word = word_find(interpreter->words, argument);

	*value = "";
	if (word)
		return word[-1] == '+' ? OPTION_SCRIPT : OPTION_VALUED;
	if (argument[1] == '-')
		return strcmp(argument, "--eval") == 0 || strcmp(argument, "--print") == 0 ? OPTION_CODE : OPTION_ALONE;
	for (const char *letter = argument + 1; *letter; letter++) {
		*value = letter + 1;
		if (strchr(interpreter->code, *letter))
			return OPTION_CODE;
		if (strchr(interpreter->module, *letter))
			return OPTION_MODULE;
		if (strchr(interpreter->script, *letter))
			return OPTION_SCRIPT;
		if (strchr(interpreter->valued, *letter))
			return OPTION_VALUED;
		if (strchr(interpreter->rest, *letter))
			break;
	}
	return OPTION_ALONE;
}

const char *script_find(const char *program, const char *arguments, size_t length, bool *module)
{
	const struct interpreter *interpreter = interpreter_find(program);
	const char *end = arguments + length, *at = arguments, *value;
	enum option wanted = OPTION_ALONE; /* what the next argument is the value of */
	bool options = true;

	*module = false;
	if (!interpreter || !length || end[-1])
		return NULL;
	while ((at += strlen(at) + 1) < end) {
		if (wanted == OPTION_VALUED) {
			wanted = OPTION_ALONE;
			continue;
		}
		if (wanted == OPTION_SCRIPT || wanted == OPTION_MODULE)
			break;
		if (!options || at[0] != '-' || !at[1]) {
			if (!word_find(interpreter->command, at))
				break;
			continue;
		}
		if (strcmp(at, "--") == 0) {
			options = false;
			continue;
		}
		wanted = option_read(interpreter, at, &value);
		if (wanted == OPTION_CODE)
			return NULL;
		if (wanted != OPTION_ALONE && *value) {
			at = value;
			if (wanted != OPTION_VALUED)
				break;
			wanted = OPTION_ALONE;
		}
	}
	*module = wanted == OPTION_MODULE;
	return at < end && strcmp(at, "-") != 0 && *at ? at : NULL;
}
