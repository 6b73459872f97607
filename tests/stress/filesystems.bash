# filesystems.bash - mounts for a test, and the work to do on them.

# shellcheck disable=SC2154 # from harness.bash

[[ ${TEST_NAMESPACE-} ]] || {
	echo 'run this by tests/stress/filesystems/in_namespace, which lends it mounts of its own' >&2
	exit 1
}

slow=$root/tests/stress
load filesystems_work

setup() {
	unset LD_PRELOAD "${!SQLPROD@}"
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/sqlprod-test.XXXXXX")
	mkdir "$scratch/work" "$scratch/there" "$scratch/at"
	cd "$scratch/work" || return 1
	background=()
}

# What a test mounted goes before its files do.
teardown() {
	cd /
	unmount_all "$scratch"
	local pid
	for pid in ${background[@]+"${background[@]}"}; do
		[[ -z $pid ]] || kill -KILL -- "-$pid" 2>/dev/null || true
	done
	if [[ -e $scratch/loops ]]; then
		xargs -n 1 losetup --detach <"$scratch/loops" || true
	fi
	cd / && rm -rf --one-file-system "$scratch"
}

unmount_all() {
	local mount
	for mount in $(awk -v under="$1/" 'index($5, under) == 1 { print $5 }' /proc/self/mountinfo | tac); do
		umount "$mount" || umount -l "$mount"
	done
}

# loop_image SIZE MKFS... - a filesystem in a file, $scratch/image.
loop_image() {
	truncate -s "$1" "$scratch/image"
	"${@:2}" "$scratch/image" >/dev/null
}

# wait_for COMMAND... - until it succeeds, for half a minute.
wait_for() {
	local tries=300
	until "$@" 2>/dev/null; do
		((tries--)) || fail "in vain: $*" || return
		sleep 0.1
	done
}

listens() {
	: <>"/dev/tcp/127.0.0.1/$1"
}

wait_for_mount() {
	wait_for mountpoint -q "$scratch/at"
}

# A device for $scratch/image that goes when it is unmounted.
loop_device() {
	local device
	device=$(losetup --find --show "$scratch/image")
	echo "$device" >>"$scratch/loops"
	echo "$device"
}
