# Mounts that hide, fill up, forbid or change under a program, on this machine's own filesystems. Without and with the library.
load ../harness/harness
load filesystems

@test "tmpfs, xfs, btrfs, ext4 on a loop device, and ext4 mounted sync, get WAL and mmap" {
	mount -t tmpfs tmpfs "$scratch/at"
	try_local tmpfs tmpfs
	umount "$scratch/at"
	loop_image 320M mkfs.xfs -q
	mount -o loop "$scratch/image" "$scratch/at"
	try_local xfs xfs
	umount "$scratch/at"
	loop_image 128M mkfs.btrfs -f -q
	mount -o loop "$scratch/image" "$scratch/at"
	try_local btrfs btrfs
	umount "$scratch/at"
	loop_image 64M mke2fs -F -q -t ext4
	mount -o loop,sync "$scratch/image" "$scratch/at"
	try_local 'ext4, mounted sync' ext4
}

@test "a bind mount of a local folder is local, one of a shared folder is shared" {
	mount --bind "$scratch/there" "$scratch/at"
	try_local 'bind mount of a local folder' "$(cd "$scratch/there" && kernel_type)"
	umount "$scratch/at"
	mkdir "$scratch/fuse"
	bindfs "$scratch/there" "$scratch/fuse"
	mkdir "$scratch/fuse/deep"
	mount --bind "$scratch/fuse/deep" "$scratch/at"
	try_shared 'bind mount of a shared folder' fuse
}

@test "a bind-mounted single file is judged by its own filesystem" {
	local mode
	bindfs "$scratch/there" "$scratch/at"
	observer query "$scratch/there/t.db" 'CREATE TABLE t(x)'
	: >alone.db
	mount --bind "$scratch/at/t.db" alone.db
	run_shim victim 'open a alone.db' 'exec a INSERT INTO t VALUES(1)' 'exec a PRAGMA journal_mode' 'exec a PRAGMA mmap_size'
	expect $'open 0\nexec 0\ndelete\nexec 0\n0\nexec 0'
	expect_warnings 1 "*alone.db is on a shared filesystem (fuse at $PWD/alone.db)*"
	umount alone.db
	observer query local.db 'CREATE TABLE t(x)'
	mount --bind local.db "$scratch/at/t.db"
	run_shim victim "open a $scratch/at/t.db" 'exec a PRAGMA mmap_size' 'exec a INSERT INTO t VALUES(1)' 'exec a SELECT * FROM t'
	expect $'open 0\n134217728\nexec 0\nexec 0\n1\nexec 0'
}

@test "a link and a relative path to a shared filesystem are judged by that" {
	bindfs "$scratch/there" "$scratch/at"
	ln -s "$scratch/at/t.db" link.db
	ln -s ../at folder
	for path in link.db folder/u.db ../at/v.db; do
		run_shim victim "open a $path" 'exec a CREATE TABLE t(x)' 'exec a PRAGMA journal_mode' 'exec a PRAGMA mmap_size'
		expect $'open 0\nexec 0\ndelete\nexec 0\n0\nexec 0'
		expect_warnings 1 "*shared filesystem (fuse at $scratch/at)*"
	done
	cd "$scratch/at"
	ln -s "$scratch/work/local.db" link.db
	run_shim victim 'open a link.db' 'exec a CREATE TABLE t(x)' 'exec a PRAGMA journal_mode'
	expect_line wal
	expect_quiet
}

@test "on a mount with nosymfollow a database opened through a link fails as without the library" {
	mount -t tmpfs -o nosymfollow tmpfs "$scratch/at"
	mkdir "$scratch/at/real"
	ln -s real/t.db "$scratch/at/link.db"
	cd "$scratch/at"
	run_plain any victim 'open a link.db' 'exec a CREATE TABLE t(x)' 'exec a INSERT INTO t VALUES(1)' 'exec a SELECT * FROM t'
	local plain=$output
	rm -f real/t.db*
	run_shim any victim 'open a link.db' 'exec a CREATE TABLE t(x)' 'exec a INSERT INTO t VALUES(1)' 'exec a SELECT * FROM t'
	expect "$plain"
	expect_quiet
}

@test "without /proc a shared filesystem is known by its number, and a local one gets WAL" {
	bindfs "$scratch/there" "$scratch/at"
	run_app unshare --mount sh -c 'mount -t tmpfs none /proc; exec "$@"' sh env LD_PRELOAD="$preload" victim "open a $scratch/at/t.db" \
		'exec a CREATE TABLE t(x)' 'exec a PRAGMA journal_mode' 'open b local.db' 'exec b CREATE TABLE t(x)' 'exec b PRAGMA journal_mode'
	expect $'open 0\nexec 0\ndelete\nexec 0\nopen 0\nexec 0\nwal\nexec 0'
	expect_warnings 1 '*shared filesystem (fuse at )*'
}

@test "a database in a read-only mount is read as without the library, also one in WAL mode" {
	local kind way
	make_database rollback "$scratch/there/rollback.db"
	make_database wal "$scratch/there/wal.db"
	mount --bind "$scratch/there" "$scratch/at"
	mount -o remount,bind,ro "$scratch/at"
	cd "$scratch/at"
	for kind in rollback wal; do
		for way in plain shim; do
			"run_$way" victim "open a $kind.db" 'exec a SELECT count(*) FROM entries' 'exec a INSERT INTO entries VALUES(1)' 'close a'
			[[ $way == shim ]] || plain=$output
			expect "$plain"
			expect_quiet
		done
	done
}

@test "a database in a squashfs or erofs image is read as without the library, also one in WAL mode" {
	local kind way type
	make_database rollback "$scratch/there/rollback.db"
	make_database wal "$scratch/there/wal.db"
	mksquashfs "$scratch/there" "$scratch/squashfs" -quiet -no-progress >/dev/null
	mkfs.erofs "$scratch/erofs" "$scratch/there" >/dev/null
	for type in squashfs erofs; do
		mount -t "$type" -o loop,ro "$scratch/$type" "$scratch/at"
		cd "$scratch/at"
		for kind in rollback.db 'file:rollback.db?immutable=1' wal.db 'file:wal.db?immutable=1'; do
			for way in plain shim; do
				"run_$way" victim "open_v2 a $kind rw,create,uri" 'exec a SELECT count(*) FROM entries' \
					'exec a INSERT INTO entries VALUES(1)' 'exec a PRAGMA journal_mode' 'close a'
				[[ $way == shim ]] || plain=$output
				expect "$plain"
				expect_quiet
			done
		done
		cd "$scratch/work"
		umount "$scratch/at"
		record "$type, read-only" "$type" 'read as without the shim' 'as without the shim' none
	done
}

@test "on overlayfs a database of the lower layer is copied up whole at its first write, and gets WAL" {
	local kind
	mkdir "$scratch/upper" "$scratch/worker"
	for kind in rollback wal; do
		make_database "$kind" "$scratch/there/$kind.db"
	done
	mount -t overlay -o "lowerdir=$scratch/there,upperdir=$scratch/upper,workdir=$scratch/worker" overlay "$scratch/at"
	for kind in rollback wal; do
		cd "$scratch/at"
		write_as_two shim "$kind.db"
		check_rows "$kind" "$kind.db" wal
		check_rows "$kind" "$scratch/upper/$kind.db" wal
		[[ $(observer query "$scratch/there/$kind.db" 'SELECT n FROM sums') == 0 ]]
	done
	try_local overlayfs overlay
}

@test "on overlayfs a reader with the lower file open sees what another process writes, as without the library" {
	local way
	for way in plain shim; do
		mkdir "$scratch/lower" "$scratch/upper" "$scratch/worker"
		make_database rollback "$scratch/lower/t.db"
		mount -t overlay -o "lowerdir=$scratch/lower,upperdir=$scratch/upper,workdir=$scratch/worker" overlay "$scratch/at"
		cd "$scratch/at"
		"run_$way" victim 'open_v2 r t.db ro' 'exec r SELECT count(*) FROM entries' \
			"sh observer query t.db 'INSERT INTO entries VALUES(1)'" 'exec r SELECT count(*) FROM entries' 'exec r PRAGMA integrity_check'
		expect $'open_v2 0\n3\nexec 0\n4\nexec 0\nok\nexec 0'
		cd "$scratch/work"
		umount "$scratch/at"
		rm -r "$scratch/lower" "$scratch/upper" "$scratch/worker"
	done
}

@test "a mount over the folder while the program runs loses nothing that was committed" {
	local way pid said
	for way in plain shim; do
		make_database rollback "$scratch/at/t.db"
		barrier_make "$scratch/barrier"
		"start_$way" writer victim "open a $scratch/at/t.db" "barrier $scratch/barrier" 'exec a BEGIN' \
			'exec a INSERT INTO entries VALUES(1)' 'exec a COMMIT' 'exec a SELECT count(*) FROM entries' 'close a'
		pid=$started
		barrier_meet "$scratch/barrier"
		mount -t tmpfs tmpfs "$scratch/at"
		barrier_leave "$scratch/barrier"
		finish "$pid" writer
		said=$(grep -A 1 -xE '[0-9]+' <<<"$output" | head -n 1)
		umount "$scratch/at"
		[[ $(observer query "$scratch/at/t.db" 'SELECT count(*) FROM entries; PRAGMA integrity_check' | xargs) == "$said ok" ]]
		rm "$scratch"/barrier.*
	done
}
