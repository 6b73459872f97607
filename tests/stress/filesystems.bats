# Filesystems that processes serve, mounted for real: FUSE, SSH, WebDAV. Without and with the library.
load ../harness/harness
load filesystems

@test "bindfs counts as shared" {
	bindfs "$scratch/there" "$scratch/at"
	try_shared bindfs fuse
}

@test "bindfs -o direct_io, which refuses shared maps, counts as shared" {
	bindfs -o direct_io "$scratch/there" "$scratch/at"
	try_shared 'bindfs -o direct_io' fuse wal-fails
}

@test "sshfs from a real sshd counts as shared" {
	sshd_start
	sshfs -F /dev/null -p 2222 -o "$sshfs_options" "root@127.0.0.1:$scratch/there" "$scratch/at"
	try_shared sshfs fuse.sshfs
	[[ -e $scratch/there/accounts.db ]]
}

# An sshd with keys, settings and a user list of its own, on 127.0.0.1:2222 of this network namespace.
sshd_start() {
	local sshd key
	sshd=$("$slow/filesystems/sshd" "$build/filesystems/sshd")
	mkdir -p "$scratch/ssh" /run/sshd
	(cat /etc/passwd && echo 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin') >"$scratch/ssh/passwd"
	mount --bind "$scratch/ssh/passwd" /etc/passwd
	for key in host user; do ssh-keygen -q -t ed25519 -N '' -f "$scratch/ssh/$key"; done
	cat >"$scratch/ssh/config" <<-END
		ListenAddress 127.0.0.1:2222
		HostKey $scratch/ssh/host
		AuthorizedKeysFile $scratch/ssh/user.pub
		PidFile none
		StrictModes no
		PermitRootLogin yes
		Subsystem sftp internal-sftp
	END
	setsid "$sshd" -D -e -f "$scratch/ssh/config" 2>"$scratch/ssh/log" 3>&- &
	background+=("$!")
	sshfs_options=IdentityFile=$scratch/ssh/user,StrictHostKeyChecking=no,UserKnownHostsFile=/dev/null,LogLevel=ERROR
	wait_for listens 2222
}

@test "ntfs-3g on an image file counts as shared" {
	loop_image 32M mkntfs -F -Q -q
	ntfs-3g "$scratch/image" "$scratch/at"
	try_shared 'ntfs-3g on an image file' fuse
}

@test "ntfs-3g on a disk counts as local" {
	loop_image 32M mkntfs -F -Q -q
	ntfs-3g "$(loop_device)" "$scratch/at"
	try_local 'ntfs-3g on a disk' fuseblk
}

@test "exfat-fuse on a disk counts as local" {
	loop_image 32M mkfs.exfat
	mount.exfat-fuse "$(loop_device)" "$scratch/at"
	try_local 'exfat-fuse on a disk' fuseblk
}

@test "ext4 served by fuse2fs counts as shared" {
	loop_image 32M mke2fs -q -t ext4
	fuse2fs "$scratch/image" "$scratch/at"
	wait_for_mount
	try_shared fuse2fs fuse.ext4
}

@test "fuse-overlayfs counts as shared, and copies a database of its lower layer up" {
	local kind
	mkdir "$scratch/lower" "$scratch/upper" "$scratch/worker"
	observer query "$scratch/lower/lower.db" 'CREATE TABLE t(x)'
	fuse-overlayfs -o "lowerdir=$scratch/lower,upperdir=$scratch/upper,workdir=$scratch/worker" "$scratch/at"
	run_shim victim "open a $scratch/at/lower.db" 'exec a INSERT INTO t VALUES(1)' 'exec a PRAGMA journal_mode'
	expect_line delete
	[[ $(observer query "$scratch/upper/lower.db" 'SELECT count(*) FROM t') == 1 ]]
	try_shared fuse-overlayfs fuse.fuse-overlayfs
}

@test "unionfs-fuse counts as shared" {
	mkdir "$scratch/lower"
	unionfs -o cow "$scratch/there=RW:$scratch/lower=RO" "$scratch/at"
	try_shared unionfs-fuse fuse.unionfs
}

@test "mergerfs counts as shared" {
	mkdir "$scratch/second"
	mergerfs "$scratch/there:$scratch/second" "$scratch/at"
	wait_for_mount
	try_shared mergerfs fuse.mergerfs
}

@test "gocryptfs counts as shared" {
	echo secret >"$scratch/secret"
	gocryptfs -q -init -scryptn 10 -passfile "$scratch/secret" "$scratch/there"
	gocryptfs -q -passfile "$scratch/secret" "$scratch/there" "$scratch/at"
	try_shared gocryptfs fuse.gocryptfs
}

@test "encfs counts as shared" {
	echo secret | encfs --stdinpass --standard "$scratch/there" "$scratch/at" >/dev/null
	try_shared encfs fuse.encfs
}

rclone_mount() {
	rclone --config "$scratch/rclone.conf" mount --daemon --vfs-cache-mode writes --cache-dir "$scratch/cache" "$@" "$scratch/at"
	wait_for_mount
}

@test "an rclone mount of a folder counts as shared" {
	: >"$scratch/rclone.conf"
	rclone_mount "$scratch/there"
	try_shared 'rclone mount' fuse.rclone
}

webdav_start() {
	: >"$scratch/rclone.conf"
	setsid rclone --config "$scratch/rclone.conf" serve webdav --addr 127.0.0.1:8080 "$scratch/there" 2>"$scratch/webdav.log" 3>&- &
	background+=("$!")
	wait_for listens 8080
}

@test "davfs2 from a WebDAV server counts as shared" {
	webdav_start
	printf 'ask_auth 0\nuse_locks 0\ncache_dir %s/cache\n' "$scratch" >"$scratch/davfs2.conf"
	mkdir "$scratch/cache"
	chgrp davfs2 "$scratch/cache" && chmod 775 "$scratch/cache"
	chmod 755 "$scratch"
	mount.davfs -o "conf=$scratch/davfs2.conf" http://127.0.0.1:8080/ "$scratch/at"
	# in WAL mode it sometimes works there and mostly does not
	try_shared davfs2 fuse without-wal
}

@test "a database in a read-only image of squashfuse is read as without the library" {
	observer query there.db 'CREATE TABLE t(x); INSERT INTO t VALUES(1)'
	mksquashfs there.db "$scratch/image" -quiet -no-progress >/dev/null
	squashfuse "$scratch/image" "$scratch/at"
	cd "$scratch/at"
	[[ $(kernel_type) == fuse.squashfuse ]]
	for way in plain shim; do
		"run_$way" victim "open a there.db" 'exec a SELECT * FROM t' 'exec a PRAGMA journal_mode' 'exec a INSERT INTO t VALUES(2)'
		expect $'open 0\n1\nexec 0\ndelete\nexec 0\nexec 8 attempt to write a readonly database'
	done
	expect_warnings 1 "*shared filesystem (fuse.squashfuse at $scratch/at)*"
	record squashfuse fuse.squashfuse 'read as without the shim' '-' yes
}
