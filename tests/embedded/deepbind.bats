# Plugins loaded with RTLD_DEEPBIND, as PHP loads its extensions. No sanitizer's runtime allows that.
load ../harness/harness

@test "a plugin loaded with RTLD_DEEPBIND and linked to libsqlite3 is interposed" {
	script=('open a t.db' 'exec a CREATE TABLE t(x)' 'exec a BEGIN' 'sh observer lock t.db' 'exec a COMMIT' 'exec a PRAGMA journal_mode'
		'close a')
	run_plain "$build/embedded/deep" "$build/programs/victim.so" "${script[@]}"
	wanted=$(sed 's/^free$/held/; s/^delete$/wal/' <<<"$output")
	rm -f t.db
	SQLPROD_REPORT=$scratch/report.json run_shim "$build/embedded/deep" "$build/programs/victim.so" "${script[@]}"
	expect "$wanted"
	expect_quiet
	[[ $(report "$scratch/report.json" reached) == interposition ]]
}

@test "a plugin loaded with RTLD_DEEPBIND with an embedded SQLite is left alone, and gives one warning" {
	script=('open a t.db' 'exec a CREATE TABLE t(x)' 'exec a BEGIN' 'sh observer lock t.db' 'exec a COMMIT' 'close a')
	run_plain "$build/embedded/deep" "$build/embedded/plugin_O2.so" "${script[@]}"
	wanted=$output
	rm -f t.db
	run_shim "$build/embedded/deep" "$build/embedded/plugin_O2.so" "${script[@]}"
	expect "$wanted"
	expect_warnings 1 '*plugin_O2.so carries a SQLite that cannot be reached*'
}
