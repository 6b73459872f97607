# sqlprod check --all: which processes have a database open, and is the library in them.
load sqlprod

# start_user HOW NAME - a process that has a.db open until the test ends.
start_user() {
	"start_$1" "$2" victim 'open a a.db' 'exec a SELECT * FROM t' "sh touch $2" 'sh sleep 60'
	until [[ -e $2 ]]; do sleep 0.05; done
}

@test "a process without the library is found, with its database, and one that has it" {
	make_wal a.db
	start_user plain without
	without=$(pgrep -g "$started" -x victim)
	start_user shim with
	with=$(pgrep -g "$started" -x victim)
	run_app 1 "$sqlprod" check --all
	[[ $(records uses 2 3) == *"$without $PWD/a.db"* && $(records uses 2 3) == *"$with $PWD/a.db"* ]]
	[[ $(records user 2 4 5 | grep "^$without ") == "$without victim no" && $(records user 2 4 5 7 | grep "^$with ") == "$with victim yes " ]]
	[[ $(records user 2 7 | grep "^$without ") == *'start it by sqlprod'* && $(records verdict 2) == missing ]]
	run_app 1 "$sqlprod" check --all --json
	jq -e --argjson pid "$with" --arg file "$PWD/a.db" '.verdict == "missing" and (.processes[] | select(.pid == $pid) | .library and .way == null and .databases == [$file])' <<<"$output"
	expect_quiet
}

@test "text folds the processes of one program, and says how the library would get there" {
	make_wal a.db
	for name in one two three; do start_user plain $name; done
	run_app 1 "$sqlprod" check --all --text
	[[ $(tr -s ' \n' ' ' <<<"$output") == *"victim × 3 ("*"$PWD/a.db library: missing mend: start it by sqlprod"* ]]
}

@test "check --all needs nothing but the library, the shell and common tools" {
	make_wal a.db
	start_user plain without
	start_user shim with
	mkdir bin
	for tool in sh awk cat tr sed readlink dirname stat xargs sort cut od grep head id uname; do ln -s "$(type -P $tool)" "bin/$tool"; done
	for form in '' --text --json; do
		run_app 1 env PATH="$PWD/bin" "$sqlprod" check --all $form
		[[ $output == *"$PWD/a.db"* && $output == *victim* ]]
		expect_quiet
	done
}

@test "other files that are open are no databases, nor is one that nobody has open" {
	echo 'SQLite format 2' >no.db
	make_wal closed.db
	start_plain reader tail -f no.db
	run_app any "$sqlprod" check --all
	[[ $(records uses 3) != *"$PWD/"* ]]
}

@test "a process that the library cannot be in is said to be so" {
	make_wal a.db
	printf '#include <fcntl.h>\n#include <unistd.h>\nint main(void) { open("a.db", O_RDONLY); creat("ready", 0600); sleep(60); return 0; }\n' | cc -static -x c -o static -
	start_plain static ./static
	until [[ -e ready ]]; do sleep 0.05; done
	run_app 1 "$sqlprod" check --all
	[[ $(records user 4 7 | grep '^static ') == 'static cannot be reached: its program is fully static'* ]]
}

@test "a user who has no name is shown by number, as those of DynamicUser are where libnss-systemd is missing" {
	[[ $(id -u) == 0 ]] || skip 'needs root'
	chmod 777 "$scratch" .
	make_wal a.db
	start_plain other setpriv --reuid 61999 --clear-groups tail -f a.db
	until [[ $(ps -o comm= -g "$started") == *tail* ]]; do sleep 0.05; done
	run_app 1 "$sqlprod" check --all
	[[ $(records user 3 4) == *'61999 tail'* ]]
}

# in_parts NAMES COMMAND... - runs a function of the command's, with such parts.
in_parts() {
	sh -c 'sqlprod_parts=$1 sqlprod_library=$2 names=$3; shift 3; part() { . "$sqlprod_parts/$1.sh"; }; for p in $names; do part $p; done; eval "$*"' - \
		"${sqlprod%/*}/$(sed -n 's/^sqlprod_parts_at=//p' "$sqlprod")" "$library" "$@"
}

# unit_of LINES - the unit of a process with such a /proc/PID/cgroup.
unit_of() {
	printf '%s\n' "$@" >cgroup
	in_parts check_all all_unit cgroup
}

@test "the unit is the innermost one of the cgroup, in both versions" {
	[[ $(unit_of '0::/system.slice/gunicorn.service') == gunicorn.service ]]
	[[ $(unit_of '0::/system.slice/system-app.slice/app@1.service/sub') == app@1.service ]]
	[[ $(unit_of '12:pids:/x' '1:name=systemd:/system.slice/cron.service' '0::/') == cron.service ]]
	[[ $(unit_of '0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x\x2dy.service') == 'app-x\x2dy.service' ]]
	[[ $(unit_of '0::/user.slice/user-1000.slice/session-3.scope') == session-3.scope ]]
	[[ $(unit_of '0::/system.slice/docker-abc.scope') == docker-abc.scope ]]
	[[ -z $(unit_of '0::/') ]]
}

# start_sleeper [PRELOAD] - its pid is in $sleeper.
start_sleeper() {
	start_plain sleeper env ${1:+LD_PRELOAD="$1"} sleep 60
	until sleeper=$(pgrep -g "$started" -x sleep); do sleep 0.05; done
}

@test "a process that ends while it is looked at is not told as one that cannot be reached" {
	start_sleeper
	ended="printf '%s\\t%s\\t/a.db\\t/proc/%s/fd/3\\t1:2\\n'"
	output=$(in_parts 'holders executable records check_all' "databases_open() { $ended $sleeper victim $sleeper; }; all_records" 2>said)
	[[ $output == *"user"*"$sleeper"*"start it by sqlprod"* && ! -s said ]]
	# a zombie: its parent does not wait
	start_plain parent sh -c 'sleep 0 & echo $! >pid; exec sleep 60'
	until [[ -s pid && $(awk '/^State/ { print $2 }' "/proc/$(<pid)/status") == Z ]]; do sleep 0.05; done
	for pid in $(<pid) 2147483647; do
		output=$(in_parts 'holders executable records check_all' "databases_open() { $ended $pid victim $pid; }; all_records" 2>said)
		[[ $output == verdict*none* && ! -s said ]]
	done
}

# way_of UNIT - what --all says of the sleeper, were it of that unit.
way_of() {
	in_parts 'executable records check_all' all_way "$sleeper" "$1"
}

@test "the drop-in is that of the unit or of its template, and keeps what LD_PRELOAD names" {
	start_sleeper
	[[ $(way_of gunicorn.service) == "/etc/systemd/system/gunicorn.service.d/sqlprod.conf"$'\t'"[Service] Environment=LD_PRELOAD=$library" ]]
	[[ $(way_of app@1.service) == '/etc/systemd/system/app@.service.d/sqlprod.conf'* ]]
	[[ $(way_of docker-abc.scope) == $'in its image\tENV LD_PRELOAD='* && $(way_of session-3.scope) == 'start it by sqlprod'* ]]
	start_sleeper "$build/programs/watch_free.so"
	[[ $(way_of a.service) == *"LD_PRELOAD=$library:$build/programs/watch_free.so" ]]
}

@test "wrong usage of check --all gives one line and exit status 2" {
	run_app 2 "$sqlprod" check --all a.db
	expect_refused 'check: --all takes no file or command: a.db'
	run_app 2 "$sqlprod" check --all -- true
	expect_refused 'check: --all takes no file or command: true'
}
