# executable.sh - finds whether the library can work in an executable. Reads files and starts nothing.
#
# The loader ignores LD_PRELOAD in programs that gain privileges, does not exist in static ones, and refuses a library of another kind.
# shellcheck shell=sh

# executable_find NAME - prints the file that the system would execute. Fails with 126 or 127, as env(1).
executable_find() (
	found=
	case $1 in
		'') fail 127 "the command's name is empty" ;;
		*/*)
			[ -e "$1" ] || fail 127 "$1: no such file"
			found=$1
			;;
		*)
			IFS=:
			set -f
			for folder in ${PATH-/bin:/usr/bin}; do
				file=${folder:-.}/$1
				[ -f "$file" ] || continue
				found=$file
				[ ! -x "$file" ] || break
			done
			;;
	esac
	[ -n "$found" ] || fail 127 "$1: not found"
	[ ! -d "$found" ] || fail 126 "$found: is a folder"
	[ -f "$found" ] || fail 126 "$found: is not a regular file"
	[ -x "$found" ] || fail 126 "$found: not executable"
	printf '%s' "$found"
)

# Checks everything that must hold before the command is started.
executable_require() (
	file=$(executable_find "$1") || exit
	executable_walk "$file" 0 || exit
	[ -z "$executable_problem" ] && exit
	[ "$executable_file" = "$file" ] || executable_problem="its interpreter $executable_file $executable_problem"
	fail 125 "$file: $executable_problem"
)

# executable_walk FILE DEPTH - follows #! lines. Sets executable_file to the one that the loader will see, and executable_problem to
# why the library cannot work there, or to nothing.
executable_walk() {
	executable_file=$1
	executable_problem=
	[ -f "$1" ] && [ -r "$1" ] || return 0
	case $(od -An -v -tx1 -N4 <"$1") in
		' 23 21 '*)
			[ "$2" -lt 5 ] || return 0
			interpreter=$(interpreter_of "$1")
			[ -n "$interpreter" ] || return 0
			if ! interpreter_file=$(executable_find "$interpreter" 2>/dev/null); then
				[ ! -e "$interpreter" ] || fail 126 "$1: its interpreter $interpreter cannot be run"
				fail 127 "$1: its interpreter $interpreter does not exist"
			fi
			executable_walk "$interpreter_file" $(($2 + 1))
			;;
		' 7f 45 4c 46') executable_problem=$(elf_problem "$1") ;;
	esac
}

# executable_mentions FILE PATTERN - of 300 megabytes at most, line by line.
executable_mentions() {
	head -c 300000000 <"$1" | LC_ALL=C tr '\0' '\n' | grep -aq -- "$2"
}

# interpreter_of SCRIPT - what its #! line runs, also through env(1). The kernel reads 256 bytes of it.
interpreter_of() (
	line=$(head -c 256 <"$1" | tr '\0' '\n' | sed -n 1p)
	line=${line#'#!'}
	set -f
	# shellcheck disable=SC2086 # words
	set -- ${line%"$(printf '\r')"}
	[ $# -gt 0 ] || exit
	interpreter=$1
	[ "${1##*/}" = env ] || {
		printf '%s' "$1"
		exit
	}
	shift
	while [ $# -gt 0 ]; do
		case $1 in
			-u | -C | --unset | --chdir) [ $# -lt 2 ] || shift ;;
			-S?*)
				printf '%s' "${1#-S}"
				exit
				;;
			-* | *=*) ;;
			*)
				printf '%s' "$1"
				exit
				;;
		esac
		shift
	done
	printf '%s' "$interpreter"
)

# elf_facts FILE - its kind, and its loader, or "-" if it has none, or "?" if no kernel would take it.
elf_facts() (
	header=$(elf_bytes "$1" 0 64)
	facts=$(printf '%s\n' "$header" | awk -f "$sqlprod_parts/elf.awk")
	kind=${facts%% *}
	place=${facts#* }
	[ "$place" = '?' ] || place=$({
		printf '%s\ntable\n' "$header"
		elf_bytes "$1" "${place% *}" "${place#* }"
	} | awk -f "$sqlprod_parts/elf.awk" | cut -d ' ' -f 2-)
	case $place in
		*' '?????*) place='?' ;;
		*' '*) place=$(od -An -v -tc -j"${place% *}" -N"${place#* }" <"$1" 2>/dev/null | tr -d ' \n' | sed 's/\\0.*//') ;;
	esac
	printf '%s %s' "$kind" "${place:-?}"
)

# elf_bytes FILE PLACE LENGTH - as numbers.
elf_bytes() {
	od -An -v -tu1 -j"$2" -N"$3" <"$1" 2>/dev/null
}

# elf_problem FILE - why the library cannot work in this executable; nothing if it can.
elf_problem() (
	facts=$(elf_facts "$1")
	own=$(elf_facts "$sqlprod_library")
	loader=${facts#* }
	case $facts in
		"${own%% *} "*) ;;
		1.*) echo "is a 32-bit program or for another machine, the library is not" && exit ;;
		*) echo "is for another machine than the library" && exit ;;
	esac
	case ${1##*/} in
		ld.so | ld-*.so* | ld64.so*) exit ;;
	esac
	if [ "$loader" = '?' ]; then
		echo "is damaged: its ELF header is invalid"
	elif [ "$loader" = - ]; then
		echo "is fully static: it has no loader that could load the library"
	elif [ "${loader##*/}" != "${own##*/}" ]; then
		case $loader in
			*/ld-musl-*) echo "is built for musl, the library for another libc" ;;
			*) echo "is built for another libc (its loader is $loader)" ;;
		esac
	else
		privilege_problem "$1"
	fi
)

# privilege_problem FILE - does it gain privileges when this user starts it? Then the loader ignores LD_PRELOAD.
privilege_problem() (
	user=$(id -u)
	hint=
	case ${1##*/} in
		sudo | su | doas | pkexec) hint="; put sqlprod after it: ${1##*/} ... sqlprod COMMAND" ;;
	esac
	if [ -u "$1" ] && [ "$(stat -Lc %u -- "$1")" != "$user" ]; then
		echo "is setuid, and the loader ignores LD_PRELOAD there$hint"
	elif [ -g "$1" ] && [ "$(stat -Lc %g -- "$1")" != "$(id -g)" ]; then
		echo "is setgid, and the loader ignores LD_PRELOAD there$hint"
	elif [ "$user" -ne 0 ] && [ -n "$(PATH=$PATH:/usr/sbin:/sbin getcap "$1" 2>/dev/null)" ]; then
		echo "has file capabilities, and the loader ignores LD_PRELOAD there"
	fi
)
