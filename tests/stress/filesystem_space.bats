# Disks that are full, quotas that are used up, folders where nothing can be made. Without and with the library.
load ../harness/harness
load filesystems

mount_small() {
	mount -t tmpfs -o "size=$1" tmpfs "$scratch/at"
	cd "$scratch/at" || return
}

# mount_small_ext4 SIZE - without a reserve for root.
mount_small_ext4() {
	loop_image "$1" mke2fs -F -q -t ext4 -m 0
	mount -o loop "$scratch/image" "$scratch/at"
	cd "$scratch/at" || return
}

# leave_free KB - fills the filesystem of the working folder up to that.
leave_free() {
	dd if=/dev/zero of=fill bs=1M status=none 2>/dev/null || true
	truncate -s "-$(($1 * 1024))" fill
}

read_and_write=('open a accounts.db' 'exec a SELECT count(*) FROM entries' 'exec a BEGIN' 'exec a INSERT INTO entries VALUES(1)'
	'exec a COMMIT' 'exec a SELECT count(*) FROM entries' 'close a')

@test "with 0 to 64 KB free, each statement ends as without the library, and no row is lost" {
	local free plain way on
	for on in tmpfs ext4; do
		if [[ $on == tmpfs ]]; then mount_small 4M; else mount_small_ext4 4M; fi
		for free in 0 4 8 12 16 24 32 36 40 64; do
			for way in plain shim; do
				make_database rollback accounts.db
				leave_free "$free"
				"run_$way" victim "${read_and_write[@]}"
				[[ $way == shim ]] || plain=$output
				expect "$plain"
				expect_quiet
				rm fill
				[[ $(observer query accounts.db 'PRAGMA integrity_check; PRAGMA journal_mode' | xargs) == 'ok delete' ]]
				[[ $(observer query accounts.db 'SELECT count(*) FROM entries WHERE n<0') == 3 ]]
			done
		done
		cd "$scratch/work"
		umount "$scratch/at"
	done
}

@test "a switch to WAL by hand with 12 KB free leaves a database that cannot be read" {
	mount_small 4M
	make_database rollback accounts.db
	leave_free 12
	run_plain victim 'open a accounts.db' 'exec a PRAGMA journal_mode=wal' 'exec a SELECT count(*) FROM entries'
	expect_line wal
	expect_line 'exec 10 disk I/O error'
}

@test "a new database on a full disk fails as without the library, and works once there is space" {
	local way
	for way in plain shim; do
		mount_small 16M
		leave_free 0
		"run_$way" victim 'open a accounts.db' 'exec a CREATE TABLE t(x)' 'sh rm fill' 'exec a CREATE TABLE t(x)' \
			'exec a INSERT INTO t VALUES(1)' 'close a' 'open a accounts.db' 'exec a SELECT * FROM t'
		expect $'open 0\nexec 13 database or disk is full\nexec 0\nexec 0\nclose 0\nopen 0\n1\nexec 0'
		expect_quiet
		cd "$scratch/work"
		umount "$scratch/at"
	done
}

# Ten times what fits, in transactions of 400 KB each; then half of what fills the disk is removed, and again.
@test "a disk that fills up while the WAL is written and checkpointed loses no commit, and the program can continue" {
	local on rows
	for on in tmpfs ext4; do
		if [[ $on == tmpfs ]]; then mount_small 24M; else mount_small_ext4 24M; fi
		observer query accounts.db 'CREATE TABLE big(n INTEGER PRIMARY KEY, data)'
		leave_free 12000
		run_shim victim 'open a accounts.db' 'exec a PRAGMA journal_mode' "repeat 100" 'exec a BEGIN' \
			'exec a INSERT INTO big(data) VALUES(randomblob(400000))' 'exec a COMMIT' end 'exec a SELECT count(*) FROM big' \
			'sh rm fill' 'exec a BEGIN' "exec a INSERT INTO big(data) VALUES('after')" 'exec a COMMIT' \
			'exec a SELECT count(*) FROM big' 'exec a PRAGMA integrity_check' 'close a'
		expect_line wal
		expect_line 'exec 13 database or disk is full'
		committed=$(grep -c . <<<"$output")
		echo "lines: $committed"
		expect_quiet
		rows=$(grep -A 1000 'full' <<<"$output" | grep -E '^[0-9]+$' | xargs)
		[[ $rows =~ ^([0-9]+)\ ([0-9]+)$ ]]
		[[ ${BASH_REMATCH[2]} -eq $((BASH_REMATCH[1] + 1)) && ${BASH_REMATCH[1]} -gt 5 ]]
		[[ $(observer query accounts.db 'SELECT count(*) FROM big; PRAGMA integrity_check' | xargs) == "${BASH_REMATCH[2]} ok" ]]
		[[ $(observer query accounts.db "SELECT count(*) FROM big WHERE length(data) NOT IN (400000, 5)") == 0 ]]
		cd "$scratch/work"
		umount "$scratch/at"
	done
}

@test "two processes that fill the disk up lose no row that was committed" {
	local way name
	for way in plain shim; do
		mount_small_ext4 24M
		observer query accounts.db 'CREATE TABLE big(who, data)'
		for name in one two; do
			"start_$way" "$name" victim 'open a accounts.db' 'busy_timeout a 60000' 'repeat 60' \
				"exec a INSERT INTO big VALUES('$name', randomblob(300000))" end 'exec a SELECT changes()' 'close a'
			eval "$name=\$started"
		done
		# shellcheck disable=SC2154 # by eval
		finish "$one" one
		said=$(grep -c '^exec 0' "$scratch/one.stdout")
		# shellcheck disable=SC2154
		finish "$two" two
		said=$((said + $(grep -c '^exec 0' "$scratch/two.stdout") - 2))
		cat "$scratch/one.stdout" "$scratch/two.stdout" | grep -q 'exec 13'
		[[ $(observer query accounts.db 'SELECT count(*) FROM big; PRAGMA integrity_check' | xargs) == "$said ok" ]]
		cd "$scratch/work"
		umount "$scratch/at"
	done
}

@test "a database in a folder without write permission is read and refused as without the library" {
	local way kind plain
	# BEGIN IMMEDIATE answers what the first change would have
	read_and_write=('open a accounts.db' 'exec a SELECT count(*) FROM entries' 'exec a INSERT INTO entries VALUES(1)' 'close a')
	chmod 755 "$scratch" "$scratch/work"
	for kind in rollback wal; do
		make_database "$kind" accounts.db
		chmod 666 accounts.db
		for way in plain shim; do
			"run_$way" setpriv --reuid 65534 --regid 65534 --clear-groups victim "${read_and_write[@]}"
			[[ $way == shim ]] || plain=$output
			expect "$plain"
			[[ $(ls accounts.db*) == accounts.db ]]
		done
	done
}

@test "a database whose -shm or -wal is not writable keeps its rollback journal and works" {
	local left mode plain way
	chmod 755 "$scratch"
	chmod 777 .
	for left in shm wal; do
		for mode in 000 444; do
			for way in plain shim; do
				make_database rollback accounts.db
				chmod 666 accounts.db
				: >"accounts.db-$left"
				chmod "$mode" "accounts.db-$left"
				"run_$way" setpriv --reuid 65534 --regid 65534 --clear-groups victim "${read_and_write[@]}"
				[[ $way == shim ]] || plain=$output
				expect "$plain"
				[[ $(observer query accounts.db 'PRAGMA integrity_check; PRAGMA journal_mode' | xargs) == 'ok delete' ]]
			done
		done
	done
}
