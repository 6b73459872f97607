# Interposition and embedded copies on arm64. Built and run by make check-arm64.
load ../harness/harness
load ../harness/reached

arm64=$build/arm64

# qemu_plain PROGRAM… - a program of arm64.
qemu_plain() {
	run_app qemu-aarch64-static -L /usr/aarch64-linux-gnu "$arm64/$1" "${@:2}"
}

# The same with the library, which is preloaded inside qemu only.
qemu_shim() {
	run_app qemu-aarch64-static -L /usr/aarch64-linux-gnu -E LD_PRELOAD="$arm64/libsqlprod.so" "$arm64/$1" "${@:2}"
}

@test "on arm64 a program with an embedded SQLite is reached" {
	reached 'embedded copy' qemu_plain qemu_shim victim_inside
}

@test "on arm64 two copies in one large program that is not position-independent are reached" {
	qemu_plain two t.db u.db
	expect $'free\nfree\nfree\nfree'
	SQLPROD_BEGIN=immediate SQLPROD_LOG_LEVEL=debug qemu_shim two t.db u.db
	expect $'held\nheld\nheld\nheld'
	[[ $(grep -c 'found near the code' <<<"$stderr") == 2 ]]
}

@test "on arm64 a program linked to libsqlite3 is reached" {
	reached interposition qemu_plain qemu_shim victim_linked
}

@test "on arm64 a plugin linked to libsqlite3 is reached, and dlopen() works" {
	script=(-- "${script[@]}")
	reached interposition qemu_plain qemu_shim host "$arm64/victim.so"
}

@test "on arm64 a plugin loaded with RTLD_DEEPBIND is reached" {
	reached interposition qemu_plain qemu_shim deep "$arm64/victim.so"
}
