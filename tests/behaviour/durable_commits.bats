# Commits that wait for the disk after they have given the write lock back: SQLPROD_SYNCHRONOUS=full in WAL mode. What a power failure leaves
# is in tests/durability.
# shellcheck disable=SC2089,SC2090 # quotes are SQL's
load ../harness/harness

preload_also=$build/programs/disk.so

# The file says of each sync of the -wal whether another process could have written at that moment. The program's close syncs once more,
# for its checkpoint, so that the commits' are looked at before.
watch_syncs() {
	export DISK_AT_SYNC="cd $PWD && PATH=$root/tests/harness:\$PATH observer lock t.db >>syncs"
}

# With the library, or without it.
with() {
	if [[ $1 == shim ]]; then
		run_shim "${@:2}"
	else
		run_app env LD_PRELOAD="$preload_also" "${@:2}"
	fi
}

make_database='exec a PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t(x); INSERT INTO t VALUES(0)'

# last_sync WITH [LINE…] - of the sync of the commit that those lines make: held or free
last_sync() {
	local before
	rm -f t.db* syncs
	before=('open a t.db' "$make_database")
	with "$1" victim "${before[@]}" "${@:2}" 'sh tail -n 1 syncs' 'close a'
	verdict=$(grep -xE 'held|free' <<<"$output")
}

# What the library makes of it: before 3.12 SQLite has no call that says where the -wal is.
expect_free() {
	if sqlite_has 3012000; then
		[[ $verdict == free ]]
	else
		[[ $verdict == held ]]
	fi
}

commits=('exec a INSERT INTO t VALUES(1)' 'exec a BEGIN IMMEDIATE; INSERT INTO t VALUES(1); COMMIT' 'exec a BEGIN; INSERT INTO t VALUES(1); END'
	'exec a SAVEPOINT s; INSERT INTO t VALUES(1); RELEASE s' 'get_table a INSERT INTO t VALUES(1)')

@test "with SQLPROD_SYNCHRONOUS=full others may write while a commit waits for the disk" {
	watch_syncs
	for commit in "${commits[@]}"; do
		for level in full extra; do
			SQLPROD_SYNCHRONOUS=$level last_sync shim "$commit"
			expect_free
		done
		last_sync plain "$commit"
		[[ $verdict == held ]]
	done
}

@test "a statement that commits when it is reset waits for the disk without the lock as well" {
	watch_syncs
	sqlite_has 3035000 || skip 'RETURNING came with 3.35'
	reset=('prepare a s v2 length+NUL INSERT INTO t VALUES(1) RETURNING x' 'step s' 'reset s')
	SQLPROD_SYNCHRONOUS=full last_sync shim "${reset[@]}"
	expect_free
	last_sync plain "${reset[@]}"
	[[ $verdict == held ]]
}

@test "a program's own synchronous=FULL stays SQLite's, unless SQLPROD_GROUP_COMMIT=on" {
	watch_syncs
	commit='exec a INSERT INTO t VALUES(1)'
	last_sync shim "$commit"
	[[ $verdict == held ]]
	SQLPROD_GROUP_COMMIT=on last_sync shim "$commit"
	expect_free
	SQLPROD_SYNCHRONOUS=full SQLPROD_GROUP_COMMIT=off last_sync shim "$commit"
	[[ $verdict == held ]]
}

@test "a program with SQLPROD_SYNCHRONOUS=full reads PRAGMA synchronous as FULL" {
	SQLPROD_SYNCHRONOUS=full run_shim victim 'open a t.db' "$make_database" 'exec a PRAGMA synchronous' 'exec a INSERT INTO t VALUES(1)' 'exec a PRAGMA synchronous'
	[[ $(grep -cx 2 <<<"$output") == 2 ]]
}

@test "commits whose sync fails fail with an input/output error until the disk works again, and the next one is durable" {
	# a failed RELEASE leaves the savepoint open, without the library too
	for commit in "${commits[@]:0:3}"; do
		rm -f t.db*
		SQLPROD_SYNCHRONOUS=full DISK_FAIL=0 run_shim victim 'open a t.db' "$make_database" 'setenv DISK_FAIL 1' "$commit" 'errcode a' 'autocommit a' "$commit" \
			'errcode a' 'autocommit a' 'setenv DISK_FAIL 0' "$commit" 'exec a SELECT 7 FROM t WHERE x = 0' 'close a'
		[[ $(grep -c 'disk I/O error' <<<"$output") == 2 && $(grep -c 'autocommit 1' <<<"$output") == 2 && $(grep -c 'errcode 10' <<<"$output") == 2 ]]
		expect_line 7
		[[ $(observer query t.db 'PRAGMA integrity_check; SELECT count(*) >= 2 FROM t') == $'ok\n1' ]]
	done
}

@test "commits beside a cursor of the same connection, in a shared cache and over attached databases keep their snapshots" {
	for lines in 'prepare a c v2 length+NUL SELECT x FROM t/step c/exec a INSERT INTO t VALUES(1)/exec b INSERT INTO t VALUES(2)/step c/step c/finalize c' \
		'exec a ATTACH "u.db" AS u/exec a CREATE TABLE u.t(x)/exec a BEGIN; INSERT INTO main.t VALUES(1); INSERT INTO u.t VALUES(1); COMMIT/exec b INSERT INTO t VALUES(3)'; do
		for opens in 'open a t.db/open b t.db' 'open_v2 a t.db rw,create,shared/open_v2 b t.db rw,create,shared'; do
			mapfile -t script <<<"${opens//\//$'\n'}"$'\n'"$make_database"$'\n'"${lines//\//$'\n'}"$'\n'$'exec b SELECT count(*) FROM t\nexec a PRAGMA integrity_check\nclose a\nclose b'
			rm -f ./*.db*
			with plain victim "${script[@]}"
			wanted=$output
			rm -f ./*.db*
			SQLPROD_SYNCHRONOUS=full run_shim victim "${script[@]}"
			expect "$wanted"
		done
	done
}

@test "the wal hook of a program is called once for each durable commit, and its checkpoints are made" {
	for way in plain shim; do
		rm -f t.db*
		SQLPROD_SYNCHRONOUS=full with $way victim 'open a t.db' "$make_database" 'hooks a wal' 'exec a INSERT INTO t VALUES(1)' \
			'exec a BEGIN; INSERT INTO t VALUES(2); INSERT INTO t VALUES(3); COMMIT' 'exec a INSERT INTO t VALUES(4)' 'exec a SELECT count(*) FROM t' 'close a'
		[[ $way != plain ]] || wanted=$output
	done
	expect "$wanted"
	[[ $output == *wal* ]]
}
