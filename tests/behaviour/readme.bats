#!/usr/bin/env bats
# The README says what is so.

load harness

readme=$BATS_TEST_DIRNAME/../README.md

@test "the README's table of settings is the library's" {
	diff <("$build/programs/settings_table" markdown) <(grep -E '^\| (variable|SQLPROD)|^\|---\|---\|---\|---\|$' "$readme" | sed -n '1,/SQLPROD_REPORT_OPEN/p')
}

@test "the README names every target that it tells people to make" {
	grep -oE '`?make [a-z-]+' "$readme" | tr -d '`' | sed 's/make //' | sort -u | while read -r target; do
		make -C "$BATS_TEST_DIRNAME/.." -n "$target" >/dev/null
	done
}

@test "the README's list of the rooms has every file" {
	for file in "$BATS_TEST_DIRNAME"/../shim/*.c; do
		name=${file##*/}
		case $name in
			settings*.c | storage*.c) continue ;;
		esac
		grep -q "[ /]$name" "$readme"
	done
}
