# library.sh - runs the library to get its table of settings and the values that the environment results in.
# shellcheck shell=sh

library_require() {
	[ -f "$sqlprod_library" ] || fail 125 "$sqlprod_library: not found; build it (make) or install it again"
	case $sqlprod_library in
		*:* | *[[:space:]]*) fail 125 "$sqlprod_library: LD_PRELOAD cannot hold a path with a colon or a blank" ;;
	esac
}

# library_ask ARGUMENT... - runs the library as a program.
library_ask() (
	unset LD_PRELOAD
	exec "$sqlprod_library" "$@"
)

# Ends with 2 and one message if the environment holds a bad setting.
settings_require() (
	complaints=$(library_ask --settings 2>&1 >/dev/null)
	[ $? -eq 2 ] || return 0
	first=$(printf '%s\n' "$complaints" | sed -n '1s/, [^,]* stays in force (/ (/; 1p')
	count=$(printf '%s\n' "$complaints" | wc -l)
	[ "$count" -eq 1 ] || first="$first; and $((count - 1)) more like this"
	fail 2 "$first"
)

# setting_variable NAME=VALUE - prints the variable: journal_mode, JOURNAL-MODE and SQLPROD_JOURNAL_MODE name the same.
setting_variable() (
	# A shell's ${1%%=*} takes minutes for a word of 100 KB without one; a variable of more than 128 KB lets no program start.
	name=$(printf '%.100s' "$1")
	case $1 in
		*=*) ;;
		*) fail 2 "-s $1: not NAME=VALUE" ;;
	esac
	name=${name%%=*}
	[ ${#1} -le 100000 ] || fail 2 "-s $name: the value is too long"
	case $name in
		'' | *[!A-Za-z_-]*) fail 2 "-s $1: not the name of a setting" ;;
	esac
	name=$(printf '%s' "$name" | LC_ALL=C tr 'a-z-' 'A-Z_')
	case $name in
		SQLPROD | SQLPROD_*) printf '%s' "$name" ;;
		*) printf 'SQLPROD_%s' "$name" ;;
	esac
)

# path_absolute FILE - as SQLPROD_LOG wants it: the program may change its working folder.
path_absolute() {
	case $1 in
		/*) printf '%s' "$1" ;;
		*) printf '%s/%s' "$(pwd)" "$1" ;;
	esac
}
