# sqlprod ab - compares settings of an unmodified program.
#
# Here the options are read and checked; ab/*.py runs and compares.
# shellcheck shell=sh

ab_usage() {
	cat <<-'END'
		usage: sqlprod ab [-A NAME=VALUE]... [-B NAME=VALUE]... [--variant LABEL:NAME=VALUE,...]... [--each] [--db FILE]...
		                  [-n ROUNDS] [--warmup N] [--load CMD --ready CMD] [--json F] [--markdown F] [--plot F.png] -- COMMAND...
		       sqlprod ab --recover --db FILE

		Runs the command with one setting and with another, in rounds of random order, and shows how they differ. A is the command
		without the library, B has the recipe, unless they are given settings.

		  -A, -B NAME=VALUE      a setting of variant A or B, as for sqlprod run; more after commas
		  --variant LABEL:...    one more variant, of these settings
		  --each                 for each setting of the recipe, one variant without it and one with it alone
		  --db FILE              a database that every run is to find as it is now. The command works on a copy in its place; the
		                         file itself is moved aside and back. No other program may use it meanwhile.
		  -n ROUNDS              runs of each variant (10); 5 at least can show a difference
		  --warmup N             rounds before, that do not count (1)
		  --load CMD             the command is a server: start it, wait until --ready CMD succeeds, measure CMD, end the server
		  --json, --markdown, --plot FILE   the result as such (the plot: PNG or SVG)
		  --recover              put databases back that a killed sqlprod ab has left moved aside

		Exit status: 0 compared; 1 compared, but runs failed; 3 no run of a variant succeeded; 4 to 8 as sqlprod check FILE; 14 a
		database could not be put back, the message says where it is; 2 wrong usage or a bad setting; 12 a tool is missing; 13 another
		error; 125, 126, 127 as sqlprod run; 128 and more: ended by a signal.
	END
}

command_ab() {
	sqlprod_databases=
	sqlprod_a=
	sqlprod_b=
	sqlprod_variants=
	sqlprod_each=false
	sqlprod_rounds=10
	sqlprod_warmup=1
	sqlprod_load=
	sqlprod_ready=
	sqlprod_json=
	sqlprod_markdown=
	sqlprod_plot=
	sqlprod_recover=false
	part records
	part commands/run
	while [ $# -gt 0 ]; do
		case $1 in
			-h | --help)
				ab_usage
				exit
				;;
			--each) sqlprod_each=true ;;
			--recover) sqlprod_recover=true ;;
			-A | -B | -n | --variant | --db | --warmup | --load | --ready | --json | --markdown | --plot)
				[ $# -gt 1 ] || fail 2 "ab: $1 needs a value"
				ab_option "$1" "$2"
				shift
				;;
			--*=*) ab_option "${1%%=*}" "${1#*=}" ;;
			-[ABn]?*)
				sqlprod_value=${1#-?}
				ab_option "${1%"$sqlprod_value"}" "$sqlprod_value"
				;;
			--)
				shift
				break
				;;
			-*) fail 2 "ab: no option $1; see sqlprod ab --help" ;;
			*) break ;;
		esac
		shift
	done
	tool_require python3
	if $sqlprod_recover; then
		[ -n "$sqlprod_databases" ] || fail 2 "ab: --recover needs --db FILE"
		[ $# -eq 0 ] || fail 2 "ab: --recover runs no command"
		ab_start recover
	fi
	[ $# -gt 0 ] || fail 2 "ab: no command; see sqlprod ab --help"
	ab_require "$1"
	ab_start compare -- "$@"
}

ab_option() {
	case $1 in
		-A | -B | --variant | --db | --load | --ready)
			case $2 in
				'') fail 2 "ab: $1 needs a value" ;;
				*[[:cntrl:]]*) fail 2 "ab: $1: must not contain tabs, newlines or other control characters" ;;
			esac
			;;
	esac
	case $1 in
		-A) sqlprod_a=$sqlprod_a${sqlprod_a:+,}$2 ;;
		-B) sqlprod_b=$sqlprod_b${sqlprod_b:+,}$2 ;;
		--variant)
			case $2 in
				:*) fail 2 "ab: --variant $2: no label" ;;
				??????????????????????????????????????????????????*:*) fail 2 "ab: --variant $2: the label must be shorter than 50 characters" ;;
				A:* | B:*) fail 2 "ab: --variant $2: that label is used already" ;;
				*:*) ;;
				*) fail 2 "ab: --variant $2: not LABEL:NAME=VALUE,..." ;;
			esac
			case $sqlprod_newline$sqlprod_variants in
				*"$sqlprod_newline${2%%:*}:"*) fail 2 "ab: --variant $2: that label is used already" ;;
			esac
			sqlprod_variants=$sqlprod_variants$2$sqlprod_newline
			;;
		--db) sqlprod_databases=$sqlprod_databases$2$sqlprod_newline ;;
		-n) sqlprod_rounds=$(ab_number "$1" "$2" 1) || exit ;;
		--warmup) sqlprod_warmup=$(ab_number "$1" "$2" 0) || exit ;;
		--load) sqlprod_load=$2 ;;
		--ready) sqlprod_ready=$2 ;;
		--json | --markdown | --plot)
			ab_output_require "$1" "$2"
			case $1 in
				--json) sqlprod_json=$2 ;;
				--markdown) sqlprod_markdown=$2 ;;
				--plot)
					case $2 in
						*.png | *.svg) sqlprod_plot=$2 ;;
						*) fail 2 "ab: --plot $2: the name must end with .png or .svg" ;;
					esac
					;;
			esac
			;;
		*) fail 2 "ab: no option $1; see sqlprod ab --help" ;;
	esac
}

sqlprod_newline='
'

# Checks that an output can be written, before the runs start.
ab_output_require() {
	run_file_require "$1" "$2"
	[ "$(basename -- "$2" | LC_ALL=C wc -c)" -le 256 ] || fail 2 "ab: $1 $2: the name is too long"
	if [ -e "$2" ]; then
		[ -w "$2" ] || fail 2 "ab: $1 $2: no permission to write it"
		[ "$1" != --plot ] || [ -f "$2" ] || fail 2 "ab: $1 $2: is not a regular file"
	else
		[ -w "$(dirname -- "$2")" ] || fail 2 "ab: $1 $2: no permission to write its folder"
	fi
}

ab_number() {
	case $2 in
		'' | *[!0-9]* | ??????*) fail 2 "ab: $1 $2: not a number from $3 to 99999" ;;
	esac
	[ "$2" -ge "$3" ] || fail 2 "ab: $1 $2: not a number from $3 to 99999"
	printf '%s' "$2"
}

# ab_require COMMAND - ends with a message if something that is needed is missing.
ab_require() {
	if [ -n "$sqlprod_load" ]; then
		[ -n "$sqlprod_ready" ] || fail 2 "ab: --load needs --ready CMD: how to see that the server answers"
	elif [ -n "$sqlprod_ready" ]; then
		fail 2 "ab: --ready goes with --load"
	fi
	part database
	ab_hyperfine_require
	[ -z "$sqlprod_plot" ] || tool_require gnuplot
	run_require "$1"
	[ -z "$sqlprod_databases" ] || while IFS= read -r file; do
		database_require "$file" || exit
		database_neighbours_require "$file" || exit
	done <<-END
		${sqlprod_databases%?}
	END
	sqlprod_variants="A:${sqlprod_a:-sqlprod=off}$sqlprod_newline""B:$sqlprod_b$sqlprod_newline$sqlprod_variants"
	! $sqlprod_each || sqlprod_variants=$sqlprod_variants$(ab_each)$sqlprod_newline
	sqlprod_variants=$(ab_variants) || exit
}

# --shell=none and --output=inherit came with 1.13.
ab_hyperfine_require() {
	tool_require hyperfine
	version=$(hyperfine --version)
	case ${version#hyperfine } in
		0.* | 1.?.* | 1.1[0-2].*) fail 12 "hyperfine 1.13 or newer is needed for this; this is ${version#hyperfine }" ;;
	esac
}

# The settings of the recipe, and what leaves each to the program.
ab_recipe() {
	library_ask --settings 2>/dev/null | awk -F '\t' '
		$6 ~ /keep/ && $3 != "keep" { print tolower(substr($1, 9)) }'
}

# Two variants for each of them: without it, and with it alone.
ab_each() {
	settings=$(ab_recipe)
	for setting in $settings; do
		printf 'without %s:%s=keep\n' "$setting" "$setting"
	done
	for setting in $settings; do
		list=
		for other in $settings; do
			[ "$other" = "$setting" ] || list="$list${list:+,}$other=keep"
		done
		printf 'only %s:%s\n' "$setting" "$list"
	done
}

# The variants, one a line: label and VARIABLE=VALUE, separated by tabs. Exits with 2 if one is not a setting.
ab_variants() {
	printf '%s\n' "$sqlprod_variants" | while IFS=: read -r label settings; do
		[ -n "$label" ] || continue
		line=$label
		printf '%s\n' "$settings" | sed 's/,\([A-Za-z_-]*=\)/\n\1/g' | (
			while IFS= read -r setting; do
				[ -n "$setting" ] || continue
				variable=$(setting_variable "$setting") || exit
				case $variable in
					SQLPROD_REPORT) fail 2 "ab: the report is needed for the comparison itself" ;;
				esac
				export "$variable=${setting#*=}"
				line=$line$(printf '\t%s' "$variable=${setting#*=}")
			done
			settings_require || exit
			printf '%s\n' "$line"
		) || exit
	done
}

# ab_start MODE [-- COMMAND...] - does not return. The system's Python first: others may come as wrappers that change the environment.
ab_start() {
	python=/usr/bin/python3
	[ -x "$python" ] || python=python3
	mode=$1
	shift
	[ -z "$sqlprod_preload" ] || export LD_PRELOAD="$sqlprod_preload"
	exec "$python" -EsB "$sqlprod_parts/ab/main.py" "mode=$mode" "library=$sqlprod_library" "rounds=$sqlprod_rounds" \
		"warmup=$sqlprod_warmup" "each=$sqlprod_each" "variants=$sqlprod_variants" "databases=$sqlprod_databases" "load=$sqlprod_load" \
		"ready=$sqlprod_ready" "json=$sqlprod_json" "markdown=$sqlprod_markdown" "plot=$sqlprod_plot" "$@"
}
