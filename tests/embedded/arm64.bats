# Both doors on arm64. Built and run by make check-arm64.
load ../harness/harness
load ../harness/reached

arm64=$build/arm64

# qemu_plain PROGRAM… - a program of arm64.
qemu_plain() {
	run_app qemu-aarch64-static -L /usr/aarch64-linux-gnu "$arm64/$1" "${@:2}"
}

# The same with the shim, which is preloaded inside qemu only.
qemu_shim() {
	run_app qemu-aarch64-static -L /usr/aarch64-linux-gnu -E LD_PRELOAD="$arm64/libsqlprod.so" "$arm64/$1" "${@:2}"
}

@test "a program with SQLite inside" {
	reached 'embedded copy' qemu_plain qemu_shim victim_inside
}

@test "two copies in one large program that is not position-independent" {
	qemu_plain two t.db u.db
	expect $'free\nfree\nfree\nfree'
	SQLPROD_LOG_LEVEL=debug qemu_shim two t.db u.db
	expect $'held\nheld\nheld\nheld'
	[[ $(grep -c 'found near the code' <<<"$stderr") == 2 ]]
}

@test "a program that is linked to libsqlite3" {
	reached interposition qemu_plain qemu_shim victim_linked
}

@test "a plugin that brings libsqlite3: dlopen() is passed on" {
	script=(-- "${script[@]}")
	reached interposition qemu_plain qemu_shim host "$arm64/victim.so"
}

@test "a plugin that is loaded with RTLD_DEEPBIND" {
	reached interposition qemu_plain qemu_shim deep "$arm64/victim.so"
}
