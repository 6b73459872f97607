# records.sh - output: records of a key and its values, one a line, separated by tabs, with \t \n \\ in values.
#
# A terminal gets them as text, a pipe as they are, --json as a document.
# shellcheck shell=sh

# tool_require NAME - ends with 12 if it is not installed.
tool_require() {
	command -v "$1" >/dev/null || fail 12 "$1 is required for this and is not installed"
}

record() {
	printf '%s' "$1"
	shift
	for field; do
		case $field in
			*[[:cntrl:]\\]* | *[!\ -~]*)
				field=$(printf '%s.' "$field" | sed -e ':a' -e '$!{' -e 'N' -e 'ba' -e '}' -e 's/\\/\\\\/g' -e 's/\t/\\t/g' \
					-e 's/\n/\\n/g' | harmless)
				field=${field%.}
				;;
		esac
		printf '\t%s' "$field"
	done
	echo
}

# records_document - the same as one line of JSON.
records_document() {
	LC_ALL=C awk -f "$sqlprod_parts/json.awk" -f "$sqlprod_parts/records_json.awk"
}

# records_show - from standard input to standard output.
records_show() {
	if [ -t 1 ]; then
		LC_ALL=C awk -F '\t' -v bold="$(tput bold 2>/dev/null)" -v red="$(tput setaf 1 2>/dev/null)" \
			-v plain="$(tput sgr0 2>/dev/null)" -f "$sqlprod_parts/records.awk"
	else
		cat
	fi
}
