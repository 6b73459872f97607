# WAL and mmap stay away from filesystems that machines share.
load ../harness/harness

# The folder of the test is on a filesystem of that f_type, and on that type of mount, as far as the library can tell.
stand_on() {
	preload_also=$build/programs/fake_statfs.so
	export FAKE_STATFS_FOLDER=$PWD FAKE_STATFS_TYPE=$1
	if [[ ${2-} ]]; then
		export FAKE_MOUNTINFO=$scratch/mountinfo
		printf '21 1 %s / / rw - ext4 /dev/x rw\n99 21 %s / %s rw - %s server:/export rw\n' \
			"$(stat -c %Hd:%Ld /)" "$(stat -c %Hd:%Ld "$PWD")" "$PWD" "$2" >"$FAKE_MOUNTINFO"
	fi
}

expect_shared() {
	run_shim victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'exec a PRAGMA journal_mode' 'exec a PRAGMA mmap_size' \
		'exec a PRAGMA synchronous' \
		'exec a PRAGMA busy_timeout' 'exec a PRAGMA cache_size' 'exec a BEGIN' 'sh observer lock t.db' \
		'exec a COMMIT' 'open b t.db' 'exec b SELECT * FROM t'
	expect $'open 0\nexec 0\ndelete\nexec 0\n0\nexec 0\n2\nexec 0\n30000\nexec 0\n-20000\nexec 0\nexec 0\nheld\nexec 0\nopen 0\nexec 0'
	expect_warnings 1 "*$PWD*$1*"
	rm t.db
}

@test "a local disk gets WAL and mmap" {
	for type in 0xef53 0x01021994 0x58465342 0x9123683e 0x2fc12fc1 0x794c7630; do
		stand_on "$type"
		rm -f t.db*
		run_shim victim 'open a t.db' 'exec a PRAGMA journal_mode' 'exec a PRAGMA mmap_size'
		expect $'open 0\nwal\nexec 0\n134217728\nexec 0'
		expect_quiet
	done
}

@test "on overlayfs a connection that only reads gets no mmap, which would stay with the lower file" {
	observer query t.db 'CREATE TABLE t(x)'
	stand_on 0x794c7630
	SQLPROD_REPORT=$scratch/report.json run_shim victim 'open_v2 a t.db ro' 'exec a PRAGMA mmap_size' 'open b t.db' \
		'exec b PRAGMA mmap_size' 'close a'
	expect $'open_v2 0\n0\nexec 0\nopen 0\n134217728\nexec 0\nclose 0'
	[[ $(report "$scratch/report.json" settings mmap_size reason | head -n 1) == 'read-only on overlayfs' ]]
	expect_quiet
}

@test "without the library a shared filesystem makes no difference" {
	run_plain victim 'open a t.db' 'exec a PRAGMA journal_mode=wal'
	expect_line wal
}

@test "shared filesystems that statfs identifies get the recipe without WAL and mmap, and one warning that names them" {
	while read -r type name; do
		stand_on "$type"
		expect_shared "$name"
	done <<-'END'
		0x6969 nfs
		0xff534d42 cifs
		0x517b smb
		0xfe534d42 smb
		0x01021997 9p
		0x00c36400 ceph
		0x0bd00bd0 lustre
		0x786f4256 vboxsf
	END
}

@test "shared filesystems that only mountinfo identifies are recognized" {
	for type in fuse.sshfs fuse.glusterfs fuse virtiofs fuse.s3fs; do
		stand_on 0x65735546 "$type"
		expect_shared "$type"
	done
}

@test "9p that reports its server's f_type is recognized by its name" {
	# 9p lies on no block device, and tmpfs neither
	in_memory
	for number in 0xef53 0x9123683e 0x58465342 0x01021994; do
		stand_on "$number" 9p
		expect_shared 9p
	done
}

@test "NTFS on a local disk, served by FUSE, counts as local" {
	stand_on 0x65735546 fuseblk
	run_shim victim 'open a t.db' 'exec a PRAGMA journal_mode'
	expect_line wal
}

@test "a shared filesystem is warned of once per mount, not per connection" {
	stand_on 0x6969
	run_shim victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'open b u.db' 'exec b CREATE TABLE t(x)' 'threads 8' \
		'open c%t t.db' 'exec c%t SELECT * FROM t' 'close c%t' 'end'
	expect_warnings 1
}

@test "a database in WAL mode on a shared filesystem is not changed, and gives a stronger warning" {
	observer query t.db 'PRAGMA journal_mode=wal; CREATE TABLE t(x)'
	stand_on 0x6969
	run_shim victim 'open a t.db' 'exec a SELECT * FROM t' 'exec a PRAGMA journal_mode' 'exec a PRAGMA mmap_size'
	expect $'open 0\nexec 0\nwal\nexec 0\n0\nexec 0'
	expect_warnings 1 '*DANGER*t.db*WAL*'
}

@test "on a shared filesystem a program may set WAL, and the operator's WAL is refused with a warning" {
	stand_on 0x6969
	run_shim victim 'open a t.db' 'exec a PRAGMA journal_mode=wal' 'exec a PRAGMA journal_mode'
	expect $'open 0\nwal\nexec 0\nwal\nexec 0'
	rm t.db*
	SQLPROD_JOURNAL_MODE=wal run_shim victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'exec a PRAGMA journal_mode'
	expect_line delete
	expect_warnings 1
}

@test "the report says why a database on a shared filesystem has no WAL and no mmap" {
	stand_on 0x6969
	SQLPROD_REPORT=$scratch/report.json run_shim victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'close a'
	for name in journal_mode mmap_size; do
		[[ $(report "$scratch/report.json" settings "$name" reason) == *'shared filesystem'* ]]
	done
}

@test "a database opened through a link is judged by the filesystem of its target" {
	mkdir there
	observer query there/t.db 'CREATE TABLE t(x)'
	ln -s there/t.db link.db
	stand_on 0x6969
	FAKE_STATFS_FOLDER=$PWD/there run_shim victim 'open a link.db' 'exec a PRAGMA journal_mode' 'open b here.db' 'exec b PRAGMA journal_mode'
	expect $'open 0\ndelete\nexec 0\nopen 0\nwal\nexec 0'
	expect_warnings 1
}

@test "an in-memory database makes no statfs call" {
	stand_on 0x6969
	run_shim victim 'open a :memory:' 'exec a CREATE TABLE t(x)'
	expect_quiet
}
