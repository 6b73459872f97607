# An ordinary day on a machine that has the library in /etc/ld.so.preload, beside the same day on a machine that has not. Each
# command's output, errors and exit status must be the same. The commands are in machine/days.
load ../harness/harness

machine=$root/tests/stress/machine
tree=$build/machine/tree

# enter FOLDER LIBRARY COMMAND… - in a machine of its own, with what FOLDER holds laid over its files.
enter() {
	run_app any "$machine/enter" "$1:$tree" "${@:2}"
}

# same_day NAME [EXPRESSION] - the two transcripts of that day are the same, but for what normalise.sed and the expression take out.
same_day() {
	local library way
	mkdir -p "$scratch/over/srv/days"
	cp "$machine/transcript" "$machine/days/$1.day" "$scratch/over/srv/days"
	for way in without with; do
		library=none
		[[ $way == without ]] || library=$shim
		APP_TIMEOUT=3600 enter "$scratch/over" "$library" /srv/days/transcript "/srv/days/$1.day" >"$scratch/$way.log"
		sed -E -f "$machine/normalise.sed" -e "${2-}" "$scratch/stdout" >"$scratch/$way"
	done
	! grep -B 20 UNEXPECTED "$scratch/without" || fail 'not even without the library'
	diff "$scratch/without" "$scratch/with"
	[[ $(grep -c '^= ' "$scratch/with") -eq $(grep -c '^[^#]' "$machine/days/$1.day") ]]
}

@test "the machine has the library in every process, its twin without it in none" {
	mkdir "$scratch/over"
	for run in "none 0" "$shim 1"; do
		enter "$scratch/over" "${run% *}" sh -c 'for maps in /proc/[0-9]*/maps; do grep -l libsqlprod $maps; done | wc -l; ls /proc/self/ns >/dev/null;
			grep -c "^[^ ]* r-xp.*libsqlprod" /proc/self/maps; sqlite3 /tmp/t.db "PRAGMA journal_mode"'
		[[ ${lines[1]} == "${run#* }" ]]
		[[ ${lines[2]} == "$([[ ${run#* } == 0 ]] && echo delete || echo wal)" ]]
		expect_quiet
	done
	[[ $(grep -c ' /media' /proc/self/mounts) -eq 0 ]]
}

@test "shells, pipelines, archives, limits, closed descriptors and a missing /proc work as on the twin" {
	same_day shells
}

@test "users, su, sudo, setuid programs and namespaces work as on the twin" {
	same_day users
}

@test "apt and dpkg work as on the twin" {
	same_day packages
}

@test "git, Mercurial, Subversion and Fossil work as on the twin" {
	# a working copy of Subversion is a database
	same_day git '/wc\.db/,/^=/s/^wal$/delete/'
}

@test "ssh, sshd, scp, sftp and rsync work as on the twin" {
	same_day ssh
}

@test "cron, at, man, mail, nginx, rsyslog, D-Bus and the tools of systemd work as on the twin" {
	same_day services
}

@test "tmux, screen, vim and less work as on the twin" {
	same_day editors
}

@test "gcc, make, cmake, autoconf, go, cargo, java, python, perl, node, php, ruby and tcl work as on the twin" {
	same_day languages
}

@test "Firefox, even when killed, Chromium, Liferea, newsboat and SpatiaLite work as on the twin" {
	same_day desktop
}

@test "a machine boots with systemd, its services and a sandboxed one" {
	mkdir -p "$scratch/over/srv"
	cp "$machine/booted" "$scratch/over/srv"
	for run in "none delete" "$shim wal"; do
		APP_TIMEOUT=300 run_app "$machine/boot" "$scratch/over:$tree" "${run% *}" /srv/booted
		expect_line "${run#* }"
		count=$(sed -n 's/^with the library: //p' <<<"$output")
		if [[ $run == none* ]]; then [[ $count -eq 0 ]]; else [[ $count -ge 8 ]]; fi
		sed -e 's/^with the library: .*//; s/^wal$/delete/' "$scratch/stdout" >"$scratch/${run#* }"
	done
	diff "$scratch/delete" "$scratch/wal"
	[[ $(grep -c '\.service$' "$scratch/wal") -ge 7 && ${lines[0]} == running ]]
	[[ -z $(find /sys/fs/cgroup -maxdepth 2 -name 'sqlprod-*') ]]
}

@test "a setuid program is left alone, and writes neither log nor report, whatever its user sets" {
	mkdir "$scratch/over"
	for run in "4755 delete" "755 off"; do
		enter "$scratch/over" "$shim" sh -c "useradd -m anna; cp /usr/bin/sqlite3 /tmp/s; chmod ${run% *} /tmp/s
			su anna -c 'cd; SQLPROD_JOURNAL_MODE=off SQLPROD_LOG_LEVEL=debug SQLPROD_LOG=/tmp/log SQLPROD_REPORT=/tmp/report /tmp/s t.db \"PRAGMA journal_mode\"'
			ls /tmp/log /tmp/report 2>/dev/null | wc -l"
		expect "$(printf '%s\n' "${run#* }" "$([[ $run == 4755* ]] && echo 0 || echo 2)")"
	done
}

@test "static programs and programs of musl run unchanged, those of 32 bits with a line from ld.so" {
	mkdir "$scratch/over"
	program='extern int puts(const char *); extern void exit(int); void _start(void) { puts("32 bits"); exit(0); }'
	enter "$scratch/over" "$shim" sh -c "printf '#include <stdio.h>\nint main(void) { return puts(\"64 bits\") < 0; }\n' >/tmp/c.c
		cd /tmp; gcc -static -o s c.c && ./s; musl-gcc -o m c.c && ./m
		echo '$program' >i.c; gcc -m32 -mstackrealign -fno-stack-protector -fno-builtin -nostdlib -nostartfiles -no-pie -fno-pie -o i i.c /lib32/libc.so.6 -Wl,-dynamic-linker,/lib/ld-linux.so.2; ./i"
	expect $'64 bits\n64 bits\n32 bits'
	expect_warnings 1 "ERROR: ld.so: object '/usr/\$LIB/libsqlprod.so' from /etc/ld.so.preload cannot be preloaded*ignored."
	# an empty library of that name for them ends that
	enter "$scratch/over" "$shim" sh -c "cd /tmp; echo '$program' >i.c; gcc -m32 -mstackrealign -fno-stack-protector -fno-builtin -nostdlib -nostartfiles -no-pie -fno-pie -o i i.c /lib32/libc.so.6 -Wl,-dynamic-linker,/lib/ld-linux.so.2
		gcc -m32 -shared -nostdlib -o /usr/lib32/libsqlprod.so -x c /dev/null; ./i"
	expect '32 bits'
	expect_quiet
}
