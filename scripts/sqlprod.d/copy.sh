# copy.sh - makes a verified copy of a database under a temporary name, and gives it its own when it is on the disk.
# shellcheck shell=sh

# copy_begin FILE - sets copy_file to a new file in the folder of FILE, readable by this user alone, that goes when the shell ends.
copy_begin() {
	copy_file='' copy_messages='' copy_watcher='' copy_runner=''
	trap copy_end EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	copy_file=$(umask 077 && mktemp -- "$(dirname -- "$1")/.sqlprod-copy.XXXXXX") || fail 5 "$1: no permission to write its folder"
	case $copy_file in
		/*) ;;
		*) copy_file=$(pwd)/$copy_file ;;
	esac
	# elsewhere: the folder of the copy may be full
	copy_messages=$(umask 077 && mktemp 2>/dev/null) || copy_messages=$copy_file-messages
}

# A second signal would end it half way.
copy_end() {
	trap '' HUP INT TERM
	[ -z "$copy_watcher" ] || kill "$copy_watcher" 2>/dev/null
	# it would make the copy's files anew
	[ -z "$copy_runner" ] || { kill "$copy_runner" && wait "$copy_runner"; } 2>/dev/null
	[ -z "$copy_messages" ] || rm -f -- "$copy_messages"
	[ -z "$copy_file" ] || rm -f -- "$copy_file" "$copy_file-journal" "$copy_file-wal" "$copy_file-shm"
}

# On a terminal, how far the copy is: the shell's .backup says nothing.
copy_watch() (
	[ -t 2 ] || exit 0
	whole=$(($(file_size "$1") + $(file_size "$1-wal")))
	while sleep 1; do
		printf '\r%s%% ' $(($(file_size "$2") * 100 / (whole + 1))) >&2
	done
)

# copy_make DATABASE FILE - copies it as it is at one moment. The open read keeps that moment: without it a backup begins anew
# whenever another process commits (sqlite.org/backup.html). A signal ends "wait"; a command that the shell runs it would let end first.
copy_make() {
	copy_watch "$1" "$2" &
	copy_watcher=$!
	copy_run "$1" "$2" >"$copy_messages" 2>&1 &
	copy_runner=$!
	wait "$copy_runner"
	copy_status=$?
	copy_runner=
	copy_answer=$(cat -- "$copy_messages")
	kill "$copy_watcher" 2>/dev/null
	wait "$copy_watcher" 2>/dev/null
	copy_watcher=
	[ ! -t 2 ] || printf '\r     \r' >&2
	[ "$copy_status" -eq 0 ] || copy_fail "$1" "$copy_answer"
	copy_verify "$2" "$1"
}

# Runs in a process of its own, and becomes what copies.
copy_run() {
	export SQLPROD=off
	database_resolve "$1"
	command -v sqlite3 >/dev/null || copy_otherwise "$database_file" "$2"
	# The shell's dot commands take their argument in quotes, in which a backslash begins an escape.
	target=$(printf '%s.' "$2" | sed 's/["\\]/\\&/g')
	exec sqlite3 -batch -bail -noheader -list -init /dev/null -cmd '.timeout 30000' "$database_file" \
		'BEGIN' 'SELECT count(*) FROM sqlite_master' ".backup main \"${target%.}\"" 'COMMIT'
}

# copy_otherwise DATABASE FILE - where there is no sqlite3 shell: the library, run as a program beside libsqlite3, or the SQLite of Python
# or Node.
copy_otherwise() {
	libsqlite=$(database_libsqlite)
	[ -z "$libsqlite" ] || LD_PRELOAD=$libsqlite exec "$sqlprod_library" --backup "$@"
	! command -v python3 >/dev/null || exec python3 -IBc 'import sqlite3, sys
try:
    source = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
    source.execute("BEGIN")
    source.execute("SELECT count(*) FROM sqlite_master").fetchall()
    source.backup(sqlite3.connect(sys.argv[2]))
except sqlite3.Error as error:
    sys.exit("Error: %s" % error)' "$@"
	exec node --no-warnings -e 'const { DatabaseSync, backup } = require("node:sqlite");
		const refuse = (error) => { console.error("Error: " + error.message); process.exit(1); };
		if (!backup) refuse(new Error("this node is too old to copy a database: install sqlite3"));
		try {
			const db = new DatabaseSync(process.argv[1]);
			db.exec("PRAGMA busy_timeout=30000; BEGIN; SELECT count(*) FROM sqlite_master");
			backup(db, process.argv[2], { rate: 2147483647 }).catch(refuse);
		} catch (error) {
			refuse(error);
		}' "$@"
}

# copy_verify FILE OF - its header says rollback journal afterwards, so that any reader can open it.
copy_verify() {
	copy_answer=$(database_ask "$1" 'PRAGMA journal_mode=DELETE; PRAGMA integrity_check;' 2>&1) || copy_fail "$2" "$copy_answer"
	case $copy_answer in
		'delete
ok') ;;
		*) fail 9 "$2: it is damaged: $(printf '%s\n' "$copy_answer" | sed -n 2p)" ;;
	esac
}

copy_fail() {
	case $2 in
		*'is locked'* | *'(5)'*) fail 8 "$1: stayed locked for 30 s; see who holds it: sqlprod locks $1" ;;
		*'not a database'*) fail 6 "$1: not a SQLite database, or an encrypted one" ;;
		*malformed*) fail 9 "$1: it is damaged" ;;
		*readonly* | *'unable to open'* | *'cannot open'*) fail 5 "$1: no permission to read it, or to write its -shm" ;;
		*full*) fail 13 "the disk is full" ;;
		*) fail 13 "$1: $(printf '%s\n' "$2" | sed -n 's/.*[Ee]rror[^:]*: //p' | sed -n 1p)" ;;
	esac
}

# copy_like FILE COPY - the same mode and, as far as this user may, the same owner.
copy_like() {
	chown -- "$(stat -Lc %u:%g -- "$1")" "$2" 2>/dev/null || chgrp -- "$(stat -Lc %g -- "$1")" "$2" 2>/dev/null
	chmod -- "$(stat -Lc %a -- "$1")" "$2"
}

# copy_publish FILE - the copy gets its name once it is on the disk.
copy_publish() {
	sync -- "$copy_file" 2>/dev/null || sync
	mv -f -- "$copy_file" "$1" || fail 13 "$1: cannot be written"
	copy_file=
	sync -- "$(dirname -- "$1")" 2>/dev/null || sync
}
