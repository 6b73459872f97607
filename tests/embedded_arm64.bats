# Both doors on arm64. Built and run by make check-arm64.
load harness

arm64=$build/arm64

# in_qemu LIBRARY NAME… - a program of arm64 with that library preloaded, none if it is empty. It is preloaded inside qemu only.
in_qemu() {
	run_app qemu-aarch64-static -L /usr/aarch64-linux-gnu ${1:+-E LD_PRELOAD="$1" -E SQLPROD_REPORT="$scratch/report.json"} \
		"$arm64/$2" "${@:3}"
}

script=('open a t.db' 'exec a CREATE TABLE t(x)' 'exec a BEGIN' 'sh outside lock t.db' 'exec a INSERT INTO t VALUES(1)'
	'exec a COMMIT' 'sh outside pragma t.db journal_mode' 'exec a PRAGMA busy_timeout' 'exec a PRAGMA cache_size' 'close a')

values() {
	printf 'open 0\nexec 0\nexec 0\n%s\nexec 0\nexec 0\n%s\n%s\nexec 0\n%s\nexec 0\nclose 0' "$@"
}

# reached DOOR PROGRAM… - locked out with the shim, not without; the report names the door.
reached() {
	in_qemu '' "${@:2}" "${script[@]}"
	expect "$(values free delete 0 -2000)"
	rm -f t.db*
	in_qemu "$arm64/libsqlprod.so" "${@:2}" "${script[@]}"
	expect "$(values held wal 30000 -20000)"
	expect_quiet
	[[ $(report "$scratch/report.json" reached) == "$1" ]]
}

@test "a program with SQLite inside" {
	reached 'embedded copy' victim_inside
}

@test "two copies in one large program that is not position-independent" {
	in_qemu '' two t.db u.db
	expect $'free\nfree\nfree\nfree'
	SQLPROD_LOG_LEVEL=debug in_qemu "$arm64/libsqlprod.so" two t.db u.db
	expect $'held\nheld\nheld\nheld'
	[[ $(grep -c 'found near the code' <<<"$stderr") == 2 ]]
}

@test "a program that is linked to libsqlite3" {
	reached interposition victim_linked
}

@test "a plugin that brings libsqlite3: dlopen() is passed on" {
	script=(-- "${script[@]}")
	reached interposition host "$arm64/victim.so"
}

@test "a plugin that is loaded with RTLD_DEEPBIND" {
	reached interposition deep "$arm64/victim.so"
}
