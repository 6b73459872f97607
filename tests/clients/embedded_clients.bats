#!/usr/bin/env bats
# Real clients that do not come to interposition by themselves: they carry SQLite inside, look its functions up, or hide it
# loaded with RTLD_DEEPBIND. As clients.bash says; `make check-clients` builds them and makes the table.

# A bound for what hangs, far above what any of these takes.
export BATS_TEST_TIMEOUT=180

load ../harness/harness
load clients

# What is in force with the library, but for foreign_keys: that stays as the client's build has it in an embedded copy.
recipe=(journal_mode=wal synchronous=1 busy_timeout=30000 temp_store=2 mmap_size=134217728 journal_size_limit=67108864
	cache_size=-20000)
foreign_keys_reason='in an embedded copy DROP TABLE cannot be kept from deleting rows'

# client_command CLIENT - sets command to what starts it, but for the database.
client_command() {
	local programs=$root/tests/clients modules=$clients/embedded_node/node_modules python=$clients/wheels/bin/python
	local node=("env" "NODE_PATH=$modules" "DENO_DIR=$PWD/deno" "NODE_NO_WARNINGS=1")
	case $1 in
		node22 | node26) command=("${node[@]}" "$modules/$1/bin/node" "$programs/node_builtin.mjs") ;;
		deno) command=("${node[@]}" "$modules/.bin/deno" run --quiet --allow-all "$programs/node_builtin.mjs") ;;
		bun) command=("${node[@]}" "$modules/.bin/bun" run "$programs/bun.mjs") ;;
		better_sqlite3) command=("${node[@]}" "$modules/node22/bin/node" "$programs/better_sqlite3.mjs") ;;
		libsql_client) command=("${node[@]}" "$modules/node22/bin/node" "$programs/libsql_client.mjs") ;;
		apsw | pysqlite3) command=("$python" -B "$programs/wheel_$1.py") ;;
		ctypes) command=(/usr/bin/python3 -B "$programs/ctypes_sqlite.py") ;;
		jdbc_maven) command=(java -cp "$clients/java:$clients/maven/sqlite-jdbc.jar" Jdbc) ;;
		php_pdo | php_sqlite3) command=(php "$programs/$1.php") ;;
		php_web) command=("$programs/php_web.sh") ;;
		mono) command=(mono "$clients/Mono.exe") ;;
		r_sqlite) command=(Rscript --vanilla "$programs/r_sqlite.R") ;;
		mattn_bundled | rusqlite_bundled | modernc) command=("$clients/$1") ;;
	esac
}

# with_shim held|free CLIENT WAY|"" [SETTING=VALUE…] - the recipe is in force, but for the settings named, and the write lock is as
# said from BEGIN on, where the operator has BEGIN take it: by default it takes none in an embedded copy.
with_shim() {
	SQLPROD_BEGIN=${SQLPROD_BEGIN-immediate} observe "$preload" "$2" ${3:+"$3"}
	looks_right "$1" "${@:4}"
	is "the way it is reached" "embedded copy" "$reached"
	[[ $(reported settings foreign_keys decided_by) == program ]] ||
		is "why foreign_keys stays" "$foreign_keys_reason" "$(reported settings foreign_keys reason)"
}

# The same for a client that comes to interposition: there foreign_keys is on as well.
with_shim_in_front() {
	observe "$preload" "$2" "$3"
	looks_right "$1" foreign_keys=1 "${@:4}"
	is "the way it is reached" interposition "$reached"
}

# looks_right held|free [SETTING=VALUE…]
looks_right() {
	local wanted=("${recipe[@]}") setting own
	for setting in "${!wanted[@]}"; do
		for own in "${@:2}"; do
			[[ ${wanted[setting]%%=*} != "${own%%=*}" ]] || wanted[setting]=$own
		done
	done
	is "write lock" "$1" "$lock"
	shown_has "${wanted[@]}" "${@:2}"
	is "journal mode in a second process" "${wanted[0]#*=}" "$journal_mode"
	is "warnings of the shim" "" "$(grep -i sqlprod stderr)"
	is "files afterwards" app.db "$(echo app.db*)"
}

# without_shim held|free CLIENT WAY|"" SETTING=VALUE… - what the client sets by itself is as said.
without_shim() {
	observe "" "$2" ${3:+"$3"}
	is "journal mode in a second process" delete "$journal_mode"
	is "write lock" "$1" "$lock"
	shown_has "${@:4}"
}

@test "node:sqlite of Node.js 22 has WAL and its BEGIN holds the write lock" { with_shim held node22 "" foreign_keys=1; }
@test "node:sqlite of Node.js 22 alone has neither" { without_shim free node22 "" foreign_keys=1 busy_timeout=0; }

@test "node:sqlite of Node.js 26 has WAL and its BEGIN holds the write lock" { with_shim held node26 "" foreign_keys=1; }
@test "node:sqlite of Node.js 26 alone has neither" { without_shim free node26 "" foreign_keys=1 busy_timeout=0; }

@test "Deno has WAL and its BEGIN holds the write lock" { with_shim held deno "" foreign_keys=1; }
@test "Deno alone has neither" { without_shim free deno "" foreign_keys=1 busy_timeout=0; }

@test "Bun has WAL and its transaction holds the write lock" { with_shim held bun "" foreign_keys=0; }
@test "Bun alone has neither" { without_shim free bun "" foreign_keys=0 busy_timeout=0; }

@test "better-sqlite3 has WAL and its transaction holds the write lock" { with_shim held better_sqlite3 "" foreign_keys=1; }
@test "better-sqlite3 alone has neither" { without_shim free better_sqlite3 "" foreign_keys=1 busy_timeout=5000; }

@test "sqlprod locks names a Node.js that holds the write lock by better-sqlite3; alone it holds none" {
	for way in "$preload" ''; do
		rm -f app.db* to_client from_client
		SQLPROD_BEGIN=immediate client_start "$way" better_sqlite3
		run_app "$build/sqlprod" locks --json app.db
		jq -e --argjson held "$([[ $way ]] && echo true || echo false)" '.processes | length == 1 and
			(.[0] | (.program | startswith("node")) and .library == $held and (.locks | index("write") != null) == $held)' <<<"$output"
		client_finish
	done
}

# Its VFS is not SQLite's own, so that no lock can be held and no reservation made for a BEGIN that has run.
@test "libsql keeps its rollback journal, and its transaction holds no lock" {
	with_shim free better_sqlite3 libsql foreign_keys=1 journal_mode=delete synchronous=2
}
@test "libsql alone has neither" { without_shim free better_sqlite3 libsql foreign_keys=1 busy_timeout=0; }

@test "@libsql/client keeps its rollback journal, and the DEFERRED that its transaction spells out is left alone" {
	with_shim free libsql_client "" foreign_keys=1 journal_mode=delete synchronous=2
}
@test "@libsql/client alone has neither" { without_shim free libsql_client "" foreign_keys=1 busy_timeout=0; }

@test "the APSW wheel has WAL, and the DEFERRED that its with-block spells out is left alone" { with_shim free apsw "" foreign_keys=0; }
@test "the APSW wheel has WAL and holds the write lock where the operator wants DEFERRED changed" {
	SQLPROD_BEGIN_DEFERRED=immediate with_shim held apsw "" foreign_keys=0
}
@test "the APSW wheel has WAL and a BEGIN of the program's own holds the write lock" { with_shim held apsw plain foreign_keys=0; }
@test "the APSW wheel has WAL and no lock where the operator keeps BEGIN" { SQLPROD_BEGIN=keep with_shim free apsw plain foreign_keys=0; }
@test "the APSW wheel alone has neither" {
	without_shim free apsw "" foreign_keys=0 busy_timeout=0
}
@test "the APSW wheel with a BEGIN of the program's own alone has neither" { without_shim free apsw plain foreign_keys=0; }

@test "a timeout of the program's own below ours is raised in an embedded copy" { with_shim held apsw timeout foreign_keys=0; }
@test "without the library the timeout of an embedded copy is the program's own" { without_shim free apsw timeout busy_timeout=5000; }

@test "a busy handler of the program's own stays in an embedded copy" {
	with_shim held apsw handler foreign_keys=0 busy_timeout=0
	is "who decided" program "$(reported settings busy_timeout decided_by)"
}
@test "without the library a busy handler of the program's own stays as well" { without_shim free apsw handler busy_timeout=0; }

@test "a database with tables gets the whole recipe when an embedded copy opens it" {
	observer query app.db 'CREATE TABLE t(a)'
	with_shim held better_sqlite3 "" foreign_keys=1
	for setting in journal_mode synchronous cache_size mmap_size temp_store; do
		is "who decided $setting" recipe "$(reported settings "$setting" decided_by)"
	done
}

@test "the pysqlite3-binary wheel, which exports its SQLite, has WAL and its BEGIN holds the write lock" {
	with_shim_in_front held pysqlite3 ""
}
@test "the pysqlite3-binary wheel alone has neither" { without_shim free pysqlite3 "" foreign_keys=0 busy_timeout=5000; }

@test "ctypes has WAL and its BEGIN holds the write lock" { with_shim held ctypes "" foreign_keys=0; }
@test "ctypes alone has neither" { without_shim free ctypes "" foreign_keys=0 busy_timeout=0; }

@test "Go with mattn/go-sqlite3's own SQLite, stripped, has WAL and its Begin() holds the write lock" {
	with_shim held mattn_bundled "" foreign_keys=0
}
@test "Go with mattn/go-sqlite3's own SQLite alone has neither" {
	without_shim free mattn_bundled "" foreign_keys=0 busy_timeout=5000
}

@test "rusqlite with its bundled SQLite has WAL, and the DEFERRED that its transaction() spells out is left alone" {
	with_shim free rusqlite_bundled "" foreign_keys=1
}
@test "rusqlite with its bundled SQLite has WAL and holds the write lock where the operator wants DEFERRED changed" {
	SQLPROD_BEGIN_DEFERRED=immediate with_shim held rusqlite_bundled "" foreign_keys=1
}
@test "rusqlite with its bundled SQLite has WAL and a BEGIN of the program's own holds the write lock" {
	with_shim held rusqlite_bundled plain foreign_keys=1
}
@test "rusqlite with its bundled SQLite alone has neither" { without_shim free rusqlite_bundled "" foreign_keys=1 busy_timeout=5000; }
@test "rusqlite with its bundled SQLite and a BEGIN of the program's own alone has neither" {
	without_shim free rusqlite_bundled plain foreign_keys=1
}

@test "Xerial's JDBC from Maven has WAL and holds the write lock once autocommit is off" { with_shim held jdbc_maven "" foreign_keys=0; }
@test "Xerial's JDBC from Maven alone has neither" { without_shim free jdbc_maven "" foreign_keys=0 busy_timeout=3000; }

@test "PHP's PDO has WAL and its beginTransaction() holds the write lock" { with_shim_in_front held php_pdo "" busy_timeout=60000; }
@test "PHP's PDO alone has neither" { without_shim free php_pdo "" foreign_keys=0 busy_timeout=60000; }

@test "PHP's SQLite3 has WAL and its BEGIN holds the write lock" { with_shim_in_front held php_sqlite3 ""; }
@test "PHP's SQLite3 alone has neither" { without_shim free php_sqlite3 "" foreign_keys=0 busy_timeout=0; }

@test "PHP's own web server has WAL and a page's beginTransaction() holds the write lock" {
	with_shim_in_front held php_web builtin-pdo busy_timeout=60000
}
@test "PHP's own web server alone has neither" { without_shim free php_web builtin-pdo foreign_keys=0; }

@test "php-fpm has WAL and a page's BEGIN by PDO holds the write lock" {
	with_shim_in_front held php_web fpm-pdo busy_timeout=60000
}
@test "php-fpm has WAL and a page's BEGIN by SQLite3 holds the write lock" { with_shim_in_front held php_web fpm-sqlite3; }
@test "php-fpm alone has neither, by PDO" { without_shim free php_web fpm-pdo foreign_keys=0; }
@test "php-fpm alone has neither, by SQLite3" { without_shim free php_web fpm-sqlite3 foreign_keys=0; }

@test "Mono sets journal_mode=DELETE itself, which holds, and its deferred BEGIN holds no lock" {
	with_shim free mono deferred foreign_keys=0 journal_mode=delete
}
@test "Mono has WAL where the operator wants it" { SQLPROD_JOURNAL_MODE=wal with_shim held mono deferred foreign_keys=0; }
@test "Mono alone has neither" { without_shim free mono deferred foreign_keys=0 busy_timeout=0; }
@test "Mono's own BEGIN IMMEDIATE holds the write lock" { with_shim held mono "" foreign_keys=0 journal_mode=delete; }
@test "Mono's own BEGIN IMMEDIATE alone does as well" { without_shim held mono "" foreign_keys=0 busy_timeout=0; }

@test "R's RSQLite has WAL and its dbBegin() holds the write lock, and its own synchronous=OFF stays" {
	with_shim held r_sqlite "" foreign_keys=0 synchronous=0
}
@test "R's RSQLite alone has neither" { without_shim free r_sqlite "" foreign_keys=0 busy_timeout=0 synchronous=0; }
