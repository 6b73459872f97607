#!/usr/bin/env bats
# README and docs/ say what is so.

load ../harness/harness

@test "the table of settings in docs/settings.md is the library's" {
	diff <("$build/programs/settings_table" markdown) \
		<(grep -E '^\| (variable|SQLPROD)|^\|---\|---\|---\|---\|$' "$root/docs/settings.md" | sed -n '1,/SQLPROD_REPORT_OPEN/p')
}

# targets_of FILE... - the targets of make that pages name in code: after "make", one or several, without variables.
targets_of() {
	# shellcheck disable=SC2016 # the backquotes of Markdown
	grep -hoE '(`(sudo )?|^    |scripts/|&& (sudo )?)make( [a-z][a-z0-9-]*)+' "$@" | sed 's/.*make //' | tr ' ' '\n' | sort -u
}

@test "every make target that README and docs mention exists" {
	cd "$root"
	for page in README.md docs/install.md docs/clients.md docs/benchmarks.md; do
		[[ -n $(targets_of "$page") ]] || fail "$page names no target: is the pattern right?"
	done
	targets_of README.md docs/*.md | while read -r target; do
		make -n "$target" >/dev/null || fail "make $target"
	done
}

@test "README.md has at most 150 lines of at most 100 characters" {
	run_app awk 'END { print NR <= 150 }' "$root/README.md"
	expect 1
	run_app 1 env LC_ALL=C.UTF-8 grep -nE '^.{101,}' "$root/README.md"
	expect ''
}

@test "the figures by framework in README.md are those of docs/clients.md" {
	sed -n '/^## By framework/,/^## /p' "$root/README.md" | grep ' → ' | tr -d '¹²³' | sed 's/^| //' |
		awk -F ' *[|] *' '{ for (i = 1; i < NF; i += 2) print $i "|" $(i + 1) }' >figures
	[[ $(wc -l <figures) -ge 20 ]]
	while IFS='|' read -r name figure; do
		grep -F "$name" "$root/docs/clients.md" | grep -qF "| $figure |" || fail "docs/clients.md has not $figure for $name"
	done <figures
}

@test "the figures of the write load in README.md are those of docs/benchmarks.md" {
	sed -n '/^| \*\*32 processes, 1 ms inside/,/^| \*\*16/p' "$root/docs/benchmarks.md" >load
	sed -n '/^## Numbers/,/^!/p' "$root/README.md" | sed 's/32 writing processes//' | grep -oE '\b[0-9]{2,}\b' | grep -vx 99 >figures
	[[ $(wc -l <figures) -ge 7 ]]
	while read -r figure; do
		grep -qE "\| $figure(\.[0-9]+)? \|" load || fail "docs/benchmarks.md has not $figure"
	done <figures
}

@test "every page in docs/ is linked from README.md, and says in its first paragraph who needs it" {
	for page in "$root"/docs/*.md; do
		grep -qF "(docs/${page##*/})" "$root/README.md" || fail "README.md has no link to $page"
		[[ $(sed -n 3p "$page") == 'For those who '* ]] || fail "${page##*/}: line 3 does not say who needs it"
	done
}

@test "every field of a line of the report is named in docs/report-format.md" {
	SQLPROD_REPORT=report run_shim victim 'open a app.db' 'exec a CREATE TABLE t(x)' 'close a'
	jq -r '.settings |= [.[]] | paths | map(strings)[-1]' report | sort -u >fields
	grep -qx decided_by fields
	grep -qx longest_milliseconds fields
	while read -r field; do
		grep -qw -- "$field" "$root/docs/report-format.md" || fail "$field"
	done <fields
}

@test "docs/troubleshooting.md has every warning of the library, and no other" {
	run_app python3 - "$root" <<'E'
import pathlib, re, sys
root = pathlib.Path(sys.argv[1])
def literals(text):
    return "".join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', text))
sources = [path.read_text() for path in sorted(root.glob("shim/*/*.c"))]
table = (root / "docs/troubleshooting.md").read_text().split("## Warnings")[1]
rows = re.findall(r'^\| (".*?) \|', table, re.M)
phrases = [re.sub("FILE|…| N ", ".*", phrase) for row in rows for phrase in re.findall('"(.*?)"', row)]
calls = [literals(call) for source in sources
         for call in re.findall(r"(?:log_warn_once\(|log_write\(LOG_WARN)(.*?)\);", source, re.S)]
print(len(phrases) > 15, len(calls) > 15)
for phrase in phrases:
    if not any(re.search(phrase, literals(source)) for source in sources):
        print("no warning says:", phrase)
for call in calls:
    if call not in ("", "%s") and not any(re.search(phrase, call) for phrase in phrases):
        print("no row for:", call)
E
	expect 'True True'
}

@test "shim/README.md names every wing, and each wing has a README of three lines" {
	for wing in "$BATS_TEST_DIRNAME"/../../shim/*/; do
		name=$(basename "$wing")
		grep -q "^| $name |" "$wing/../README.md" || fail "shim/README.md does not name $name"
		[[ $(wc -l <"$wing/README.md") -eq 3 ]] || fail "$name/README.md has not three lines"
	done
}

@test "an include that points to a higher wing is refused" {
	cp -r "$root/shim" shim
	run_app "$root/scripts/check-includes" shim
	sed -i '1a #include "policy/apply.h"' shim/locking/futex.c
	run_app 1 "$root/scripts/check-includes" shim
	[[ $output == './locking/futex.c:2: locking must not include "policy/apply.h"' ]]
	cp -r "$root/shim/." shim && sed -i '1a #include "fs/storage.h"' shim/sql/token.c
	run_app 1 "$root/scripts/check-includes" shim
	[[ $output == *'sql must not include "fs/storage.h"' ]]
}

@test "every relative link of the documentation leads to a file and a heading" {
	cd "$root"
	run_app "$root/scripts/check-links"
}

@test "check-links fails at a missing file and at a missing heading, and at nothing else" {
	mkdir docs
	printf '# Two  words, and `code`\n\n## Twice\n\n## Twice\n\n[a](#two--words-and-code) [b](#twice-1) [c](../README.md) [d](https://a.example/x)\n' >docs/a.md
	printf '# Top\n\n[a](docs/a.md#twice) [b](docs) `[code](nowhere)`\n\n```\n[fenced](nowhere)\n```\n' >README.md
	run_app "$root/scripts/check-links" README.md docs/a.md
	expect ''
	echo '[a](docs/b.md) and [b](docs/a.md#thrice) and [c](#bottom)' >>README.md
	run_app 1 "$root/scripts/check-links" README.md docs/a.md
	expect $'README.md:8: docs/b.md\nREADME.md:8: docs/a.md#thrice\nREADME.md:8: #bottom'
}
