# Little memory.
load harness

@test "a program with little memory goes on, or fails by SQLite's own code" {
	for limit in 10000 12000 15000 20000 30000 60000; do
		rm -f t.db*
		run_shim any bash -c \
			"ulimit -v $limit; exec victim 'open a t.db' 'exec a CREATE TABLE t(x); BEGIN; INSERT INTO t VALUES(1); COMMIT' 'close a'"
		[[ $status -lt 128 ]]
	done
}
