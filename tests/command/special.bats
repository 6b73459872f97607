# The command, given what is no ordinary file, and arguments longer than anything needs: one line, the status of the manual, and no
# waiting.
load sqlprod

export APP_TIMEOUT=20

# What is no file, in this folder: names in $special.
make_special() {
	special=(fifo socket folder linked)
	mkfifo fifo
	mkdir folder
	python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("socket")'
	ln -s fifo linked
	chmod 755 fifo socket
	if [[ $EUID -eq 0 ]] && mknod zero c 1 5 2>/dev/null && mknod block b 7 250 2>/dev/null; then
		chmod 755 zero block
		special+=(zero block)
	fi
}

@test "check and revert exit with 7 at a FIFO, socket, device or folder, and do not block" {
	make_special
	for name in "${special[@]}"; do
		for command in check 'check --json' 'check --integrity' revert 'revert --'; do
			# shellcheck disable=SC2086 # words
			run_app 7 "$sqlprod" $command "$name"
			expect_refused "$name: is *"
		done
		run_app 7 "$sqlprod" ab --db "$name" -- true
		expect_refused "$name: is *"
	done
}

@test "a FIFO, socket, device or folder as a program, or as a script's interpreter, exits with 126" {
	make_special
	for name in "${special[@]}"; do
		for command in run 'check --' 'ab --'; do
			# shellcheck disable=SC2086 # words
			run_app 126 "$sqlprod" $command "./$name"
			expect_refused "./$name: is *"
			printf '#!%s/%s\n' "$PWD" "$name" >script
			chmod +x script
			# shellcheck disable=SC2086
			run_app 126 "$sqlprod" $command ./script
			expect_refused "./script: its interpreter $PWD/$name cannot be run"
		done
	done
}

@test "a file of /proc is no database" {
	for name in /proc/self/mem /proc/self/environ /proc/kmsg; do
		for command in check 'check --integrity' revert; do
			# shellcheck disable=SC2086 # words
			run_app 7 "$sqlprod" $command $name
			expect_refused "$name: is made up by the kernel, *"
		done
	done
}

@test "a -wal, -shm or -journal that is no regular file is refused before SQLite opens it" {
	for suffix in journal wal shm; do
		for kind in fifo folder dangling; do
			rm -rf a.db*
			make_wal a.db
			case $kind in
				fifo) mkfifo "a.db-$suffix" ;;
				folder) mkdir "a.db-$suffix" ;;
				dangling) ln -s nowhere "a.db-$suffix" ;;
			esac
			for command in 'check --integrity' revert 'ab --db'; do
				[[ $command != ab* ]] || set -- -- true
				# shellcheck disable=SC2086 # words
				run_app 7 "$sqlprod" $command a.db "$@"
				expect_refused "a.db: its $PWD/a.db-$suffix is no regular file"
				set --
			done
			run_app 0 "$sqlprod" check a.db
			[[ $(od -An -tu1 -j18 -N2 <a.db) == *2*2* && ! -e nowhere ]]
		done
	done
}

@test "a newline at the end of a name is part of it, and the file without it is left alone" {
	make_wal a.db
	make_wal $'a.db\n'
	before=$(md5sum a.db)
	run_app 0 "$sqlprod" check --json --integrity $'a.db\n'
	jq -e --arg name "$PWD/a.db"$'\n' '.database == $name and .integrity == "ok"' "$scratch/stdout"
	run_app 0 "$sqlprod" revert $'a.db\n'
	[[ $(od -An -tu1 -j18 -N2 <$'a.db\n') == *1*1* && $(md5sum a.db) == "$before" ]]
	rm a.db
	run_app 0 "$sqlprod" revert $'a.db\n'
	[[ ! -e a.db ]]
}

@test "a database opened through a link is checked with the -wal and -shm of its target" {
	mkdir there
	sqlite3 there/a.db 'CREATE TABLE t(a)'
	ln -s there/a.db link.db
	echo busy >there/a.db-journal
	run_app 0 "$sqlprod" check link.db
	[[ $(records journal_size 2) == 5 && $(records advisory 2) == *-journal* ]]
}

@test "an endless interpreter line and a wrong ELF header are read no further than a kernel would" {
	printf 'int main(void) { return 0; }\n' | cc -x c -o program -
	{ printf '#!' && head -c 20000000 /dev/zero | tr '\0' a; } >long
	chmod +x long
	run_app 127 "$sqlprod" ./long
	expect_refused './long: its interpreter aaa* does not exist'
	# number and size of the entries; their place; the length of the loader's name, which is the second entry
	patch_elf program many 54 '\xff\xff\xff\xff'
	patch_elf program far 32 '\0\0\0\0\0\1\0\0'
	patch_elf program name 152 '\0\0\0\0\0\1\0\0'
	patch_elf program cut 0 ''
	truncate -s 40 cut
	truncate -s 6G many
	for name in many far name cut; do
		run_app 125 "$sqlprod" "./$name"
		expect_refused "./$name: is *"
	done
}

@test "arguments longer than anything needs are refused in one line" {
	long=$(head -c 131000 /dev/zero | tr '\0' x)
	refused() {
		local expected=$1 message=$2
		shift 2
		run_app "$expected" "$sqlprod" "$@" >/dev/null
		expect_refused "$message"
	}
	refused 127 'x*: not found' "$long"
	refused 127 'x*: not found' run "$long"
	refused 2 '-s x*: longer than any setting' -s "$long=1" true
	refused 2 '-s x*: not NAME=VALUE' -s "$long" true
	refused 2 '-s busy_timeout: longer than any setting' -s "busy_timeout=$long" true
	refused 2 '--log: longer than a path may be' --log "$long" true
	refused 2 '--report: longer than a path may be' run --report "$long" true
	refused 4 'x*: no such file' check "$long"
	refused 4 'x*: no such file' revert "$long"
	refused 2 'check: --pid x*: not a process id' check --pid "$long"
	refused 10 'no process 1111*' check --pid "${long//x/1}"
	refused 2 'settings: takes no argument x*' settings "$long"
	refused 2 'ab: --variant x*: a label of less than 50 characters, please' ab --variant "$long:begin=keep" -- true
	refused 2 '-s busy_timeout: longer than any setting' ab -A "busy_timeout=$long" -- true
	refused 2 'ab: -n x*: not a number *' ab -n "$long" -- true
	refused 2 'ab: --json x*: longer than a name may be' ab --json "${long:0:300}" -- true
}

@test "log and report do not go into a database" {
	make_wal a.db
	before=$(md5sum a.db)
	for option in --log --report; do
		run_app 2 "$sqlprod" $option a.db true
		expect_refused "$option a.db: is a SQLite database"
	done
	run_app 2 "$sqlprod" ab --json a.db -- true
	[[ $(md5sum a.db) == "$before" ]]
}

@test "ab checks that its outputs can be written before it begins" {
	mkfifo unread.png
	run_app 2 "$sqlprod" ab --plot unread.png -- touch ran
	expect_refused 'ab: --plot unread.png: is no regular file'
	run_app 13 "$sqlprod" ab -n 1 --warmup 0 --json unread.png -- true
	[[ $stderr == 'sqlprod: ab: unread.png: '* ]]
	if [[ $EUID -eq 0 ]]; then
		as_nobody 2 "$sqlprod" ab --json ./new.json -- touch ran
		expect_refused 'ab: --json ./new.json: no permission to write its folder'
	fi
	[[ ! -e ran ]]
}

@test "a file without read permission exits with 5, and is not changed" {
	need_root
	mkdir closed
	make_wal closed/a.db
	chmod 700 closed
	make_wal secret.db
	chmod 600 secret.db
	before=$(md5sum closed/a.db secret.db)
	for command in check 'check --integrity' revert; do
		# shellcheck disable=SC2086 # words
		as_nobody 5 "$sqlprod" $command closed/a.db
		expect_refused 'closed/a.db: no permission to look into its folder'
		# shellcheck disable=SC2086
		as_nobody 5 "$sqlprod" $command secret.db
		expect_refused 'secret.db: no permission to read it'
	done
	[[ $(md5sum closed/a.db secret.db) == "$before" ]]
}
