/* connection.h - the record of an open handle.
 *
 * Hooks and embedded copies look the record up for each call. Every member but db, chain, interest, file and shared_cache is read
 * and changed under the connection's own mutex (sqlite3_db_mutex; a connection without one is used by one thread at a time, as
 * SQLite demands). */
#ifndef SQLPROD_CONNECTION_CONNECTION_H
#define SQLPROD_CONNECTION_CONNECTION_H

#include "base/settings.h"
#include "fs/storage.h"
#include "sql/statement.h"
#include "sqlite/callbacks.h"
#include "sqlite/flag_bits.h"
#include "sqlite/sqlite.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

enum decider { DECIDED_BY_NOBODY, DECIDED_BY_RECIPE, DECIDED_BY_OPERATOR, DECIDED_BY_PROGRAM };

#define VALUE_UNKNOWN INT64_MIN

/* The result of one setting. */
struct outcome {
	enum decider by;
	int64_t wanted, got; /* in the setting's own unit, or the index of its word */
	const char *reason;  /* a constant: why got is not wanted, or why it was not set; NULL if got is wanted */
};

/* A statement, and how many rows it had read when it was last asked. */
struct scanning_statement {
	const sqlite3_stmt *stmt;
	unsigned scanned;
};

/* foreign_keys by recipe: policy/foreign_keys.h. */
struct foreign_keys {
	bool ours;           /* on by recipe, so that each compile is decided on */
	bool guarded;        /* our authorizer stays, whether the program has one or not */
	bool defers;         /* orphans may wait for COMMIT */
	bool program_defers; /* the program wants that, until the flag is cleared: what PRAGMA defer_foreign_keys tells */
	bool rolled_back;    /* we rolled the program's transaction back, and its own ROLLBACK may come: foreign_keys_commit.h */
	bool has_returning;  /* a statement that writes and has rows was compiled */
	bool prepares_once;  /* the statement at hand is one of sqlite3_prepare() */
	bool miscounts;      /* a statement was compiled without: orphans may be counted that are none any more */
	int64_t made;        /* orphans that a statement outside of a transaction had made when it gave the write lock back */

	/* What the connection's flag says between the program's calls: on, as a rule. Off until the write lock is next taken, after
	 * a compile that no hook saw begin; or until the program's next call. Or off, and our authorizer aside, while a statement
	 * is compiled where no table has foreign keys: foreign_keys_unkeyed.h */
	enum { FOREIGN_KEYS_LEFT_ON, FOREIGN_KEYS_OFF_UNTIL_LOCK, FOREIGN_KEYS_OFF_UNTIL_CALL, FOREIGN_KEYS_OFF_UNKEYED } left;
	const struct schema_keys *_Atomic schema_keys; /* of its copy; NULL while that is not known */
	atomic_uint compiles;                          /* that were seen before it was to be known */

	const struct foreign_key_bits *bits; /* where the flags are */
	struct foreign_key_watch *watch;     /* the compile of the program's call that is under way; NULL if there is none */
	struct foreign_key_watch *compiled;  /* … in the record's own memory, unless it is inside of another */

	/* Of the transaction that has the write lock: foreign_keys_bulk.h */
	struct scanning_statement scanning[8];
	unsigned scanned;    /* rows, while orphans waited */
	bool moves;          /* what waits is moved */
	int64_t old_orphans; /* how many there were before it */

	struct foreign_key_watch *attempt; /* for a compile that foreign_keys_attempt.h watches: the record's own memory */
	struct known_harm *harm;           /* foreign_keys_harm.h; goes with the record, as harm_lengths and harm_ended */
	_Atomic uint64_t harm_lengths;     /* bits for the lengths of the texts in it */
	struct known_updates *updates;     /* foreign_keys_update.h; the same */
	bool harm_wanted;                  /* there is something to be kept, and no place for it yet */
	bool harm_ended;                   /* the program sets the number that tells schemas apart */
	const char *inserted; /* SQLite's name of the table that it inserts into, until it is asked about anything else */
};

/* How far the connection has come with its settings. */
enum setup {
	SETUP_OPENING, /* inside sqlite3_open*(): automatic extensions of the program may decide, and nothing is applied yet */
	SETUP_OPENED,  /* what needs no file is applied; first use is to come */
	SETUP_DONE,    /* all is applied */
	SETUP_RECHECK, /* the same, but the journal mode may have changed: does synchronous still fit? */
};

/* How the program's calls and statements are seen. */
enum reached {
	REACHED_BY_HOOKS,     /* of a SQLite whose functions are interposed: statements are seen before they are compiled */
	REACHED_ADOPTED,      /* … after it was opened out of our sight, where it may be used still */
	REACHED_EMBEDDED,     /* of an embedded copy: statements are seen only when they run */
	REACHED_NOT_UPGRADED, /* … and its BEGIN cannot be upgraded */
};

/* What the program may have done on the connection before it was seen: unseen.h */
enum unseen {
	UNSEEN_NOTHING,
	UNSEEN_STATEMENTS, /* it may have run statements */
	UNSEEN_SETTINGS,   /* … and has set something by them */
};

/* Are other databases attached? attached.h */
enum attached {
	ATTACHED_NONE,
	ATTACHED_UNCHECKED, /* an ATTACH was seen, and no BEGIN since has examined what it attached */
	ATTACHED_CHECKED,
};

/* What becomes of temp_store and mmap_size by recipe: temp_memory.h */
enum temp_storage {
	TEMP_AS_SET,    /* they are as the settings say */
	TEMP_IN_FILES,  /* temporary storage is in files, or the database is not mapped, while a statement needs much */
	TEMP_UNCHECKED, /* they are as set, though a statement may be kept that needs much */
};

/* What connections of the process may have in common: registry_visit_peers() */
enum peers {
	PEERS_BY_FILE,  /* SQLite's file object: they share a cache */
	PEERS_BY_INODE, /* … the file */
	PEERS_KINDS,
};

struct connection {
	/* Read without a lock. The first three are kept when the record is reused: registry.c */
	struct connection *every;
	struct connection *_Atomic chain;
	sqlite3 *_Atomic db;
	atomic_uint interest;              /* bit n: a statement with that statement_first_letter() must be read; INTEREST_… */
	sqlite3_file *_Atomic file;        /* SQLite's, of the main database: connections that share a cache share it */
	atomic_bool shared_cache;          /* others find out too: same_file.c */
	atomic_bool in_two_copies;         /* the same: another copy of SQLite in this process has the file open */
	atomic_bool heap_unchecked;        /* a limit on SQLite's heap was set since it was looked at: heap_limit.h */
	atomic_bool sets_rollback_journal; /* the program's last PRAGMA journal_mode: rollback_journal.h */
	dev_t device;                      /* of the main database's file; set before inode */
	_Atomic(ino_t) inode;              /* 0 if there is none */

	const struct sqlite *sqlite;
	uint64_t serial;
	pid_t pid;    /* of the process that opened it: a forked child does not report it */
	char *path;   /* absolute; "" for in-memory and temporary databases */
	bool closing; /* sqlite3_close() is about to be called: under the registry's lock */
	struct {
		struct connection *previous, *next;
		uint64_t key;                     /* 0 while it is not in the list */
	} peers[PEERS_KINDS];                     /* the same: registry.c */
	struct file_shim *_Atomic shim;           /* over that file's methods; NULL if there is none */
	struct busy_unshimmed *_Atomic unshimmed; /* how it waits then: busy_unshimmed.h; goes with the record */

	enum unseen unseen;
	enum reached reached;
	const char *passthrough; /* a constant: why everything passes through; NULL if it does not */
	int64_t written_at;      /* when its sums were last written while it stays open: report.c */
	uint64_t reported;       /* what the last line of an open connection said: report.c */
	bool report_done;        /* no report line is due: the open failed, or the line was written */
	struct storage storage;  /* what its file lies on, as it was last looked at; zeroed where there is no file */
	enum attached attached;
	bool key_pending; /* a key was given, and no statement has used it yet */
	bool unreadable;  /* at first use: no database, or encrypted and without its key */
	enum setup setup;
	bool exclusive;       /* the program's last PRAGMA locking_mode was EXCLUSIVE */
	bool page_size_set;   /* PRAGMA page_size was accepted, and no VACUUM was seen since */
	bool query_only;      /* PRAGMA query_only was used: ask SQLite before each BEGIN */
	bool empty_results;   /* PRAGMA empty_result_callbacks was used: ask SQLite where sqlite3_exec() returns no row */
	int64_t wal_retry_at; /* when to try the switch to WAL again: CLOCK_MONOTONIC in milliseconds; 0 for never */
	uint8_t wal_refusals; /* how often a busy database refused the switch, as far as that decides when it is tried again */

	enum temp_storage temp_storage;
	uint64_t begin_free_at; /* registry_newest() when a BEGIN last met no obstacle: begin_again() */
	bool first_awaited;     /* a BEGIN was made immediate, and no statement was seen since */

	struct foreign_keys foreign_keys;

	struct busy_callback busy;
	struct authorizer_callback authorizer;
	struct trace_callback trace;
	struct hook_callbacks hooks;
	void *embedded_state;                   /* embedded_statement.h; goes with the record */
	const struct callback_offsets *offsets; /* where to read these; NULL where the program's calls are seen: callbacks.h */
	bool pragma_ignored;                    /* the program's authorizer has let a PRAGMA do nothing, or rollback_journal.h */
	/* That which is compiled now, of a journal mode; kept: by sqlite3_step(), again. rollback_attached.h */
	enum { PRAGMA_IS_KEPT, PRAGMA_NAMES_NONE, PRAGMA_NAMES_SCHEMA } pragma_names;
	int rolled_back; /* the error by which a statement of ours ended the program's transaction; SQLITE_OK if none did */
	const sqlite3_backup *backup_onto; /* a backup onto its main database, which is memory: hook_backup.c */
	unsigned callbacks_suspended;      /* nesting of callbacks_suspend() */
	bool suspended_deferred;           /* PRAGMA defer_foreign_keys was on then */
	bool suspended_inside;             /* … inside a transaction */
	void (*statement_starts)(struct connection *connection, sqlite3_stmt *stmt, const char *sql); /* trace_watch() */

	struct outcome outcomes[SETTING_APPLIED_COUNT];
	unsigned begins_rewritten, begins_not_upgraded;
	const char *begins_not_upgraded_reason; /* of the last one */
};

/* Is it of an embedded copy? */
static inline bool connection_is_embedded(const struct connection *connection)
{
	return connection->reached >= REACHED_EMBEDDED;
}

/* Is all applied that is applied at first use? */
static inline bool connection_is_set_up(const struct connection *connection)
{
	return connection->setup >= SETUP_DONE;
}

/* NULL if the copy lacks a function to get, take or release it. Not kept: the program may have closed the handle out of our sight,
 * and got another one at its address. */
static inline sqlite3_mutex *connection_mutex(const struct connection *connection)
{
	const struct sqlite *sqlite = connection->sqlite;

	return sqlite->db_mutex && sqlite->mutex_enter && sqlite->mutex_leave ? sqlite->db_mutex(connection->db) : NULL;
}

/* SQLite's own mutex of the connection; recursive, nothing where the copy or the connection has none. */
static inline void connection_lock(const struct connection *connection)
{
	sqlite3_mutex *mutex = connection_mutex(connection);

	if (mutex)
		connection->sqlite->mutex_enter(mutex);
}

static inline void connection_unlock(const struct connection *connection)
{
	sqlite3_mutex *mutex = connection_mutex(connection);

	if (mutex)
		connection->sqlite->mutex_leave(mutex);
}

/* In interest: one that begins with these letters, and may write, need not be read; it is attempted (foreign_keys_attempt.h). */
#define INTEREST_ATTEMPT (1u << 31)
/* In interest: nothing waits for the next statement, whichever it is, or for its end. */
#define INTEREST_QUIET (1u << 30)
#define LETTER_NUMBER(c) ((unsigned)((c) - 'a' + 1))
#define LETTER(c) (1u << LETTER_NUMBER(c))
#define LETTERS_OF_WRITES (LETTER('d') | LETTER('i') | LETTER('r') | LETTER('u') | LETTER('w'))

/* Sets interest from the record's state. */
void connection_update_interest(struct connection *connection);

/* From any thread: the next statement is read, as the program has set a limit on SQLite's heap (heap_limit.h). */
void connection_check_heap(struct connection *connection);

/* Must a statement with that first letter be read? For any thread. */
static inline bool connection_reads(const struct connection *connection, unsigned first_letter)
{
	return atomic_load_explicit(&connection->interest, memory_order_acquire) >> first_letter & 1;
}

/* Frees what the record owns; the registry calls it under its lock. */
void connection_release(struct connection *connection);

#endif
