#!/bin/bash
# sqlite3's own shell: BEGIN in a script on its standard input. $1: the database.
set -o pipefail
{
	printf '%s\n' '.mode line' 'CREATE TABLE IF NOT EXISTS t(a);' 'BEGIN;' 'SELECT count(*) AS rows FROM t;' '.print ready'
	read -r _
	for name in journal_mode synchronous busy_timeout foreign_keys temp_store mmap_size journal_size_limit cache_size; do
		echo "PRAGMA $name;"
	done
	printf '%s\n' 'SELECT sqlite_version() AS sqlite;' 'SELECT sqlite_version() AS version;' 'COMMIT;'
} | sqlite3 -bail "$1" | sed -nu 's/^ *timeout = /busy_timeout = /; s/^ *\([a-z_]*\) = /\1=/; /^rows=/d; /./p'
