# transactions.bash - for suites that play the scenes of transactions/play.py with real programs.
#
# What a scene gave is in $result, and in a file for the table: runs/transactions/PROGRAM.SCENE, with .shim where the library was there.

programs=$root/tests/clients/transactions
transactions=$build/clients/transactions

# program_command PROGRAM - sets command to what starts it, but for the database, the scene and the count. What follows a dash in the
# program's name is for itself.
program_command() {
	local python=("$transactions/python/bin/python" -B)
	local node=(env NODE_PATH="$transactions/node/node_modules" NODE_NO_WARNINGS=1 "$transactions/node/node_modules/node22/bin/node")
	local name=${1%%-*}
	export TRANSACTIONS=
	[[ $1 != *-* ]] || TRANSACTIONS=${1#*-}
	case $name in
		cpython | django_atomic | sqlalchemy_session | peewee_atomic | piccolo_transaction | tortoise_transaction | pyodbc_cursor | \
			fastapi_sqlmodel | apscheduler_jobs | gunicorn_pages)
			command=("${python[@]}" "$programs/python/$name.py")
			;;
		litestream) command=(env LITESTREAM="$transactions/litestream" /usr/bin/python3 -B "$programs/python/litestream.py") ;;
		node_sqlite | better_sqlite3 | drizzle | sequelize | knex | typeorm | npm_sqlite3 | npm_sqlite3_pool)
			command=("${node[@]}" "$programs/node/$name.mjs")
			;;
		active_record | active_record_threads | sequel) command=(ruby "$programs/ruby/$name.rb") ;;
		laravel | doctrine) command=(php "$programs/php/$name.php") ;;
		lua_sql) command=(lua5.4 "$programs/lua_sql.lua") ;;
		perl_dbi) command=(perl "$programs/perl_dbi.pl") ;;
		hikari) command=(java -cp "$transactions/java:$transactions/jars/*" Hikari) ;;
		hikari_debian)
			command=(java -cp "$transactions/java:/usr/share/java/sqlite-jdbc.jar$(printf ':%s' "$transactions/jars/"{HikariCP,slf4j-api,slf4j-nop}.jar)" Hikari)
			;;
		hibernate) command=(java -cp "$transactions/java:$transactions/jars/*" Hibernate) ;;
		*) command=("$transactions/$name") ;;
	esac
}

# play LIBRARY SCENE PROGRAM - leaves the value of each NAME in result[NAME].
play() {
	local record=$build/clients/runs/transactions/$3.$2${1:+.shim} word
	program_command "$3"
	run_app env NODE_NO_WARNINGS=1 timeout 170 /usr/bin/python3 -B "$programs/play.py" "$2" app.db "$1" "${command[@]}"
	declare -gA result=()
	for word in ${lines[-1]}; do
		result[${word%%=*}]=${word#*=}
	done
	mkdir -p "${record%/*}"
	echo "${lines[-1]}" >"$record"
}

# shows NAME=VALUE… - the scene gave these.
shows() {
	local wanted
	for wanted; do
		[[ ${result[${wanted%%=*}]-} == "${wanted#*=}" ]] || fail "expected $wanted"
	done
}

# at_most NAME LIMIT…
at_most() {
	while [[ $# -gt 0 ]]; do
		[[ ${result[$1]} -le $2 ]] || fail "expected $1 of at most $2"
		shift 2
	done
}

# race_with PROGRAM - with the library all 100 transactions are committed, and count.
race_with() {
	play "$preload" race "$1"
	shows done=100 failed=0 lost=0
}

# race_alone PROGRAM - without it some fail, the first of a process too; none counts that was not committed. It is for chance to say
# whether a first one meets another: three races at most.
race_alone() {
	for _ in 1 2 3; do
		rm -f app.db*
		play "" race "$1"
		shows lost=0
		[[ ${result[failed]} -eq 0 || ${result[first]} -eq 0 ]] || return 0
	done
	fail "expected that some fail"
}

# stay_with PROGRAM - beside a transaction that has only read, another reader and a writer go on within one reservation (0.5 s), with
# time to spare for a slow machine; what they would wait otherwise is 30 s.
stay_with() {
	play "$preload" stay "$1"
	shows locked=0
	at_most reader 2000 writer 2000
}

# stay_alone PROGRAM - without it the writer is refused, as the database has a rollback journal.
stay_alone() {
	play "" stay "$1"
	shows locked=2
}

# outside_with PROGRAM NAME=VALUE - an idle program that has begun again lets one without the library write, soon; with that setting
# it does not.
outside_with() {
	play "$preload" outside "$1"
	at_most refused 3
	export "${2?}"
	play "$preload" outside "$1"
	shows refused=5
}

# outside_alone PROGRAM - without the library it does at once.
outside_alone() {
	play "" outside "$1"
	shows refused=0
}

# pool_with PROGRAM - a pool's idle connections do not keep its one worker waiting: less than a second, where it takes some 60 ms.
pool_with() {
	play "$preload" pool "$1"
	shows done=50 failed=0
	at_most longest 1000
}

# pool_alone PROGRAM - without the library the worker does its 50 transactions as well.
pool_alone() {
	play "" pool "$1"
	shows done=50 failed=0
}
