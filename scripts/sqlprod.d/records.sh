# records.sh - output: records of a key and its values, one a line, separated by tabs, with \t \n \\ in values.
#
# A terminal gets them as text, and a pipe with --text; else a pipe gets them as they are, --json as a document.
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

# records_text - the same as text: for a terminal, or where sqlprod_text is true. sqlprod_all_rows: with what nobody can act on too.
records_text() (
	bold='' red='' green='' yellow='' plain=''
	if [ -t 1 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ]; then
		bold=$(printf '\033[1m') red=$(printf '\033[31m') green=$(printf '\033[32m') yellow=$(printf '\033[33m') plain=$(printf '\033[0m')
	fi
	all=
	! ${sqlprod_all_rows-false} || all=1
	exec 3>&1
	LC_ALL=C exec awk -F '\t' -v width="$(records_width)" -v all="$all" -v bold="$bold" -v red="$red" -v green="$green" -v yellow="$yellow" \
		-v plain="$plain" -f "$sqlprod_parts/units.awk" -f "$sqlprod_parts/records.awk"
)

# records_width - the columns of the terminal that descriptor 3 is; of COLUMNS, or 80, where it is none.
records_width() (
	width=
	[ ! -t 3 ] || width=$(stty size <&3 2>/dev/null)
	width=${width#* }
	case ${COLUMNS-}:$width in
		*:[1-9]*) ;;
		[1-9]*:*) width=$COLUMNS ;;
		*) width=80 ;;
	esac
	case $width in
		*[!0-9]*) width=80 ;;
	esac
	echo "$width"
)

# records_show - from standard input to standard output.
records_show() {
	if [ -t 1 ] || ${sqlprod_text-false}; then
		records_text
	else
		cat
	fi
}
