# Databases that Litestream replicates: it keeps its state in a folder beside the database, .NAME-litestream.
load ../harness/harness

# wal_after_restart run - how long the -wal is once it has started anew, after a hundred rows of a page each
wal_after_restart() {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)' >/dev/null
	"$1" victim quiet 'open a t.db' ${2:+"exec a $2"} 'repeat 100' 'exec a INSERT INTO t VALUES(zeroblob(4000))' 'end' \
		'exec a PRAGMA wal_checkpoint(RESTART)' 'exec a INSERT INTO t VALUES(1)' 'sh stat -c %s t.db-wal' 'close a'
	wal=${lines[-1]}
	rm -f t.db*
}

@test "a -wal that starts anew is cut where Litestream replicates the database" {
	mkdir .t.db-litestream
	wal_after_restart run_shim
	((wal < 50000))
	wal_after_restart run_plain
	((wal > 400000))
}

@test "without Litestream's folder a -wal that starts anew keeps its length" {
	mkdir .u.db-litestream
	: >.t.db-litestream
	wal_after_restart run_shim
	((wal > 400000))
}

@test "a journal_size_limit of the program or of the operator is left alone beside Litestream" {
	mkdir .t.db-litestream
	wal_after_restart run_shim 'PRAGMA journal_size_limit=300000'
	((wal > 250000 && wal < 350000))
	SQLPROD_JOURNAL_SIZE_LIMIT=200000 wal_after_restart run_shim
	((wal > 150000 && wal < 250000))
}
