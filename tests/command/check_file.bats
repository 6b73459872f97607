# sqlprod check FILE: what a database file is like, looked at from outside.
load sqlprod

value() {
	records "$1" 2
}

@test "check describes a WAL database" {
	sqlite3 a.db 'PRAGMA page_size=65536; PRAGMA journal_mode=wal; CREATE TABLE t(a)' >/dev/null
	run_app "$sqlprod" check a.db
	[[ $(value database) == "$PWD/a.db" && $(value journal_mode) == wal && $(value page_size) == 65536 ]]
	[[ $(value size) == "$(stat -c %s a.db)" && $(value written_by) == "$(sqlite3 :memory: 'SELECT sqlite_version()')" ]]
	[[ $(records filesystem 3) == local ]]
	expect_quiet
}

@test "check describes a rollback database and an empty one" {
	sqlite3 a.db 'PRAGMA page_size=1024; CREATE TABLE t(a)'
	: >empty.db
	run_app "$sqlprod" check a.db empty.db
	[[ $(value journal_mode) == $'rollback\nnone yet: the file is empty' ]]
	[[ $(value page_size) == 1024 ]]
	[[ -z $(value advisory) ]]
	run_app "$sqlprod" check --json --integrity empty.db
	jq -e '.size == 0' <<<"$output"
}

@test "check describes a database in use with its -wal and -shm, and drops no lock" {
	make_wal a.db
	barrier_make "$PWD/held"
	start_plain holder victim 'open a a.db' 'exec a BEGIN IMMEDIATE' 'exec a INSERT INTO t VALUES (2)' "barrier $PWD/held" 'exec a COMMIT'
	barrier_meet held
	run_app "$sqlprod" check --integrity a.db
	[[ $(value wal_size) =~ ^[0-9]+$ && $(value shm_size) == 32768 && $(value integrity) == ok ]]
	[[ $(outside_lock a.db) == held ]]
	barrier_leave held
	finish "$started" holder
	expect_line 'exec 0' || [[ $output == *'exec 0'* ]]
}

@test "check says that a copy lacks what is in the -wal, in use or left by a killed program" {
	make_wal a.db
	run_app "$sqlprod" check a.db
	[[ $output != *'a.db-wal holds rows'* ]]
	start_plain killed victim 'open a a.db' 'exec a INSERT INTO t VALUES (2)' 'sh kill -KILL $PPID'
	wait "$started" || true
	run_app "$sqlprod" check a.db
	[[ $(value advisory) == *'a.db-wal holds rows that a.db may not have yet: copy them by sqlprod backup'* ]]
}

@test "check reports a hot journal" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	barrier_make "$PWD/held"
	start_plain holder victim 'open a a.db' 'exec a BEGIN IMMEDIATE' 'exec a INSERT INTO t VALUES (2)' "barrier $PWD/held"
	barrier_meet held
	run_app "$sqlprod" check a.db
	[[ $(value advisory) == 'a.db-journal exists: '* && $(value journal_size) -gt 0 ]]
	barrier_leave held
	finish "$started" holder
}

@test "check --json of a file says the same" {
	make_wal a.db
	run_app "$sqlprod" check --json --integrity a.db
	jq -e --arg file "$PWD/a.db" '.database == $file and .journal_mode == "wal" and .page_size == 4096 and .size == 8192
		and .integrity == "ok" and .shared == false and (.advisories | type) == "array"' <<<"$output"
	name=$'new\nline\ttab"\\.db'
	make_wal "$name"
	run_app "$sqlprod" check --json "$name" a.db
	[[ $(
		jq -r .database <<<"${lines[0]}"
		echo x
	) == "$PWD/$name"$'\nx' ]]
	[[ ${#lines[@]} -eq 2 ]]
}

@test "check --integrity exits with 9 for a damaged database" {
	sqlite3 a.db 'CREATE TABLE t(a); CREATE INDEX i ON t(a);
		WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n LIMIT 2000) INSERT INTO t SELECT i FROM n'
	dd if=/dev/urandom of=a.db bs=4096 seek=3 count=2 conv=notrunc status=none
	run_app 0 "$sqlprod" check a.db
	run_app 9 "$sqlprod" check --integrity a.db
	[[ $(value integrity) != ok ]]
	run_app 9 "$sqlprod" check --json --integrity a.db
	jq -e '.integrity != "ok"' <<<"$output"
}

@test "check --integrity exits with 8 for a database that is locked exclusively" {
	sqlite3 a.db 'CREATE TABLE t(a)'
	barrier_make "$PWD/held"
	start_plain holder victim 'open a a.db' 'exec a BEGIN EXCLUSIVE' "barrier $PWD/held"
	barrier_meet held
	run_app 8 "$sqlprod" check --integrity a.db
	run_app 0 "$sqlprod" check a.db
	barrier_leave held
	finish "$started" holder
}

@test "check changes nothing" {
	make_wal a.db
	sqlite3 b.db 'CREATE TABLE t(a)'
	before=$(md5sum a.db b.db)
	run_app "$sqlprod" check a.db b.db
	[[ $(md5sum a.db b.db) == "$before" && $(ls) == $'a.db\nb.db' ]]
	run_app "$sqlprod" check --integrity b.db
	[[ $(md5sum a.db b.db) == "$before" && $(ls) == $'a.db\nb.db' ]]
	[[ $(outside_pragma a.db journal_mode) == wal && $(outside_pragma b.db journal_mode) == delete ]]
}

@test "bad input of check gives one line and its own exit status" {
	run_app 4 "$sqlprod" check nothing.db
	expect_refused 'nothing.db: no such file'
	run_app 4 "$sqlprod" check ''
	expect_refused "the file's name is empty"
	run_app 7 "$sqlprod" check .
	expect_refused '.: is a folder'
	run_app 7 "$sqlprod" check /dev/null
	expect_refused '/dev/null: is not a regular file'
	echo 'SQLite format 2 is not it' >text
	run_app 6 "$sqlprod" check text
	expect_refused 'text: not a SQLite database, *'
	printf x >short
	run_app 6 "$sqlprod" check short
	head -c 100 /dev/urandom >noise
	run_app 6 "$sqlprod" check --json noise
	expect_refused 'noise: not a SQLite database, *'
}

@test "check without permission exits with 5" {
	need_root
	make_wal a.db
	chmod 600 a.db
	as_nobody 5 "$sqlprod" check a.db
	expect_refused 'a.db: no permission to read it'
}

@test "check describes a truncated header as far as it goes, or refuses it, and does not crash" {
	make_wal a.db
	for bytes in 15 16 17 18 20 60 99 100; do
		head -c $bytes a.db >cut.db
		run_app any "$sqlprod" check --integrity cut.db
		[[ $status -eq 0 || $status -eq 6 || $status -eq 9 || $status -eq 5 ]]
		[[ $(grep -c . <<<"$stderr") -le 1 ]]
	done
}

# A command whose library sees NFS here, or the filesystem of this f_type.
command_on_nfs() {
	mkdir bin
	ln -s "$(readlink -f "${sqlprod%/*}/$(sed -n 's/^sqlprod_parts_at=//p' "$sqlprod")")" bin/parts
	printf '#!/bin/sh\nexport LD_PRELOAD=%s FAKE_STATFS_FOLDER=%s FAKE_STATFS_TYPE=%s FAKE_MOUNTINFO=/nowhere\nexec %s "$@"\n' \
		"$build/programs/fake_statfs.so" "$PWD" "${1-0x6969}" "$library" >bin/library
	sed 's|^sqlprod_library_at=.*|sqlprod_library_at=library|; s|^sqlprod_parts_at=.*|sqlprod_parts_at=parts|' "$sqlprod" >bin/sqlprod
	chmod +x bin/library bin/sqlprod
}

@test "check warns of a shared filesystem, more strongly if WAL is used" {
	command_on_nfs
	sqlite3 a.db 'CREATE TABLE t(a)'
	run_app bin/sqlprod check a.db
	[[ $(records filesystem 2 3) == 'nfs shared' && $(value advisory) == 'a.db is on a shared filesystem: '* ]]
	make_wal b.db
	run_app bin/sqlprod check b.db
	[[ $(value advisory) == *'b.db uses WAL on a shared filesystem, '* ]]
	run_app "$sqlprod" check a.db
	[[ $(records filesystem 3) == local && -z $(value advisory) ]]
}

@test "check warns of a filesystem that cannot be determined" {
	command_on_nfs 0x1234567
	make_wal a.db
	run_app bin/sqlprod check a.db
	[[ $(value advisory) == *'the filesystem of a.db cannot be determined and is treated as a local disk; '* ]]
	run_app "$sqlprod" check a.db
	[[ $(value advisory) != *'cannot be determined'* ]]
}

@test "check of a file prints readable lines to a terminal" {
	make_wal a.db
	run_on_terminal 0 env TERM=dumb "$sqlprod" check a.db
	[[ $output == *'journal mode   wal'* && $output != *$'\t'* ]]
}
