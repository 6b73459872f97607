# bash completion for sqlprod. Settings come from the library, through "sqlprod settings".

_sqlprod_settings() {
	local name
	while IFS=$'\t' read -r name _; do
		name=${name#SQLPROD_}
		printf '%s=\n' "${name,,}"
	done < <(env -i PATH="$PATH" "$1" settings 2>/dev/null)
}

# The values of a setting that are words.
_sqlprod_values() {
	env -i PATH="$PATH" "$1" settings 2>/dev/null | awk -F '\t' -v name="$2" '
		tolower($1) == "sqlprod_" name || tolower($1) == name {
			count = split($6, words, ", ")
			for (i = 1; i <= count; i++)
				if (words[i] ~ /^[a-z]+$/)
					print words[i]
		}'
}

# The rest of the line is a command of its own.
_sqlprod_offset() {
	if declare -F _comp_command_offset >/dev/null; then
		_comp_command_offset "$1"
	elif declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	else
		mapfile -t COMPREPLY < <(compgen -A command -- "${COMP_WORDS[COMP_CWORD]}")
	fi
}

_sqlprod() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command=run first=1 at
	COMPREPLY=()
	if ((COMP_CWORD > 1)); then
		case ${COMP_WORDS[1]} in
			run | check | settings | ab | revert | locks | top | report | backup | restore)
				command=${COMP_WORDS[1]}
				first=2
				;;
		esac
	fi

	# Among options, bash takes NAME=VALUE for three words.
	if [[ $current == '=' && ${COMP_WORDS[COMP_CWORD - 2]} == @(-s|--set|-A|-B) ]]; then
		mapfile -t COMPREPLY < <(_sqlprod_values "${COMP_WORDS[0]}" "$previous")
		return
	fi
	if ((COMP_CWORD > 3)) && [[ $previous == '=' && ${COMP_WORDS[COMP_CWORD - 3]} == @(-s|--set|-A|-B) ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_sqlprod_values "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD - 2]}")" -- "$current")
		return
	fi
	case $command:$previous in
		run:-s | run:--set | check:-s | check:--set | ab:-A | ab:-B)
			mapfile -t COMPREPLY < <(compgen -W "$(_sqlprod_settings "${COMP_WORDS[0]}")" -- "$current")
			compopt -o nospace
			return
			;;
		run:--log | run:--report | ab:--db | ab:--json | ab:--markdown | ab:--plot)
			compopt -o default
			return
			;;
		check:--pid)
			mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$current")
			return
			;;
	esac

	# The command to run begins after --, or with the first word that is not an option.
	if [[ $command == @(run|check|ab) ]]; then
		for ((at = first; at < COMP_CWORD; at++)); do
			case ${COMP_WORDS[at]} in
				--)
					_sqlprod_offset $((at + 1))
					return
					;;
				-s | --set | -A | -B)
					((at += 1))
					[[ ${COMP_WORDS[at + 1]-} != '=' ]] || ((at += 2))
					;;
				--log | --report | --pid | --variant | --db | -n | --warmup | --load | --ready | --json | --markdown | --plot) ((at += 1)) ;;
				-*) ;;
				*)
					[[ $command != check ]] || break
					_sqlprod_offset "$at"
					return
					;;
			esac
		done
	fi

	local words=
	case $command in
		run) words='-s --set --log --report --help --' ;;
		check) words='--json --text --all-rows --dry-run -s --set --integrity --pid --all --help --' ;;
		ab) words='-A -B --variant --each --db -n --warmup --load --ready --json --markdown --plot --recover --help --' ;;
		settings) words='--json --help' ;;
		revert | restore) words='--help' ;;
		top) words='-n -c --text --help' ;;
		report) words='--json --prometheus --text --help' ;;
		locks) words='--json --help' ;;
		backup) words='--force --help' ;;
	esac
	if [[ $current == -* ]]; then
		((first == 2)) || words+=' --version'
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
	elif [[ $command == run || $command == ab ]]; then
		((first == 2)) || words='run check settings ab locks top report backup restore revert'
		((first == 2)) && words=
		mapfile -t COMPREPLY < <(compgen -W "$words" -A command -- "$current")
	elif [[ $command != settings ]]; then
		compopt -o default
	fi
} && complete -F _sqlprod sqlprod
