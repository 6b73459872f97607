# Filesystems of another kernel, in a machine of its own (filesystems/vm_run): NFS, SMB, 9p, virtiofs, FAT, quotas. Without and with
# the library.
load ../harness/harness
load filesystems

served=/srv/$$

nfs_serve() {
	mkdir -p "$served"
	mountpoint -q /proc/fs/nfsd || mount -t nfsd nfsd /proc/fs/nfsd
	if [[ $(cat /proc/fs/nfsd/threads) == 0 ]]; then
		# how long the first lock has to wait
		echo 10 | tee /proc/fs/nfsd/nfsv4gracetime /proc/fs/nfsd/nfsv4leasetime /proc/sys/fs/nfs/nlm_grace_period >/dev/null || true
		rpcbind -w 3>&-
		rpc.statd 3>&-
		rpc.mountd 3>&-
		rpc.nfsd 4
	fi
	exportfs -o rw,no_root_squash,insecure,no_subtree_check,fsid=7 "127.0.0.1:$served"
}

@test "NFS 4.2 of the kernel counts as shared" {
	nfs_serve
	mount -t nfs -o vers=4.2 "127.0.0.1:$served" "$scratch/at"
	try_shared 'NFS 4.2' nfs4
}

@test "NFS 3 of the kernel counts as shared" {
	nfs_serve
	mount -t nfs -o vers=3,proto=tcp "127.0.0.1:$served" "$scratch/at"
	try_shared 'NFS 3' nfs
}

smb_serve() {
	mkdir -p "$served" /run/samba
	cat >"$scratch/smb.conf" <<-END
		[global]
		interfaces = lo
		bind interfaces only = yes
		smb ports = 445
		map to guest = Bad User
		pid directory = $scratch
		lock directory = $scratch
		state directory = $scratch
		cache directory = $scratch
		private dir = $scratch
		ncalrpc dir = $scratch/rpc
		log file = $scratch/smb.log
		server smb encrypt = off
		[share]
		path = $served
		read only = no
		guest ok = yes
		force user = root
	END
	setsid smbd --foreground --no-process-group --configfile="$scratch/smb.conf" >"$scratch/smbd.log" 2>&1 3>&- &
	background+=("$!")
	wait_for listens 445
}

@test "SMB 3.1.1 by default, where SQLite cannot lock, fails as without the library" {
	local way
	smb_serve
	mount -t cifs -o guest,vers=3.1.1 //127.0.0.1/share "$scratch/at"
	cd "$scratch/at"
	for way in plain shim; do
		SQLPROD_BUSY_TIMEOUT=keep "run_$way" victim 'open a t.db' 'exec a CREATE TABLE t(x)' 'close a'
		expect $'open 0\nexec 5 database is locked\nclose 0'
	done
	cd "$scratch/work"
	record 'SMB 3.1.1' cifs '"database is locked", as without the shim' 'the same' yes
}

@test "SMB 3.1.1 mounted with nobrl counts as shared" {
	smb_serve
	mount -t cifs -o guest,vers=3.1.1,nobrl //127.0.0.1/share "$scratch/at"
	try_shared 'SMB 3.1.1, nobrl' cifs
}

@test "9p from the host, which refuses shared maps, counts as shared" {
	mkdir "/9p/$$"
	mount --bind "/9p/$$" "$scratch/at"
	try_shared 9p 9p wal-fails
}

@test "9p with a cache, which would accept WAL, counts as shared" {
	mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=mmap cached "$scratch/at"
	try_shared '9p, cache=mmap' 9p
}

@test "virtiofs from the host counts as shared" {
	mkdir "/virtiofs/$$"
	mount --bind "/virtiofs/$$" "$scratch/at"
	try_shared virtiofs virtiofs
}

@test "FAT counts as local" {
	loop_image 64M mkfs.vfat
	mount -o loop "$scratch/image" "$scratch/at"
	try_local FAT vfat
}

@test "exFAT of the kernel counts as local" {
	loop_image 64M mkfs.exfat
	mount -o loop "$scratch/image" "$scratch/at"
	try_local 'exFAT by the kernel' exfat
}

@test "f2fs mounted sync counts as local" {
	loop_image 128M mkfs.f2fs -q
	mount -o loop,sync "$scratch/image" "$scratch/at"
	try_local 'f2fs, mounted sync' f2fs
}

@test "ext4 with case folding counts as local" {
	loop_image 64M mke2fs -F -q -t ext4 -O casefold
	mount -o loop "$scratch/image" "$scratch/at"
	mkdir "$scratch/at/folded"
	chattr +F "$scratch/at/folded"
	folder=$scratch/at/folded try_local 'ext4 with casefold' ext4
	cd "$scratch/at/folded"
	run_shim victim 'open a ACCOUNTS.db' 'exec a INSERT INTO entries VALUES(1000)' 'exec a SELECT n FROM sums' 'exec a PRAGMA journal_mode'
	expect $'open 0\nexec 0\n'"$((2 * rounds))"$'\nexec 0\nwal\nexec 0'
	[[ $(observer query accounts.db 'SELECT n FROM entries WHERE n=1000; PRAGMA integrity_check' | xargs) == '1000 ok' ]]
}

@test "with an exhausted quota each statement ends as without the library, and no row is lost" {
	local way free plain
	read_and_write=('open a accounts.db' 'exec a SELECT count(*) FROM entries' 'exec a BEGIN' 'exec a INSERT INTO entries VALUES(1)'
		'exec a COMMIT' 'exec a SELECT count(*) FROM entries' 'close a')
	loop_image 64M mke2fs -F -q -t ext4 -m 0 -O quota -E quotatype=usrquota
	mount -o loop,usrquota "$scratch/image" "$scratch/at"
	chmod 755 "$scratch"
	cd "$scratch/at"
	chmod 777 .
	for free in 0 4 12 64 200; do
		for way in plain shim; do
			make_database rollback accounts.db
			chown 65534 accounts.db
			setquota -u 65534 0 "$((12 + free))" 0 0 .
			"run_$way" setpriv --reuid 65534 --regid 65534 --clear-groups victim "${read_and_write[@]}"
			[[ $way == shim ]] || plain=$output
			echo "free $free: $(ls -s)"
			expect "$plain"
			setquota -u 65534 0 0 0 0 .
			[[ $(observer query accounts.db 'SELECT count(*) FROM entries WHERE n<0; PRAGMA integrity_check' | xargs) == '3 ok' ]]
		done
	done
}
