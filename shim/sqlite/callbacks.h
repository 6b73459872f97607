/* callbacks.h - the callbacks that a program may set on a connection. */
#ifndef SQLPROD_SQLITE_CALLBACKS_H
#define SQLPROD_SQLITE_CALLBACKS_H

#include <sqlite3.h>
#include <stdbool.h>

/* The program's callbacks in a connection, kept while the library replaces them for a statement of its own, and then restored. */
struct busy_callback {
	int (*handler)(void *, int); /* the program's own, NULL if it has none */
	void *argument;
	int timeout;  /* milliseconds, where there is no handler */
	int asked;    /* what the program asked for: less where the recipe's floor holds */
	int own;      /* the same, also where the operator's is in force: how long it would wait without the library */
	bool unknown; /* the connection was adopted: the program may have set a handler before */
};

struct authorizer_callback {
	int (*authorizer)(void *, int, const char *, const char *, const char *, const char *);
	void *argument;
};

struct hook_callbacks {
	int (*commit)(void *);
	void *commit_argument;
	void (*rollback)(void *);
	void *rollback_argument;
	int (*progress)(void *);
	void *progress_argument;
	int progress_steps;
	unsigned char trace_mask; /* of trace and profile, while they are silenced; 0 if they are not */
};

struct trace_callback {
	int (*trace_v2)(unsigned, void *, void *, void *);
	void (*trace)(void *, const char *);
	void *argument;
	unsigned mask;
	bool is_ours; /* SQLite has one of ours in its place */
	void (*profile)(void *, const char *, sqlite3_uint64);
	void *profile_argument;
	bool profile_is_last; /* it was set after the other; either may end the other, by the version of SQLite */
};

#endif
