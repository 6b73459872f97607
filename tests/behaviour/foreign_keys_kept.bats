# foreign_keys=ON by recipe decides where SQLite compiles: kept statements, schemas that change, rows that come before their parents.
load ../harness/harness

# Before 3.15 they stay off.
eval "$(declare -f setup | sed '1s/setup/setup_place/')"
setup() {
	setup_place
	sqlite_has 3015000 || skip 'foreign keys by recipe are off there'
}

family='CREATE TABLE p(id INTEGER PRIMARY KEY, name UNIQUE); CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p(id) ON DELETE CASCADE);
INSERT INTO p VALUES(1,"one"),(2,"two"); INSERT INTO c VALUES(10,1),(11,1),(12,2)'

family_make() {
	rm -f ./*.db*
	observer query t.db "${1:-$family}"
}

count() {
	observer query t.db "SELECT count(*) FROM ${1:-c}"
}

# run_shim and its twin without the library; what it prints is the same, as the program works without foreign keys.
expect_as_without() {
	local schema=$1
	shift
	family_make "$schema"
	run_plain victim "$@"
	local plain=$output
	family_make "$schema"
	run_shim victim "$@"
	[[ $output == "$plain" ]] || fail "without: $plain"
}

@test "a kept REPLACE keeps children that came after it was prepared" {
	steps=('open a t.db' "prepare a r v2 -1 REPLACE INTO p VALUES(1,'uno')" 'step r' 'reset r'
		'exec a CREATE TABLE d(p REFERENCES p(id) ON DELETE CASCADE)' 'exec a INSERT INTO d VALUES(1)' 'step r' 'reset r')
	family_make
	run_plain victim 'open a t.db' 'exec a PRAGMA foreign_keys=on' "${steps[@]:1}"
	[[ $(count d) == 0 ]]
	expect_as_without "$family" "${steps[@]}"
	[[ $(count d) == 1 && $(count) == 3 ]]
}

@test "a schema that another connection made is seen, by fresh statements and kept ones" {
	expect_as_without 'CREATE TABLE log(x)' 'open a t.db' 'exec a INSERT INTO log VALUES(1)' 'open b t.db' \
		'exec b CREATE TABLE p(id INTEGER PRIMARY KEY, name UNIQUE ON CONFLICT REPLACE)' \
		'exec b CREATE TABLE c(p REFERENCES p(id) ON DELETE CASCADE)' "exec a INSERT INTO p VALUES(1,'n')" \
		'exec a INSERT INTO c VALUES(1)' "prepare a i v2 -1 INSERT INTO p VALUES(NULL,'m')" 'step i' 'reset i' \
		'exec b CREATE TABLE later(x)' "exec a INSERT INTO p VALUES(2,'n')" 'step i' 'reset i'
	[[ $(count) == 1 ]]
}

@test "a kept DELETE does what the schema says, before and after a DROP TABLE" {
	family_make "$family; CREATE TABLE old(x); INSERT INTO p VALUES(3,'three'); INSERT INTO c VALUES(13,3)"
	run_shim victim 'open a t.db' 'prepare a d v2 -1 DELETE FROM p WHERE id=(SELECT min(id) FROM p)' 'step d' 'reset d' \
		'prepare a drop v2 -1 DROP TABLE old' 'step drop' 'finalize drop' 'step d' 'reset d' 'step d' 'reset d'
	[[ $(count p) == 0 && $(count) == 0 ]]
	expect_quiet
}

@test "a kept INSERT refuses an orphan again once the schema has changed" {
	family_make
	run_shim victim 'open a t.db' 'prepare a i v2 -1 INSERT INTO c VALUES(NULL, 99)' 'open b t.db' 'exec b CREATE TABLE more(x)' \
		'step i' 'errmsg a'
	expect_line "errmsg $(orphan_refused)"
	[[ $(count) == 3 ]]
}

@test "a parent that is missing, or has no unique key, refuses nothing, and one warning names the table" {
	expect_as_without 'CREATE TABLE c(g REFERENCES groups(id))' 'open a t.db' 'exec a INSERT INTO c VALUES(1)' \
		'prepare a i v2 -1 INSERT INTO c VALUES(2)' 'step i' 'reset i' 'exec a UPDATE c SET g=3' 'exec a DELETE FROM c WHERE g=4'
	[[ $(count) == 2 ]]
	expect_warnings 1 '*table c*SQLPROD_FOREIGN_KEYS*'
	expect_as_without 'CREATE TABLE p(k); CREATE TABLE c(g REFERENCES p(k))' 'open a t.db' 'exec a INSERT INTO c VALUES(1)' \
		'exec a INSERT INTO p VALUES(1)' 'exec a DELETE FROM p'
	expect_warnings 1 '*SQLPROD_FOREIGN_KEYS*'
}

@test "a child's column can be opened by sqlite3_blob_open() and written, and rows are refused after it" {
	local schema='CREATE TABLE p(id TEXT PRIMARY KEY); CREATE TABLE c(id INTEGER PRIMARY KEY, p TEXT REFERENCES p);
		INSERT INTO p VALUES("one"),("two"); INSERT INTO c VALUES(1,"one")'
	expect_as_without "$schema" 'open a t.db' 'blob a c p two' 'exec a SELECT p FROM c' 'blob a p id six'
	expect_warnings 1 '*table c*sqlite3_blob_open()*'
	run_shim victim 'open a t.db' 'blob a c p one' 'exec a INSERT INTO c VALUES(2, "none")' 'exec a PRAGMA foreign_keys'
	[[ $output == *$'\nblob 0\nexec 19 '*$'\n1\nexec 0' ]]
	run_shim victim 'open a t.db' 'exec a PRAGMA foreign_keys=ON' 'blob a c p one'
	[[ $output == *$'\nblob 1 cannot open foreign key column for writing' ]]
}

@test "an authorizer that hides the parent's key refuses no row; one that hides another column changes nothing" {
	cat >hide.py <<-'EOF'
		import sqlite3, sys
		c = sqlite3.connect('t.db', isolation_level=None)
		c.set_authorizer(lambda action, *names: sqlite3.SQLITE_IGNORE
		                 if action == sqlite3.SQLITE_READ and '.'.join(names[:2]) == sys.argv[1] else sqlite3.SQLITE_OK)
		try: c.execute('INSERT INTO c SELECT 20, ' + sys.argv[2]); print('inserted')
		except sqlite3.Error as e: print(e)
	EOF
	for run in run_plain run_shim; do
		family_make
		$run python3 hide.py p.id 2
		expect inserted
	done
	expect_warnings 1 '*table c*authorizer*'
	family_make
	run_shim python3 hide.py c.id '99 FROM c WHERE p=2 AND id IS NULL'
	expect 'FOREIGN KEY constraint failed'
}

@test "a kept INSERT passes while its parent is away, and refuses orphans when it is back" {
	sqlite_has 3025000 || skip 'ALTER TABLE RENAME changes the REFERENCES there'
	family_make
	run_shim victim 'open a t.db' 'prepare a i v2 -1 INSERT INTO c VALUES(NULL, 99)' 'exec a DROP TABLE p' 'step i' 'reset i' \
		'exec a CREATE TABLE n(id INTEGER PRIMARY KEY)' 'exec a ALTER TABLE n RENAME TO p' 'step i' 'errmsg a'
	[[ ${lines[3]} == 'step 101' ]]
	expect_line "errmsg $(orphan_refused)"
	[[ $(count) == 4 ]]
}

@test "rows may come before their parent in a transaction; what is an orphan at COMMIT is refused there" {
	expect_as_without "$family" 'open a t.db' 'exec a BEGIN' 'exec a INSERT INTO c VALUES(20, 7)' "exec a INSERT INTO p VALUES(7,'x')" \
		'exec a COMMIT' 'prepare a b v2 -1 BEGIN' 'prepare a i v2 -1 INSERT INTO c VALUES(NULL, 8)' 'prepare a e v2 -1 COMMIT' \
		'step b' 'reset b' 'step e' 'reset e' 'step b' 'reset b' 'step i' 'reset i' "exec a INSERT INTO p VALUES(8,'y')" 'step e' 'reset e'
	family_make
	run_shim victim 'open a t.db' 'exec a BEGIN' 'exec a INSERT INTO c VALUES(20, 7)' 'exec a COMMIT' 'exec a ROLLBACK'
	expect_line "exec 19 $(orphan_refused)"
	[[ $(count) == 3 ]]
}

@test "REPLACE puts the key of a RESTRICT parent back" {
	expect_as_without "CREATE TABLE p(id INTEGER PRIMARY KEY, n); CREATE TABLE c(p REFERENCES p ON DELETE RESTRICT); INSERT INTO p VALUES(1,1); INSERT INTO c VALUES(1)" \
		'open a t.db' 'exec a REPLACE INTO p VALUES(1,2)' 'exec a SELECT n FROM p'
}

@test "a table that is dropped takes its orphans out of the count for COMMIT" {
	expect_as_without "$family" 'open a t.db' 'exec a BEGIN' 'exec a INSERT INTO c VALUES(20, 7)' 'exec a DROP TABLE c' 'exec a COMMIT'
}

@test "PRAGMA foreign_keys=ON inside a transaction decides nothing" {
	for way in exec get_table; do
		family_make
		run_shim victim 'open a t.db' "$way a BEGIN; PRAGMA foreign_keys=ON; COMMIT" "exec a REPLACE INTO p VALUES(1,'uno')" 'exec a DROP TABLE p'
		[[ $(count) == 3 ]]
	done
}

@test "a SELECT that runs goes through a REPLACE, a DROP TABLE and an orphan to its end" {
	expect_as_without "$family; CREATE TABLE old(x)" 'open a t.db' \
		'prepare a s v2 -1 SELECT id, (SELECT count(*) FROM c WHERE c.p = p.id) FROM p' 'step s' \
		"exec a REPLACE INTO p VALUES(1,'uno')" 'step s' 'step s'
	family_make "$family; CREATE TABLE old(x)"
	run_shim victim 'open a t.db' 'prepare a s v2 -1 SELECT id, (SELECT count(*) FROM c WHERE c.p = p.id) FROM p' 'step s' \
		'exec a INSERT INTO c VALUES(30, 99)' 'step s' 'step s'
	[[ ${lines[-1]} == 'step 101' ]]
}

@test "triggers that keep a log or a count hinder no DELETE of a parent; one that deletes a parent does" {
	triggers='CREATE TABLE log(x); CREATE TRIGGER l AFTER DELETE ON c BEGIN INSERT INTO log VALUES(old.id); END;
		CREATE TRIGGER n AFTER DELETE ON c BEGIN UPDATE p SET name=name WHERE id=old.p; END'
	family_make "$family; $triggers"
	run_shim victim 'open a t.db' 'exec a DELETE FROM p WHERE id=1'
	[[ $(count) == 1 && $(count log) == 2 ]]
	expect_quiet
	family_make "$family; CREATE TABLE t(x); INSERT INTO t VALUES(1); CREATE TRIGGER r AFTER DELETE ON t BEGIN DELETE FROM p WHERE id=old.x; END"
	run_shim victim 'open a t.db' 'exec a DELETE FROM t'
	[[ $(count) == 3 && $(count p) == 1 ]]
	expect_warnings 1
}

@test "an upsert whose trigger deletes a parent leaves the rows of its own table as they are" {
	sqlite_has 3024000 || skip 'it has no upsert'
	expect_as_without 'CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE SET NULL, v);
		CREATE TRIGGER d BEFORE INSERT ON c BEGIN DELETE FROM p WHERE id=new.id; END; INSERT INTO p VALUES(7); INSERT INTO c VALUES(1,7,0)' \
		'open a t.db' 'exec a INSERT INTO c VALUES(7,NULL,1) ON CONFLICT(id) DO UPDATE SET v=v+1' 'exec a SELECT p FROM c WHERE id=1'
	expect_warnings 1
}

@test "an UPDATE of a parent's key goes to its children, unless it replaces a row" {
	family_make 'CREATE TABLE p(id INTEGER PRIMARY KEY, name UNIQUE); CREATE TABLE c(p REFERENCES p(id) ON UPDATE CASCADE ON DELETE CASCADE);
		INSERT INTO p VALUES(1,1),(2,2); INSERT INTO c VALUES(1),(2)'
	run_shim victim 'open a t.db' 'exec a UPDATE p SET id=5 WHERE id=1' 'exec a UPDATE OR REPLACE p SET id=2 WHERE id=5'
	[[ $(observer query t.db 'SELECT group_concat(p) FROM c') == '5,2' ]]
	expect_warnings 1
}

@test "a program that only reads, and has an authorizer, reads" {
	family_make
	run_shim victim 'open a t.db' 'authorizer a log' 'prepare a s v2 -1 SELECT count(*) FROM p' 'step s' 'exec a SELECT name FROM p'
	expect_line 'step 100'
	expect_line one
}

# Where a transaction takes no write lock of the main database's file: CPython keeps these statements, and compiles none of them again.
@test "kept statements let children come before their parents in every transaction, whichever database has the tables" {
	cat >program.py <<-'END'
		import sqlite3
		def run(what, path, prepare=(), schema='main'):
		    db = sqlite3.connect(path, isolation_level=None, uri=True)
		    for text in prepare: db.execute(text)
		    db.execute(f'CREATE TABLE {schema}.p(id INTEGER PRIMARY KEY)')
		    db.execute(f'CREATE TABLE {schema}.c(id INTEGER PRIMARY KEY, p REFERENCES p(id))')
		    results = []
		    for n in range(12):
		        try:
		            db.execute(['BEGIN', 'SAVEPOINT s', 'BEGIN IMMEDIATE'][n % 3])
		            db.execute(f'INSERT INTO {schema}.c VALUES(?1, ?1)', (n,))
		            db.execute(f'INSERT INTO {schema}.p VALUES(?1)', (n,))
		            db.execute(['COMMIT', 'RELEASE s', 'COMMIT'][n % 3])
		            results.append('ok')
		        except sqlite3.Error as error:
		            results.append(str(error))
		            if db.in_transaction: db.execute('ROLLBACK')
		    print(what, set(results), db.execute(f'SELECT count(*) FROM {schema}.c').fetchone()[0])
		    try: db.execute(f'INSERT INTO {schema}.c VALUES(90, 99)'); print('orphan let in')
		    except sqlite3.Error as error: print(error)
		run('file', 'file:a.db')
		run('in memory', ':memory:')
		run('TEMP', 'file:b.db', schema='temp')
		run('attached', 'file:d.db', ["ATTACH 'e.db' AS other"], 'other')
		run('attached in memory', ':memory:', ["ATTACH ':memory:' AS other"], 'other')
		run('shared in memory', 'file:m?mode=memory&cache=shared')
		run('nolock', 'file:f.db?nolock=1')
		run('exclusive', 'file:g.db', ['PRAGMA locking_mode=EXCLUSIVE'])
		run('exclusive, rollback journal', 'file:h.db', ['PRAGMA journal_mode=DELETE', 'PRAGMA locking_mode=EXCLUSIVE'])
	END
	run_plain python3 program.py
	wanted=${output//orphan let in/FOREIGN KEY constraint failed}
	[[ $wanted != *ROLLBACK* && $output == *'orphan let in'* ]]
	for begin in auto keep; do
		rm -f ./*.db*
		SQLPROD_BEGIN=$begin run_shim python3 program.py
		[[ $output == "$wanted" ]] || fail "wanted: $wanted"
	done
}
