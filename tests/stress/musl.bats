# The second door with musl.
load ../harness/harness
load ../harness/reached

@test "a program of musl with SQLite inside is reached" {
	reached 'embedded copy' run_plain run_shim "$build/victim_inside"
}

@test "the library answers as a program, and needs musl's libc alone" {
	run_app "$shim" --version
	expect_quiet
	[[ $(readelf -d "$shim" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p') == libc.so ]]
}
