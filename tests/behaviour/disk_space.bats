# A database is switched to WAL only if WAL works there: there is space for the -wal, and the -shm can be created.
load ../harness/harness

make_database() {
	rm -rf t.db*
	observer query t.db 'CREATE TABLE t(x); INSERT INTO t VALUES(1)'
}

write_and_read=('open a t.db' 'exec a SELECT count(*) FROM t' 'exec a BEGIN' 'exec a INSERT INTO t VALUES(2)' 'exec a COMMIT'
	'exec a SELECT count(*) FROM t' 'exec a PRAGMA main.locking_mode' 'exec a PRAGMA journal_mode')
written=$'open 0\n1\nexec 0\nexec 0\nexec 0\nexec 0\n2\nexec 0\nnormal\nexec 0\ndelete\nexec 0'

# What cannot be used as that file even by root, who could write any file.
make_unusable() {
	mkdir "t.db-$1"
}

@test "without the library a database whose -shm cannot be created is read and written with a rollback journal" {
	make_database
	make_unusable shm
	run_plain victim "${write_and_read[@]}"
	expect "$written"
}

@test "a switch to WAL by hand makes a database unusable whose -shm cannot be created" {
	make_database
	make_unusable shm
	run_plain victim 'open a t.db' 'exec a PRAGMA journal_mode=wal' 'exec a INSERT INTO t VALUES(2)'
	expect_line 'exec 8 attempt to write a readonly database'
}

@test "a database whose -shm cannot be created keeps its rollback journal, and the report says why" {
	for wait in fair sqlite; do
		make_database
		make_unusable shm
		SQLPROD_BUSY_WAIT=$wait SQLPROD_REPORT=$scratch/$wait.json run_shim victim "${write_and_read[@]}" 'close a'
		expect "$written"$'\nclose 0'
		expect_quiet
		[[ $(report "$scratch/$wait.json" settings journal_mode reason) == *'-shm'* ]]
		rmdir t.db-shm
		[[ $(outside_pragma t.db journal_mode) == delete && $(outside_pragma t.db integrity_check) == ok ]]
		[[ $(outside_lock t.db) == free ]]
	done
}

@test "a database with a left-over -wal that is not readable keeps its rollback journal" {
	need_root
	chmod 755 "$scratch"
	chmod 777 .
	make_database
	chmod 666 t.db
	(umask 777 && : >t.db-wal)
	run_shim victim 'setuid 65534' "${write_and_read[@]}"
	expect "$written"
	expect_quiet
}

@test "eight threads lose no row in a database whose -shm cannot be created" {
	make_database
	make_unusable shm
	run_shim victim quiet 'threads 8' 'open a%t t.db' 'exec a%t BEGIN' 'exec a%t INSERT INTO t VALUES(%t)' 'exec a%t COMMIT' 'end'
	expect ''
	expect_quiet
	rmdir t.db-shm
	[[ $(observer query t.db 'SELECT count(*) FROM t; PRAGMA journal_mode; PRAGMA integrity_check' | xargs) == '9 delete ok' ]]
}

@test "a first use waits for no lock of an attached database" {
	make_database
	observer query other.db 'PRAGMA journal_mode=wal; CREATE TABLE u(x)'
	run_shim victim 'open b other.db' 'exec b BEGIN IMMEDIATE' 'open a t.db' "exec a ATTACH 'other.db' AS other" \
		'exec a PRAGMA journal_mode' 'exec a SELECT count(*) FROM t'
	expect $'open 0\nexec 0\nopen 0\nexec 0\nwal\nexec 0\n1\nexec 0'
	expect_quiet
}

@test "the first use of a database in WAL mode takes no write lock" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
	for wait in fair sqlite; do
		SQLPROD_BUSY_WAIT=$wait run_shim victim 'open a t.db' 'exec a SELECT * FROM t' 'exec a BEGIN IMMEDIATE' 'open b t.db' \
			'exec b PRAGMA journal_mode' 'exec b SELECT count(*) FROM t'
		expect $'open 0\nexec 0\nexec 0\nopen 0\nwal\nexec 0\n0\nexec 0'
		expect_quiet
	done
}

stand_on_free() {
	preload_also=$build/programs/fake_statfs.so
	export FAKE_STATFS_FOLDER=$PWD FAKE_STATFS_FREE=$1
}

@test "a database on a disk with less than 8 MiB free keeps its rollback journal, and the report says why" {
	make_database
	stand_on_free $(((8 << 20) - 4096))
	SQLPROD_REPORT=$scratch/report.json run_shim victim "${write_and_read[@]}" 'close a'
	expect "$written"$'\nclose 0'
	expect_quiet
	[[ $(report "$scratch/report.json" settings journal_mode reason) == 'the disk is nearly full' ]]
	[[ $(report "$scratch/report.json" settings mmap_size got) == 134217728 ]]
}

@test "with 8 MiB free it gets WAL, and one that has WAL keeps it on a full disk" {
	make_database
	stand_on_free $((8 << 20))
	run_shim victim 'open a t.db' 'exec a PRAGMA journal_mode'
	expect_line wal
	stand_on_free 0
	run_shim victim 'open a t.db' 'exec a PRAGMA journal_mode' 'exec a PRAGMA synchronous'
	expect $'open 0\nwal\nexec 0\n1\nexec 0'
	expect_quiet
}

@test "a file that is no database gets no -shm beside it" {
	echo 'a text of mine, longer than a header' >text
	run_shim victim 'open a text' 'exec a SELECT * FROM t'
	expect_line 'exec 26 file is not a database'
	[[ $(ls) == text ]]
}

@test "once the disk has space, a transaction begun after a second gets WAL" {
	make_database
	stand_on_free 4096
	run_shim victim 'open a t.db' 'exec a PRAGMA journal_mode' "setenv FAKE_STATFS_FREE $((64 << 20))" 'sh sleep 1.1' 'exec a BEGIN' \
		'exec a COMMIT' 'exec a PRAGMA journal_mode'
	expect $'open 0\ndelete\nexec 0\nexec 0\nexec 0\nwal\nexec 0'
}
