# Which programs and which databases the library looks after.
load ../harness/harness

mode() {
	observer query "$1" 'PRAGMA journal_mode'
}

# Makes both databases through the library and answers their journal modes.
modes() {
	rm -f ./*.db*
	run_shim victim 'open a shop.db' 'open b other.db' 'exec a CREATE TABLE t(x)' 'exec b CREATE TABLE t(x)' >&2
	echo "$(mode shop.db) $(mode other.db)"
}

@test "without patterns every program and database gets the recipe" {
	[[ $(modes) == 'wal wal' ]]
}

@test "only programs in SQLPROD_PROGRAMS get the recipe" {
	[[ $(SQLPROD_PROGRAMS=victim modes) == 'wal wal' ]]
	[[ $(SQLPROD_PROGRAMS='gunicorn, vic*' modes) == 'wal wal' || $(SQLPROD_PROGRAMS='gunicorn,vic*' modes) == 'wal wal' ]]
	[[ $(SQLPROD_PROGRAMS='gunicorn,python3*' modes) == 'delete delete' ]]
}

@test "programs in SQLPROD_SKIP_PROGRAMS do not get the recipe" {
	[[ $(SQLPROD_SKIP_PROGRAMS=victim modes) == 'delete delete' ]]
	[[ $(SQLPROD_SKIP_PROGRAMS='gunicorn,v?ctim' modes) == 'delete delete' ]]
	[[ $(SQLPROD_SKIP_PROGRAMS=gunicorn modes) == 'wal wal' ]]
	[[ $(SQLPROD_PROGRAMS='*' SQLPROD_SKIP_PROGRAMS='vic*' modes) == 'delete delete' ]]
}

@test "only databases in SQLPROD_DATABASES, by absolute path, get the recipe" {
	[[ $(SQLPROD_DATABASES="$PWD/shop.db" modes) == 'wal delete' ]]
	[[ $(SQLPROD_DATABASES='*/shop.db' modes) == 'wal delete' ]]
	[[ $(SQLPROD_DATABASES='*/shop.db,*/o*.db' modes) == 'wal wal' ]]
	[[ $(SQLPROD_DATABASES='shop.db' modes) == 'wal delete' ]]
}

@test "databases in SQLPROD_SKIP_DATABASES do not get the recipe" {
	[[ $(SQLPROD_SKIP_DATABASES='*/other.db' modes) == 'wal delete' ]]
	[[ $(SQLPROD_SKIP_DATABASES="$PWD/*" modes) == 'delete delete' ]]
	[[ $(SQLPROD_DATABASES='*/*.db' SQLPROD_SKIP_DATABASES='*/shop*' modes) == 'delete wal' ]]
}

@test "a skipped database is not changed in any respect" {
	script=('open a other.db' 'exec a PRAGMA busy_timeout' 'busy_timeout a 5' 'exec a PRAGMA busy_timeout'
		'exec a PRAGMA foreign_keys' 'exec a PRAGMA mmap_size'
		'exec a PRAGMA synchronous' 'exec a PRAGMA cache_size' 'exec a BEGIN' 'sh observer lock other.db'
		'exec a COMMIT' 'prepare a s v2 -1 BEGIN' 'sql s')
	run_plain victim "${script[@]}"
	wanted=$output
	SQLPROD_SKIP_DATABASES='*/other.db' run_shim victim "${script[@]}"
	expect "$wanted"
	expect_quiet
}

@test "a database opened by a relative path is matched by its absolute path" {
	mkdir deep
	run_shim victim 'chdir deep' 'open a t.db' 'chdir ..' 'exec a CREATE TABLE t(x)'
	[[ $(mode deep/t.db) == wal ]]
	rm deep/t.db*
	SQLPROD_DATABASES="$PWD/deep/t.db" run_shim victim 'chdir deep' 'open a t.db' 'chdir ..' 'exec a CREATE TABLE t(x)'
	[[ $(mode deep/t.db) == wal ]]
	rm deep/t.db*
	SQLPROD_SKIP_DATABASES="$PWD/deep/t.db" run_shim victim 'chdir deep' 'open_v2 a file:t.db?mode=rwc rw,create,uri' \
		'chdir ..' 'exec a CREATE TABLE t(x)'
	[[ $(mode deep/t.db) == delete ]]
}
