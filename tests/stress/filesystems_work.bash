# filesystems_work.bash - the same work on any filesystem, without and with the library, and what has to come out of it.

# shellcheck disable=SC2154 # from harness.bash

# How many transactions each of two processes makes at the same time.
rounds=${ROUNDS:-25}

in_rows=('exec a UPDATE sums SET n=n+1' 'exec a INSERT INTO entries SELECT n FROM sums')

# make_database KIND FILE - new: none yet; rollback or wal: one that is there, with 3 rows in it, closed.
make_database() {
	local mode=delete
	rm -f "$2" "$2"-*
	[[ $1 != new ]] || return 0
	[[ $1 != wal ]] || mode=wal
	observer query "$2" "PRAGMA journal_mode=$mode; $schema INSERT INTO entries VALUES(-1),(-2),(-3);" >/dev/null
}

schema='CREATE TABLE IF NOT EXISTS sums(n); CREATE TABLE IF NOT EXISTS entries(n UNIQUE); INSERT INTO sums SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM sums);'

# write_as_two WAY FILE - two processes, both open before either writes; every failed statement is an error.
write_as_two() {
	local way=$1 file=$2 name pid=()
	for name in one two; do
		barrier_make "$scratch/$name"
		"start_$way" "$name" victim quiet "open a $file" 'busy_timeout a 60000' "exec a SELECT count(*) FROM entries" \
			"barrier $scratch/$name" "repeat $rounds" 'exec a BEGIN' "${in_rows[@]}" 'exec a COMMIT' end 'close a'
		pid+=("$started")
	done
	for name in one two; do barrier_meet "$scratch/$name"; done
	for name in one two; do barrier_leave "$scratch/$name"; done
	for name in one two; do
		finish "${pid[0]}" "$name"
		pid=("${pid[@]:1}")
		! grep -v '^[0-9]*$' "$scratch/$name.stdout" || fail "$way, $file: statements failed"
		rm "$scratch/$name.here" "$scratch/$name.go"
	done
}

# check_rows KIND FILE MODE - everything is there, nothing twice, in that journal mode as a process without the library sees it.
check_rows() {
	local there=3
	[[ $1 != new ]] || there=0
	run_app observer query "$2" 'SELECT n FROM sums; SELECT count(*) FROM entries; PRAGMA integrity_check; PRAGMA journal_mode'
	expect "$((2 * rounds))"$'\n'"$((2 * rounds + there))"$'\nok\n'"$3"
}

# work WAY KIND MODE - on ./accounts.db.
work() {
	local way=$1 kind=$2 mode=$3
	make_database "$kind" accounts.db
	# what "$schema" says, by the program, if the database is new
	[[ $kind != new ]] || "run_$way" victim quiet 'open a accounts.db' "exec a $schema" 'close a'
	write_as_two "$way" accounts.db
	check_rows "$kind" accounts.db "$mode"
}

# looks KIND - what the library says of ./accounts.db in $stderr, its report in $scratch/report.json; journal mode and mmap size in $output.
looks() {
	rm -f "$scratch/report.json"
	SQLPROD_REPORT=$scratch/report.json run_shim victim 'open a accounts.db' 'exec a SELECT count(*) FROM sums' \
		'exec a PRAGMA journal_mode' 'exec a PRAGMA mmap_size' 'close a'
}

reason_of() {
	report "$scratch/report.json" settings "$1" reason
}

# What the kernel calls the filesystem of the working folder.
kernel_type() {
	awk -v at="$(stat -c %m .)" '$5 == at { sub(/.* - /, ""); type = $1 } END { print type }' /proc/self/mountinfo
}

# record NAME TYPE NEW WAL WARNING - a row of the table that the run makes.
record() {
	mkdir -p "$build/filesystems"
	printf '| %s | %s | %s | %s | %s |\n' "$@" >>"$build/filesystems/rows"
}

# try_local NAME TYPE - as on any disk: WAL, mmap, no word.
try_local() {
	local kind
	cd "${folder:-$scratch/at}" || return
	[[ $(kernel_type) == "$2" ]]
	for kind in new rollback wal; do
		work plain "$kind" "$([[ $kind == wal ]] && echo wal || echo delete)"
		work shim "$kind" wal
		looks
		expect $'open 0\n1\nexec 0\nwal\nexec 0\n134217728\nexec 0\nclose 0'
		expect_quiet
		[[ $(reason_of journal_mode) == null && $(reason_of mmap_size) == null ]]
	done
	cd "$scratch/work" || return
	record "$1" "$2" 'WAL, mmap' 'WAL, mmap' none
}

# try_shared NAME TYPE [wal-fails | without-wal] - neither WAL nor mmap, a warning that names type and mount point; one that is in WAL mode there
# stays so, with a louder one, or fails as it does without the library.
try_shared() {
	local kind at
	cd "${folder:-$scratch/at}" || return
	at=$(stat -c %m .)
	[[ $(kernel_type) == "$2" ]]
	for kind in new rollback; do
		work plain "$kind" delete
		work shim "$kind" delete
		looks
		expect $'open 0\n1\nexec 0\ndelete\nexec 0\n0\nexec 0\nclose 0'
		expect_warnings 1 "sqlprod: $PWD/accounts.db is on a shared filesystem ($2 at $at): WAL and mmap are not used there*"
		[[ $(reason_of journal_mode) == 'shared filesystem' && $(reason_of mmap_size) == 'shared filesystem' ]]
	done
	if [[ ${3-} == wal-fails ]]; then
		fails_in_wal
	elif [[ ${3-} == without-wal ]]; then
		wal_there='not tried'
	else
		work plain wal wal
		work shim wal wal
		looks
		expect $'open 0\n1\nexec 0\nwal\nexec 0\n0\nexec 0\nclose 0'
		expect_warnings 1 "sqlprod: DANGER: $PWD/accounts.db is in WAL mode on a shared filesystem ($2 at $at)*PRAGMA journal_mode=DELETE"
		[[ $(reason_of mmap_size) == 'shared filesystem' ]]
	fi
	cd "$scratch/work" || return
	record "$1" "$2" 'rollback journal, no mmap' "${wal_there:-WAL left on, no mmap}" 'yes; louder in WAL mode'
}

# A database that came there in WAL mode cannot be used there at all; with the library it fails with the same message.
fails_in_wal() {
	local plain
	observer query "$scratch/accounts.db" "PRAGMA journal_mode=wal; $schema"
	for way in plain shim; do
		rm -f accounts.db*
		cp "$scratch/accounts.db" .
		"run_$way" victim 'open a accounts.db' 'exec a SELECT count(*) FROM sums' 'exec a INSERT INTO entries VALUES(1)' 'close a'
		[[ $way == shim ]] || plain=$output
		expect "$plain"
		[[ $output == *'exec 10 disk I/O error'* || $output == *'exec 14 unable to open database file'* ]]
	done
	wal_there='fails, as without the shim; no mmap'
}
