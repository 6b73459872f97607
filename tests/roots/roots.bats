# Bare Debians: the oldest that can be had, and a new user's first half hour on 12 and 13. As root.
load ../harness/harness

roots=$build/roots

# new_root SUITE PACKAGE… - an empty root of its own; where is in $root_of_test.
new_root() {
	[[ $EUID -eq 0 ]] || skip "needs root"
	local archive=$roots/$1${2:+-with-$2}.tar
	"$root/tests/roots/make-root" "$1" "$archive" "${@:2}"
	root_of_test=$scratch/root
	mkdir "$root_of_test"
	tar -xf "$archive" -C "$root_of_test"
}

in_root() {
	APP_TIMEOUT=1500 run_app 0 "$root/tests/roots/enter" "$root_of_test" "$@"
}

@test "the library starts programs on the oldest Debian that can be had, and gives them the recipe" {
	new_root bullseye python3 sqlite3 perl
	install -m 755 "$shim" "$root_of_test/usr/lib/libsqlprod.so"
	in_root sh -c 'cd /root && LD_PRELOAD=/usr/lib/libsqlprod.so sqlite3 a.db "CREATE TABLE t(a)" "PRAGMA journal_mode"
		LD_PRELOAD=/usr/lib/libsqlprod.so python3 -c "import sqlite3; print(sqlite3.connect(\"b.db\").execute(\"PRAGMA journal_mode\").fetchone()[0])"
		LD_PRELOAD=/usr/lib/libsqlprod.so perl -e "print qq(perl\n)"; /usr/lib/libsqlprod.so --version
		ldd --version | sed -n "1s/.* //p"'
	expect_quiet
	expect $'wal\nwal\nperl\n'"$("$shim" --version)"$'\n2.31'
}

# first_half_hour SUITE WAY
first_half_hour() {
	new_root "$1"
	mkdir "$root_of_test/srv/source" "$root_of_test/srv/packages"
	git -C "$root" ls-files -z | (cd "$root" && tar -c --null --ignore-failed-read -T -) | tar -x -C "$root_of_test/srv/source"
	cp "$build"/packages/* "$build"/sqlprod_*.deb "$root_of_test/srv/packages"
	in_root sh /srv/source/tests/roots/first-half-hour "$2"
	expect_line "$2: run, check, settings and revert work"
	expect_line "$2: django: wal"
}

@test "on Debian 12 a new user gets there by source" {
	first_half_hour bookworm source
	expect_line "source: uninstall says to take out ld.so.preload first, and leaves nothing"
}

@test "on Debian 13 a new user gets there by source" {
	first_half_hour trixie source
	expect_line "source: uninstall says to take out ld.so.preload first, and leaves nothing"
}

@test "on Debian 12 a new user gets there by wheel" {
	first_half_hour bookworm wheel
	expect_line "wheel: pip uninstall leaves nothing"
}

@test "on Debian 13 a new user gets there by wheel" {
	first_half_hour trixie wheel
	expect_line "wheel: pip uninstall leaves nothing"
}

@test "on Debian 12 a new user gets there by package, and has Rails and Node under the library" {
	first_half_hour bookworm deb
	expect_line "deb: rails: wal"
	expect_line "deb: node: wal"
	expect_line "deb: npx sqlprod brings its own library"
	expect_line "deb: purge leaves nothing"
}

@test "on Debian 13 a new user gets there by package, and has Rails and Node under the library" {
	first_half_hour trixie deb
	expect_line "deb: rails: wal"
	expect_line "deb: node: wal"
	expect_line "deb: npx sqlprod brings its own library"
	expect_line "deb: purge leaves nothing"
}

# The images themselves cannot be had here: a root with the packages of their Debian stands for each.
@test "the Dockerfiles' build stage builds, and what it leaves serves the last stage" {
	new_root bookworm
	mkdir "$root_of_test/src"
	git -C "$root" ls-files -z | (cd "$root" && tar -c --null --ignore-failed-read -T -) | tar -x -C "$root_of_test/src"
	for file in python node; do
		sed -n '/ AS sqlprod$/,/^FROM/s/^RUN //p' "$root/scripts/package/docker/$file.Dockerfile" >"$scratch/$file.sh"
		[[ $(wc -l <"$scratch/$file.sh") -eq 2 ]]
	done
	cmp "$scratch/python.sh" "$scratch/node.sh"
	cp "$scratch/python.sh" "$root_of_test/build.sh"
	in_root sh -ec '. /build.sh'
	preload=$(sed -n 's/^ENV LD_PRELOAD=//p' "$root/scripts/package/docker/python.Dockerfile")
	stage=$root_of_test/stage
	mv "$stage" "$scratch/stage"
	rm -rf --one-file-system "$root_of_test"
	new_root bookworm python3
	cp -a "$scratch/stage/usr/local/." "$root_of_test/usr/local"
	in_root env LD_PRELOAD="$preload" sh -c 'cd /root && python3 -c "import sqlite3; print(sqlite3.connect(\"a.db\").execute(\"PRAGMA journal_mode\").fetchone()[0])"
		sqlprod check -- python3 -c "import sqlite3; sqlite3.connect(\"a.db\").execute(\"CREATE TABLE t(a)\")" | tail -n 1'
	expect_quiet
	expect $'wal\nverdict\twhole\tevery connection has the whole recipe (1 seen)'
}
