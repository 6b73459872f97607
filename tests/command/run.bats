# sqlprod run: the command starts as it would without, but for the library.
load sqlprod

journal_mode='import sqlite3; print(sqlite3.connect("t.db").execute("PRAGMA journal_mode").fetchone()[0])'

@test "a command run by sqlprod gets the recipe, and without sqlprod it does not" {
	run_plain sqlite3 a.db 'PRAGMA journal_mode'
	expect delete
	run_app "$sqlprod" run sqlite3 a.db 'PRAGMA journal_mode; PRAGMA busy_timeout;'
	expect $'wal\n30000'
	expect_quiet
}

@test "the word run may be omitted, and -- may precede any command" {
	for words in "" run -- "run --"; do
		rm -f a.db*
		# shellcheck disable=SC2086 # words
		run_app "$sqlprod" $words sqlite3 a.db 'PRAGMA journal_mode'
		expect wal
	done
}

@test "a command named like a subcommand is run by sqlprod run" {
	mkdir bin
	printf '#!/bin/sh\necho mine\n' >bin/check
	chmod +x bin/check
	PATH=$PWD/bin:$PATH run_app "$sqlprod" run check
	expect mine
}

@test "real programs of many languages get the recipe" {
	run_app "$sqlprod" /usr/bin/python3 -c "$journal_mode"
	expect wal
	rm -f t.db*
	run_app "$sqlprod" victim 'open a t.db' 'exec a PRAGMA journal_mode'
	expect_line wal
	rm -f t.db*
	# shellcheck disable=SC2016 # Perl
	perl -MDBD::SQLite -e 1 2>/dev/null || return 0
	run_app "$sqlprod" perl -MDBI -e 'print DBI->connect("dbi:SQLite:t.db")->selectrow_array("PRAGMA journal_mode")'
	expect wal
}

@test "options of run set settings, in any spelling" {
	for setting in busy_timeout=77 BUSY_TIMEOUT=77 busy-timeout=77 SQLPROD_BUSY_TIMEOUT=77; do
		run_app "$sqlprod" run -s "$setting" sqlite3 a.db 'PRAGMA busy_timeout'
		expect 77
	done
	run_app "$sqlprod" run -sbusy_timeout=78 sqlite3 a.db 'PRAGMA busy_timeout'
	expect 78
	run_app "$sqlprod" --set=busy_timeout=79 --set cache_size=-5 sqlite3 a.db 'PRAGMA busy_timeout; PRAGMA cache_size'
	expect $'79\n-5'
}

@test "an option overrides the environment, which overrides the recipe" {
	SQLPROD_BUSY_TIMEOUT=5 run_app "$sqlprod" sqlite3 a.db 'PRAGMA busy_timeout'
	expect 5
	SQLPROD_BUSY_TIMEOUT=5 run_app "$sqlprod" -s busy_timeout=6 sqlite3 a.db 'PRAGMA busy_timeout'
	expect 6
}

@test "log and report go to the paths given, even if the program changes its working folder" {
	mkdir there
	run_app "$sqlprod" --log log --report report -s log_level=debug victim 'chdir there' 'open a t.db' 'exec a SELECT 1' 'close a'
	expect_quiet
	[[ -s report && ! -e there/report ]]
	[[ ! -e there/log ]]
	[[ $(report report database) == "$PWD/there/t.db" ]]
}

@test "run passes on the command's exit status and signals" {
	run_app 7 "$sqlprod" sh -c 'exit 7'
	run_app 0 "$sqlprod" true
	run_app 1 "$sqlprod" false
	run_app 137 sh -c "\"$sqlprod\" sh -c 'kill -KILL \$\$'"
}

@test "run executes the command in its own process" {
	run_app sh -c 'echo $$; exec "$0" sh -c "echo \$\$; ps -o pid= --ppid \$\$ | wc -l"' "$sqlprod"
	[[ ${lines[0]} == "${lines[1]}" ]]
	# ps itself, and the subshell of the pipe's end where sh makes one
	[[ ${lines[2]} -le 2 ]]
}

@test "signals sent to run reach the command" {
	start_plain one "$sqlprod" sh -c 'trap "echo got it; exit 3" TERM; echo ready >ready; while :; do sleep 0.05; done'
	until [[ -s ready ]]; do sleep 0.05; done
	pkill -TERM -g "$started" -x sh
	finish "$started" one 3
	expect 'got it'
}

@test "run passes standard input, arguments and the environment to the command" {
	run_app sh -c 'printf "a\nb\n" | "$0" cat' "$sqlprod"
	expect $'a\nb'
	run_app "$sqlprod" printf '<%s>\n' '' 'a b' '*' -s --help $'x\ny'
	expect $'<>\n<a b>\n<*>\n<-s>\n<--help>\n<x\ny>'
	# names that the script itself might use
	run_app env status=1 file=2 name=3 command=4 home=5 found=6 IFS=7 "$sqlprod" env
	for line in status=1 file=2 name=3 command=4 home=5 found=6; do
		expect_line "$line"
	done
}

@test "a command that ignores SIGPIPE still does so under run" {
	run_app sh -c 'trap "" PIPE; exec "$0" sqlite3 --version' "$sqlprod"
	expect_quiet
}

@test "run puts the library first in LD_PRELOAD, once" {
	run_app env LD_PRELOAD="$build/programs/victim.so" "$sqlprod" sh -c 'echo $LD_PRELOAD'
	expect "$library:$build/programs/victim.so"
	run_app "$sqlprod" "$sqlprod" sh -c 'echo $LD_PRELOAD'
	expect "$library"
}

@test "run finds the library from anywhere, through links too, never in the current folder" {
	mkdir bin build
	: >libsqlprod.so
	: >build/libsqlprod.so
	ln -s "$sqlprod" bin/sqlprod
	PATH=$PWD/bin:$PATH run_app sqlprod sh -c 'echo $LD_PRELOAD'
	expect "$library"
	(cd bin && run_app ./sqlprod sh -c 'echo $LD_PRELOAD' && expect "$library")
}

@test "run refuses bad settings with one message before anything starts" {
	SQLPROD_BEGIN=perhaps run_app 2 "$sqlprod" touch started
	expect_refused 'SQLPROD_BEGIN="perhaps" is not understood (allowed: *'
	run_app 2 "$sqlprod" -s cache_size=big touch started
	expect_refused 'SQLPROD_CACHE_SIZE="big" *'
	run_app 2 "$sqlprod" -s busy_timeot=5 touch started
	expect_refused 'SQLPROD_BUSY_TIMEOT is not a setting *SQLPROD_BUSY_TIMEOUT*'
	SQLPROD_BEGIN=x SQLPROD_MMAP_SIZE=y run_app 2 "$sqlprod" touch started
	expect_refused '*; and 1 more like this'
	run_app 2 "$sqlprod" -s 'begin=a'$'\n''b' touch started
	expect_refused '*'
	[[ ! -e started ]]
}

@test "wrong usage of run gives one line and exit status 2" {
	run_app 2 "$sqlprod"
	[[ $stderr == usage:* ]]
	run_app 2 "$sqlprod" run
	expect_refused 'run: no command; *'
	run_app 2 "$sqlprod" run --
	expect_refused 'run: no command; *'
	run_app 2 "$sqlprod" --nonsense true
	expect_refused 'run: no option --nonsense; *'
	run_app 2 "$sqlprod" -s
	expect_refused '-s needs a value'
	run_app 2 "$sqlprod" -s begin true
	expect_refused '-s begin: not NAME=VALUE'
	run_app 2 "$sqlprod" -s =5 true
	expect_refused '-s =5: not the name of a setting'
	run_app 2 "$sqlprod" -s 'a;b=5' true
	expect_refused '-s a;b=5: not the name of a setting'
	run_app 2 "$sqlprod" run --log
	expect_refused '--log needs a value'
	run_app 2 "$sqlprod" --log '' true
	expect_refused '--log needs a file'
	run_app 2 "$sqlprod" --report /nowhere/report true
	expect_refused '--report /nowhere/report: no such folder'
	run_app 2 "$sqlprod" --report . true
	expect_refused '--report .: is a folder'
}

@test "every subcommand has --help and --version" {
	run_app "$sqlprod" --version
	[[ $output =~ ^sqlprod\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	for command in "" run check settings revert; do
		# shellcheck disable=SC2086 # none or one
		run_app "$sqlprod" $command --help
		[[ ${lines[0]} == "usage: sqlprod"* ]]
		expect_quiet
	done
}

@test "run exits with 125 if the library is missing" {
	mkdir -p bin
	sed 's|^sqlprod_library_at=.*|sqlprod_library_at=nowhere.so|; s|^sqlprod_parts_at=.*|sqlprod_parts_at=parts|' "$sqlprod" >bin/sqlprod
	chmod +x bin/sqlprod
	run_app 125 bin/sqlprod true
	expect_refused 'its other files are not in *'
	ln -s "$(readlink -f "${sqlprod%/*}/$(sed -n 's/^sqlprod_parts_at=//p' "$sqlprod")")" bin/parts
	run_app 125 bin/sqlprod true
	expect_refused '*nowhere.so: not found; *'
}
