# Embedded copies with musl.
load ../harness/harness
load ../harness/reached

@test "a program of musl with an embedded SQLite is reached" {
	reached 'embedded copy' run_plain run_shim "$build/victim_inside"
}

@test "on musl the library runs as a program, and needs nothing but libc" {
	run_app "$shim" --version
	expect_quiet
	[[ $(readelf -d "$shim" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p') == libc.so ]]
}
