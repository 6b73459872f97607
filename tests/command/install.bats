# Installed like real software: staged, packed, removed; completions.
load sqlprod

# make from the tree, with what was built for the suites, and without the variables of a make around bats.
run_make() {
	local expected=0
	if [[ $1 =~ ^[0-9]+$ ]]; then
		expected=$1
		shift
	fi
	APP_TIMEOUT=300 run_app "$expected" env -u MAKEFLAGS -u MAKELEVEL make -s -C "$root" BUILD="$build" "$@"
}

files() {
	(cd "$1" && find . ! -type d | LC_ALL=C sort)
}

@test "a staged install is whole, works in place, and is removed without a trace" {
	run_make install DESTDIR="$PWD/stage"
	expect_quiet
	for file in bin/sqlprod lib/libsqlprod.so lib/sqlprod/commands/run.sh share/man/man1/sqlprod.1 share/man/man7/libsqlprod.7 \
		share/bash-completion/completions/sqlprod share/zsh/site-functions/_sqlprod; do
		[[ -f stage/usr/local/$file ]] || fail "no $file"
	done
	run_app stage/usr/local/bin/sqlprod sh -c 'echo $LD_PRELOAD'
	expect "$PWD/stage/usr/local/lib/libsqlprod.so"
	run_app stage/usr/local/bin/sqlprod sqlite3 a.db 'PRAGMA journal_mode'
	expect wal
	run_make uninstall DESTDIR="$PWD/stage"
	[[ -z $(files stage) && ! -e stage/usr/local/lib/sqlprod ]]
}

@test "every folder can be chosen" {
	folders=(PREFIX=/opt/x BINDIR=/opt/x/sbin LIBDIR=/opt/lib64 PARTSDIR=/srv/parts MANDIR=/opt/man
		BASHCOMPDIR=/etc/bash ZSHCOMPDIR=/etc/zsh)
	run_make install DESTDIR="$PWD/stage" "${folders[@]}"
	[[ -x stage/opt/lib64/libsqlprod.so && -f stage/srv/parts/report.awk && -f stage/opt/man/man7/libsqlprod.7 ]]
	run_app stage/opt/x/sbin/sqlprod sqlite3 a.db 'PRAGMA journal_mode'
	expect wal
	run_app 0 stage/opt/x/sbin/sqlprod check -- sqlite3 a.db 'CREATE TABLE t(a)'
	run_make uninstall DESTDIR="$PWD/stage" "${folders[@]}"
	[[ -z $(files stage) ]]
}

@test "uninstall leaves what others put there" {
	run_make install DESTDIR="$PWD/stage"
	: >stage/usr/local/bin/other
	: >stage/usr/local/lib/libother.so
	run_make uninstall DESTDIR="$PWD/stage"
	[[ $(files stage) == $'./usr/local/bin/other\n./usr/local/lib/libother.so' ]]
}

@test "a staged install runs no ldconfig, a real one does" {
	mkdir bin
	printf '#!/bin/sh\n[ "$1" = -p ] || echo "called $*" >>"%s/called"\n' "$PWD" >bin/ldconfig
	chmod +x bin/ldconfig
	PATH=$PWD/bin:$PATH run_make install DESTDIR="$PWD/stage"
	[[ ! -e called ]]
	PATH=$PWD/bin:$PATH run_make install PREFIX="$PWD/real"
	# without a folder, which the next one would forget
	[[ $EUID -ne 0 || $(<called) == 'called ' ]]
	run_app real/bin/sqlprod sqlite3 a.db 'PRAGMA journal_mode'
	expect wal
	PATH=$PWD/bin:$PATH run_make uninstall PREFIX="$PWD/real"
	[[ -z $(files real) ]]
}

@test "the package holds an install under /usr, the same bytes each time" {
	{ command -v dpkg-deb && command -v dpkg-shlibdeps; } >/dev/null || skip "no dpkg tools"
	run_make deb
	package=${lines[0]}
	first=$(md5sum <"$package")
	# another filesystem, on which files and folders have another size
	TMPDIR=/dev/shm run_make deb
	[[ $(md5sum <"$package") == "$first" ]]
	[[ $(dpkg-deb -f "$package" Package) == sqlprod && $(dpkg-deb -f "$package" Version) == "$("$library" --version)" ]]
	[[ $(dpkg-deb -f "$package" Depends) == 'libc6 (>= '*')' ]]
	dpkg-deb -x "$package" stage
	(cd stage && dpkg-deb -I "$package" md5sums | md5sum --quiet -c)
	[[ $(dpkg-deb -c "$package" | awk '$2 != "root/root"') == '' ]]
	run_app stage/usr/bin/sqlprod sqlite3 a.db 'PRAGMA journal_mode'
	expect wal
}

@test "a package that cannot be made says why" {
	{ command -v dpkg-deb && command -v dpkg-shlibdeps; } >/dev/null || skip "no dpkg tools"
	mkdir bin
	printf '#!/bin/sh\nexit 1\n' >bin/dpkg-query
	chmod +x bin/dpkg-query
	PATH=$PWD/bin:$PATH run_make 2 deb
	[[ $stderr == *"dpkg-shlibdeps: error: "* ]]
}

@test "the tarball is the same bytes each time, and builds" {
	git -C "$root" rev-parse HEAD >/dev/null 2>&1 || skip "no git tree"
	run_make dist-source
	tarball=${lines[0]}
	first=$(md5sum <"$tarball")
	run_make dist-source
	[[ $(md5sum <"$tarball") == "$first" ]]
	tar xzf "$tarball"
	(cd sqlprod-*/ && APP_TIMEOUT=300 run_app env -u MAKEFLAGS -u MAKELEVEL make -s BUILD=out install DESTDIR="$PWD/stage")
	run_app sqlprod-*/stage/usr/local/bin/sqlprod --version
}

# complete WORD… - what bash offers for the last word.
complete_words() {
	completion=$(find "${sqlprod%/*}/../share/bash-completion" "$root/scripts/completions" -name 'sqlprod*' -type f 2>/dev/null | head -n 1)
	PATH=${sqlprod%/*}:$PATH run_app bash -c '. "$0"; compopt() { :; }
		COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sqlprod; printf "%s\n" "${COMPREPLY[@]}"' "$completion" "$@"
}

@test "bash completes commands, options, settings and their values" {
	complete_words sqlprod re
	expect_line revert
	expect_line restore
	complete_words sqlprod check --
	expect_line --integrity
	expect_line --pid
	complete_words sqlprod run -s busy_
	expect $'busy_timeout=\nbusy_wait='
	complete_words sqlprod -s journal_mode = t
	expect truncate
	complete_words sqlprod check -s begin =
	expect $'auto\nimmediate\nreserve\nexclusive\nkeep'
	complete_words sqlprod ab -A journal_mode = t
	expect truncate
	complete_words sqlprod ab -n 5 --db a.db -- sqlite
	expect_line sqlite3
	complete_words sqlprod ab --re
	expect $'--ready\n--recover'
	complete_words sqlprod settings --
	expect $'--json\n--help'
	complete_words sqlprod run sqlite
	expect_line sqlite3
	complete_words sqlprod check --pid "$$"
	expect_line "$$"
	complete_words sqlprod run -s begin = keep -- sqlite
	expect_line sqlite3
}

@test "zsh can read its completion" {
	command -v zsh >/dev/null || skip "no zsh"
	run_app zsh -n "$root/scripts/completions/_sqlprod"
	expect_quiet
}
