# sqlprod settings - the table of settings, from the library itself.
# shellcheck shell=sh

settings_usage() {
	cat <<-'END'
		usage: sqlprod settings [--json]

		Shows each setting: its variable, the recipe's value, the value in force in this environment and who decided it, what is
		allowed, and its meaning. Not on a terminal: one line a setting, fields separated by tabs.

		Exit status: 0; 2 wrong usage, or a bad setting in the environment; 125 the library is missing or cannot be asked here.
	END
}

settings_table() {
	awk -F '\t' -v bold="$(tput bold 2>/dev/null)" -v plain="$(tput sgr0 2>/dev/null)" '
		{ for (i = 1; i <= NF; i++) field[NR, i] = $i; if (length($1) > width) width = length($1) }
		END {
			format = "%-" width "s  %-10s  %-10s  %s\n"
			printf bold format plain, "VARIABLE", "RECIPE", "HERE", "DECIDED BY"
			for (row = 1; row <= NR; row++) {
				changed = field[row, 5] == "operator"
				printf (changed ? bold : "") format (changed ? plain : ""), field[row, 1], field[row, 3], field[row, 4],
					field[row, 5]
				printf "    %s\n    allowed: %s\n", field[row, 7], field[row, 6]
			}
		}'
}

command_settings() {
	option=--settings
	case ${1-} in
		-h | --help)
			settings_usage
			exit
			;;
		--json)
			option=--settings=json
			shift
			;;
		-*) fail 2 "settings: no option $1; see sqlprod settings --help" ;;
	esac
	[ $# -eq 0 ] || fail 2 "settings: takes no argument $1"
	library_require
	status=0
	text=$(library_ask "$option" 2>/dev/null) || status=$?
	[ "$status" -eq 0 ] || [ "$status" -eq 2 ] || fail 125 "$sqlprod_library: cannot be run here (status $status)"
	if [ -t 1 ] && [ "$option" = --settings ]; then
		printf '%s\n' "$text" | settings_table
	else
		printf '%s\n' "$text"
	fi
	[ "$status" -eq 0 ] || settings_require
}
