# scenes.bash - for suites that play the scenes of tests/programs/scenes*.c.

# twin WAY SCENE [SED] - the scene prints the same with the library, but for what the sed script changes.
twin() {
	local wanted
	rm -rf ./*
	run_plain scenes "$1" "$2"
	wanted=$(sed "${3-}" <<<"$output")
	[[ -n $wanted ]]
	rm -rf ./*
	run_shim scenes "$1" "$2"
	expect "$wanted"
	expect_quiet
}
