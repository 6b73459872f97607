# What people type: other words, slips, and commands that start programs elsewhere.
load sqlprod

# An executable on PATH that prints its name: what is not refused is run.
tool() {
	mkdir -p bin
	printf '#!/bin/sh\necho ran "$@"\n' >"bin/$1"
	chmod +x "bin/$1"
	PATH=$PWD/bin:$PATH
}

@test "a program that check was given without -- is asked about" {
	run_app 2 "$sqlprod" check python3 app.py
	expect_refused 'check: python3 is a program, no database: to run it and see, sqlprod check -- python3 app.py'
	run_app 2 "$sqlprod" check python3 -m app --port 80
	expect_refused '*sqlprod check -- python3 -m app --port 80'
	printf '#!/bin/sh\n' >server
	chmod +x server
	run_app 2 "$sqlprod" check ./server
	expect_refused 'check: ./server is a program, *sqlprod check -- ./server'
	# a database may have the mode of a program, or the name of one
	sqlite3 sh 'CREATE TABLE t(a)'
	chmod +x sh
	run_app 0 "$sqlprod" check sh
	run_app 4 "$sqlprod" check nothing.db
	expect_refused 'nothing.db: no such file'
}

@test "a mistyped command, or another word for one, is answered" {
	for word in chek:check chekc:check checks:check setings:settings settigns:settings rvert:revert status:check config:settings undo:revert lcoks:locks \
		Check:check REVERT:revert stauts:check; do
		run_app 127 "$sqlprod" "${word%:*}"
		expect_refused "${word%:*}: not found; did you mean sqlprod ${word#*:}? See sqlprod ${word#*:} --help"
	done
	for word in hlep:help Version:version vesrion:version; do
		run_app 127 "$sqlprod" "${word%:*}"
		expect_refused "${word%:*}: not found; did you mean sqlprod ${word#*:}?"
	done
	for word in gunicornn x zzzzzz; do
		run_app 127 "$sqlprod" "$word"
		expect_refused "$word: not found"
	done
	# a program of that name is run
	tool chek
	run_app 0 "$sqlprod" chek a
	expect 'ran a'
}

@test "help and version may be typed as words or letters" {
	run_app 0 "$sqlprod" --version
	wanted=$output
	for word in version -v -V; do
		run_app 0 "$sqlprod" "$word"
		expect "$wanted"
	done
	run_app 0 "$sqlprod" help
	[[ ${lines[0]} == 'usage: sqlprod [run] '* ]]
	run_app 0 "$sqlprod" help check
	[[ ${lines[0]} == 'usage: sqlprod check '* ]]
	run_app 2 "$sqlprod" help chek
	expect_refused 'help: no command chek; *'
}

@test "a command whose program another process starts says what to do instead" {
	for name in docker podman nerdctl kubectl lxc buildah machinectl supervisorctl rc-service systemctl ssh systemd-run flatpak; do
		tool "$name"
		run_app 125 "$sqlprod" "$name" run x
		expect_refused "$name: *"
		run_app 125 "$sqlprod" check -- "$name" run x
		expect_refused "$name: *"
	done
	run_app 125 "$sqlprod" docker run app
	expect_refused "docker: *put the library into the image, and ENV LD_PRELOAD*-v $library:/usr/lib/libsqlprod.so:ro*"
	run_app 125 "$sqlprod" systemctl start app
	expect_refused "systemctl: *systemctl edit NAME*Environment=LD_PRELOAD=$library"
	# even where the command is missing
	PATH=/usr/bin:/bin run_app 125 "$sqlprod" nerdctl run app
	# one's own program of that name is another one
	run_app 0 "$sqlprod" ./bin/docker
	expect ran
	run_app 0 "$sqlprod" systemd-run --scope x
	expect 'ran --scope x'
}

@test "go run says to build first" {
	tool go
	run_app 125 "$sqlprod" go run .
	expect_refused 'go: *go build -o app . && sqlprod ./app'
	run_app 125 "$sqlprod" go run ./cmd/shop
	expect_refused 'go: *go build -o app ./cmd/shop && sqlprod ./app'
	# with flags and arguments go's own option does it, and for tests
	run_app 125 "$sqlprod" go run -race . --port 80
	expect_refused 'go: *go run -exec sqlprod -race . --port 80'
	run_app 125 "$sqlprod" go test ./...
	expect_refused 'go: *go test -exec sqlprod ./...'
	run_app 0 "$sqlprod" go version
	expect 'ran version'
}

@test "a command that becomes another one is refused for that one" {
	tool docker
	tool look
	for before in nohup setsid 'env A=1' 'nice -n 5' 'timeout -s KILL -k 3 10s nice' /usr/bin/nohup; do
		# shellcheck disable=SC2086 # words
		run_app 125 "$sqlprod" $before docker run app
		expect_refused "docker: another process starts the program, *"
	done
	run_app 125 "$sqlprod" env -u HOME nohup sudo -u joe app
	expect_refused 'sudo: *sudo -u USER sqlprod COMMAND'
	run_app 0 "$sqlprod" timeout 10 look docker file
	expect 'ran docker file'
	run_app 0 "$sqlprod" nohup ./bin/docker x
	expect 'ran x'
}

@test "a file that is no program says what runs it, or looks at it" {
	echo 'print(1)' >manage.py
	: >server.js
	make_wal shop.db
	run_app 127 "$sqlprod" manage.py runserver 80
	expect_refused 'manage.py: is no command; it is a file here; did you mean python3 manage.py runserver 80?'
	run_app 126 "$sqlprod" ./server.js
	expect_refused './server.js: is no command; *did you mean node ./server.js?'
	run_app 127 "$sqlprod" check -- manage.py
	expect_refused 'manage.py: is no command; *did you mean python3 manage.py?'
	run_app 127 "$sqlprod" shop.db
	expect_refused 'shop.db: is no command; it is a database; did you mean sqlprod check shop.db?'
	run_app 127 "$sqlprod" nothing.py
	expect_refused 'nothing.py: not found'
	printf '#!/bin/sh\necho ran "$@"\n' >run.sh
	run_app 126 "$sqlprod" ./run.sh
	expect_refused './run.sh: is no command; *did you mean sh ./run.sh?'
	chmod +x run.sh
	run_app 0 "$sqlprod" ./run.sh a
	expect 'ran a'
}

@test "a command that drops LD_PRELOAD is refused for root too, with the way out" {
	for name in sudo doas pkexec; do
		tool "$name"
		run_app 125 "$sqlprod" "$name" -u joe app
		expect_refused "$name: starts its command without LD_PRELOAD; put sqlprod after it: $name *sqlprod COMMAND"
	done
	tool su
	run_app 125 "$sqlprod" su - joe -c app
	expect_refused "su: starts a login *su - USER -c 'sqlprod COMMAND'"
	run_app 125 "$sqlprod" env -i app
	expect_refused 'env: *env -i sqlprod COMMAND'
	run_app 0 "$sqlprod" env A=1 sh -c 'echo $LD_PRELOAD'
	expect "$library"
	need_root
	run_app 0 "$sqlprod" sudo --preserve-env=LD_PRELOAD app
	run_app 0 "$sqlprod" su joe -c app
	expect 'ran joe -c app'
}

@test "cache_size takes a size with a letter" {
	run_app 0 "$sqlprod" run -s cache_size=64M -- sqlite3 a.db 'CREATE TABLE t(a)' 'PRAGMA cache_size'
	expect -65536
	run_app 2 "$sqlprod" run -s cache_size=64MB -- true
	expect_refused 'SQLPROD_CACHE_SIZE="64MB" is not understood *64M for -65536*'
}

@test "a broken LD_PRELOAD in the shell is told once, and left out" {
	for broken in /nowhere/libx.so libnowhere.so "$PWD/text.so"; do
		echo text >text.so
		run_app 0 env LD_PRELOAD="$broken" "$sqlprod" sh -c 'sqlite3 a.db "CREATE TABLE IF NOT EXISTS t(a)"; sh -c "echo \$LD_PRELOAD"'
		expect "$library"
		expect_warnings 1 "*'$broken'*"
	done
	# what can be loaded stays, after ours; another copy of the library does not
	cp "$library" libsqlprod.so
	cp "$build/programs/fail_malloc.so" other.so
	run_app 0 env LD_PRELOAD="$PWD/libsqlprod.so:$PWD/other.so $library" "$sqlprod" sh -c 'echo $LD_PRELOAD'
	expect "$library:$PWD/other.so"
	expect_quiet
}

@test "children that become another user are seen by check" {
	need_root
	mkdir -m 777 shared
	chmod 755 "$scratch" .
	run_app 0 "$sqlprod" check -- sh -c 'as-nobody sqlite3 shared/a.db "CREATE TABLE t(a)"; sqlite3 b.db "CREATE TABLE t(a)"'
	[[ $(records connection 4 | sort) == "$PWD/b.db"$'\n'"$PWD/shared/a.db" ]]
}

@test "check --pid says which capability a container lacks" {
	need_root
	as_nobody 0 true
	start_plain holder as-nobody sleep 60
	until pid=$(pgrep -g "$started" -x sleep); do sleep 0.05; done
	for lacking in -sys_ptrace -sys_ptrace,-perfmon,-sys_admin; do
		run_app 11 setpriv --bounding-set "$lacking" "$sqlprod" check --pid "$pid"
		expect_refused "process $pid cannot be examined without CAP_SYS_PTRACE, *--cap-add SYS_PTRACE*"
	done
	run_app 1 "$sqlprod" check --pid "$pid"
}
