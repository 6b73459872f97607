# The command, with arguments, files and an environment that no user intends.
load sqlprod

names=("-" "--" "*" " two " $'new\nline' '$(touch ran)' "it's" 'back\slash' $'\e[31mred' $'\xc2\x9b31m' $'\xff\xfe')

# expect_shown FILE - no byte there that a terminal obeys, but for line ends and tabs.
expect_shown() {
	! LC_ALL=C grep -aP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$1" || fail "a terminal would obey this"
}

# state FILE… - content and times, of its neighbours too.
state() {
	local file
	for file; do
		stat -c '%n %s %Y %Z %a %i' -- "$file" "$file"-* 2>/dev/null || true
		[[ ! -f $file || $(stat -c %s -- "$file") -gt 1000000 ]] || sha256sum -- "$file" "$file"-* 2>/dev/null || true
	done
}

@test "check handles databases of any name, and does not change them" {
	make_wal kept.db
	for name in "${names[@]}"; do
		cp kept.db "./$name"
		before=$(state "./$name")
		run_app any "$sqlprod" check -- "$name"
		# a command follows --: ./ distinguishes it from a file
		run_app 0 "$sqlprod" check "./$name"
		expect_shown "$scratch/stdout"
		expect_shown "$scratch/stderr"
		[[ $(records journal_mode 2) == wal && $(records database 2) == "$PWD"/* ]]
		run_app 0 "$sqlprod" check --json "$PWD/$name"
		jq -e '.journal_mode == "wal"' "$scratch/stdout"
		[[ $(state "./$name") == "$before" && ! -e ran ]]
	done
}

@test "revert handles databases of any name" {
	for name in "${names[@]}"; do
		make_wal kept.db 'PRAGMA page_size=1024;'
		mv kept.db "./$name"
		run_app 0 "$sqlprod" revert "./$name"
		expect_shown "$scratch/stdout"
		expect_shown "$scratch/stderr"
		[[ $(od -An -tu1 -j18 -N2 <"./$name") == *1*1* && ! -e ran ]]
	done
}

@test "environment variables that change how shells work have no effect on sqlprod" {
	make_wal kept.db
	run_app 0 "$sqlprod" check kept.db
	wanted=$output
	# shellcheck disable=SC2016 # shells must not see them
	run_app 0 env 'IFS=a/k' 'BASH_FUNC_grep%%=() { touch ran; }' 'BASH_FUNC_stat%%=() { touch ran; }' 'BASH_ENV=ran.sh' 'ENV=ran.sh' 'PS4=$(touch ran)' \
		'CDPATH=/' 'POSIXLY_CORRECT=1' 'GREP_OPTIONS=-v' 'LC_ALL=C' 'TMPDIR=/tmp' 'sqlprod_parts=/nowhere' 'sqlprod_library=/nowhere' \
		"$sqlprod" check kept.db
	expect "$wanted"
	[[ ! -e ran ]]
}

@test "an output that is closed, full or without a reader is an error and does no harm" {
	make_wal kept.db
	for command in settings 'settings --json' 'check kept.db' '--help' '--version'; do
		# shellcheck disable=SC2016,SC2086 # for the shell that is started; words
		run_app any bash -c '"$@" >&-' - "$sqlprod" $command
		[[ $status -lt 129 ]]
		# shellcheck disable=SC2016,SC2086
		run_app any bash -c '"$@" >/dev/full' - "$sqlprod" $command
		[[ $status -lt 129 ]]
		# shellcheck disable=SC2016,SC2086
		run_app any bash -c '"$@" | head -n 1' - "$sqlprod" $command
		[[ $status -eq 0 && ${#lines[@]} -eq 1 ]]
	done
}
