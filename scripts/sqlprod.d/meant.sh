# meant.sh - what was meant by a word that is neither a command of sqlprod nor a program. Needs database.sh.
# shellcheck shell=sh

# meant_command WORD - prints the command of sqlprod that was likely meant: another word for it, or one mistyped in up to two letters.
meant_command() (
	[ ${#1} -lt 20 ] || exit
	set -- "$(printf %s "$1" | LC_ALL=C tr '[:upper:]' '[:lower:]')"
	case $1 in
		status | info | stat | show | verify | test | doctor) echo check && exit ;;
		config | set | get | list | variables) echo settings && exit ;;
		undo | disable | reset | uninstall) echo revert && exit ;;
		start | exec | launch) echo run && exit ;;
		bench | compare | benchmark) echo ab && exit ;;
		dump | save | copy) echo backup && exit ;;
		who | holders | lsof) echo locks && exit ;;
	esac
	[ ${#1} -ge 3 ] || exit
	for file in "$sqlprod_parts"/commands/*.sh help.sh version.sh status.sh; do
		command=${file##*/}
		printf '%s %s\n' "$1" "${command%.sh}"
	done | awk '
		# transposed letters count once
		function distance(a, b, i, j, best, d) {
			for (i = 0; i <= length(a); i++) d[i, 0] = i
			for (j = 0; j <= length(b); j++) d[0, j] = j
			for (i = 1; i <= length(a); i++)
				for (j = 1; j <= length(b); j++) {
					best = d[i - 1, j - 1] + (substr(a, i, 1) != substr(b, j, 1))
					if (d[i - 1, j] + 1 < best) best = d[i - 1, j] + 1
					if (d[i, j - 1] + 1 < best) best = d[i, j - 1] + 1
					if (i > 1 && j > 1 && substr(a, i, 1) == substr(b, j - 1, 1) && substr(a, i - 1, 1) == substr(b, j, 1) && d[i - 2, j - 2] + 1 < best)
						best = d[i - 2, j - 2] + 1
					d[i, j] = best
				}
			return d[length(a), length(b)]
		}
		length($2) > 2 {
			n = distance($1, $2)
			if (n <= 2 && n < length($2) / 2 && (least == "" || n < least)) { least = n; nearest = $2 }
		}
		END { if (nearest != "") print nearest == "status" ? "check" : nearest }'
)

# meant_file FILE ARGUMENT... - prints what to do with a file that is no program: what runs it, by its name, or looks at it.
meant_file() (
	[ ${#1} -lt 4096 ] && [ -f "$1" ] || exit
	interpreter=
	case $1 in
		*.py) interpreter=python3 ;;
		*.js | *.cjs | *.mjs) interpreter=node ;;
		*.rb) interpreter=ruby ;;
		*.php) interpreter=php ;;
		*.pl) interpreter=perl ;;
		*.jar) interpreter='java -jar' ;;
		*.sh) interpreter='sh' ;;
	esac
	if [ -n "$interpreter" ]; then
		echo "it is a file here; did you mean $interpreter $*?"
	elif database_is_one "$1"; then
		echo "it is a database; did you mean sqlprod check $1?"
	fi
)
