# foreign_keys=ON by recipe in schemas and statements of all kinds: what a program without foreign keys does, it does with them by recipe;
# and an orphan is refused where nothing stood in the way.
load ../harness/harness

# Before 3.15 they stay off.
eval "$(declare -f setup | sed '1s/setup/setup_place/')"
setup() {
	setup_place
	sqlite_has 3015000 || skip 'foreign keys by recipe are off there'
}

# All rows of all tables.
dump() {
	observer query t.db "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%' ORDER BY 1" | while read -r table; do
		echo "$table: $(observer query t.db "SELECT * FROM \"$table\" ORDER BY 1")"
	done
}

family_make() {
	rm -f ./*.db*
	observer query t.db "$1"
}

# expect_as_without SCHEMA STEP... - what the steps print (after t.db is opened as a), and all rows afterwards, are the same with the
# library and without; and not so with PRAGMA foreign_keys=on.
expect_as_without() {
	local schema=$1 plain rows
	shift
	family_make "$schema"
	run_plain victim 'open a t.db' "$@"
	plain=$output rows=$(dump)
	family_make "$schema"
	run_plain victim 'open a t.db' 'exec a PRAGMA foreign_keys=on' "$@"
	[[ $rows != "$(dump)" || $plain != "${output/$'\n'exec 0/}" ]] || fail "foreign keys make no difference to this"
	family_make "$schema"
	run_shim victim 'open a t.db' "$@"
	[[ $output == "$plain" ]] || fail "without: $plain"
	[[ $rows == "$(dump)" ]] || fail "without: $rows" "with: $(dump)"
}

parents='CREATE TABLE p(id INTEGER PRIMARY KEY, name UNIQUE); INSERT INTO p VALUES(1,"one"),(2,"two");'
children='CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p(id) ON DELETE CASCADE); INSERT INTO c VALUES(10,1),(11,2);'

setup_versions() {
	sqlite_has 3035000 || skip 'not all of this is known to it'
}

@test "REPLACE from a SELECT, kept and fresh" {
	expect_as_without "$parents$children" "exec a INSERT OR REPLACE INTO p SELECT id,name||'!' FROM p"
	expect_as_without "$parents$children" "prepare a r v2 -1 INSERT OR REPLACE INTO p SELECT id,name||'!' FROM p" 'exec a CREATE TABLE x(y)' 'step r' \
		'reset r' 'step r' 'reset r'
}

@test "REPLACE into a view, whose INSTEAD OF trigger writes the parent" {
	expect_as_without "$parents$children CREATE VIEW v AS SELECT * FROM p; CREATE TRIGGER t INSTEAD OF INSERT ON v BEGIN INSERT OR REPLACE INTO p VALUES(new.id,new.name); END" \
		"exec a INSERT INTO v VALUES(1,'uno')" "prepare a r v2 -1 REPLACE INTO v VALUES(2,'due')" 'exec a CREATE TABLE x(y)' 'step r' 'reset r'
}

@test "an upsert inside a trigger, that changes the parent's key" {
	setup_versions
	expect_as_without "CREATE TABLE p(id INTEGER PRIMARY KEY, name UNIQUE); INSERT INTO p VALUES(1,'one'); CREATE TABLE c(p REFERENCES p(name) ON UPDATE SET NULL);
		INSERT INTO c VALUES('one'); CREATE TABLE log(x); CREATE TRIGGER t AFTER INSERT ON log BEGIN
		INSERT INTO p VALUES(1,'uno') ON CONFLICT(id) DO UPDATE SET name=excluded.name WHERE new.x=1; END" \
		'exec a INSERT INTO log VALUES(1)'
}

@test "parents and children WITHOUT ROWID, with generated columns, and with a partial UNIQUE index" {
	setup_versions
	expect_as_without "CREATE TABLE p(a, b, id AS (a||b) STORED UNIQUE, PRIMARY KEY(a,b)) WITHOUT ROWID; INSERT INTO p VALUES(1,2);
		CREATE TABLE c(a, b, FOREIGN KEY(a,b) REFERENCES p ON DELETE CASCADE); INSERT INTO c VALUES(1,2)" 'exec a REPLACE INTO p VALUES(1,2)'
	expect_as_without "CREATE TABLE p(a INTEGER PRIMARY KEY, id AS (a*2) STORED UNIQUE); INSERT INTO p VALUES(1);
		CREATE TABLE c(p REFERENCES p(id) ON DELETE SET NULL); INSERT INTO c VALUES(2)" 'exec a REPLACE INTO p VALUES(1)'
	expect_as_without "CREATE TABLE p(id, name); CREATE UNIQUE INDEX i ON p(id) WHERE id > 0; INSERT INTO p VALUES(1,2);
		CREATE TABLE c(p REFERENCES p(id) ON DELETE CASCADE)" 'exec a INSERT INTO c VALUES(1)' 'exec a REPLACE INTO p VALUES(1,3)'
}

@test "triggers that recurse, and TEMP triggers on a table of the file" {
	expect_as_without "$parents$children CREATE TABLE log(n); CREATE TRIGGER t AFTER INSERT ON log WHEN new.n>0 BEGIN INSERT INTO log VALUES(new.n-1);
		REPLACE INTO p VALUES(new.n,'r'||new.n); END" 'exec a PRAGMA recursive_triggers=ON' 'exec a INSERT INTO log VALUES(2)'
	expect_as_without "$parents$children CREATE TABLE log(n)" 'exec a CREATE TEMP TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM p WHERE id=new.n; END' \
		'exec a INSERT INTO log VALUES(1)' "prepare a i v2 -1 INSERT INTO log VALUES(2)" 'exec a CREATE TABLE x(y)' 'step i' 'reset i'
}

@test "a file that is attached later, with statements kept from before" {
	expect_as_without "$parents" "exec a ATTACH 'u.db' AS u" 'exec a CREATE TABLE u.q(id INTEGER PRIMARY KEY, n)' 'exec a INSERT INTO u.q VALUES(1,1)' \
		'prepare a r v2 -1 REPLACE INTO q VALUES(1,2)' 'exec a CREATE TABLE u.c(q REFERENCES q(id) ON DELETE CASCADE)' 'exec a INSERT INTO u.c VALUES(1)' \
		'step r' 'reset r' 'exec a SELECT count(*) FROM u.c'
}

@test "rebuilds of a parent: SQLite's twelve steps, rename first as Alembic's and older Rails' batches, and Django's" {
	rebuilt='CREATE TABLE new(id INTEGER PRIMARY KEY, name UNIQUE, more); INSERT INTO new SELECT id,name,1 FROM p'
	expect_as_without "$parents$children" "exec a BEGIN; $rebuilt; DROP TABLE p; ALTER TABLE new RENAME TO p; COMMIT" 'exec a SELECT count(*) FROM c'
	expect_as_without "$parents$children" "exec a $rebuilt; DROP TABLE p; ALTER TABLE new RENAME TO p" 'exec a SELECT count(*) FROM c'
	expect_as_without "$parents$children" 'exec a PRAGMA legacy_alter_table=ON' 'exec a BEGIN' 'exec a ALTER TABLE p RENAME TO old' \
		'exec a CREATE TABLE p(id INTEGER PRIMARY KEY, name UNIQUE, more)' 'exec a INSERT INTO p SELECT id,name,1 FROM old' 'exec a DROP TABLE old' 'exec a COMMIT' \
		'exec a PRAGMA legacy_alter_table=OFF' 'exec a SELECT count(*) FROM c'
}

@test "dumps that bring children first: of the shell, and of Python's iterdump" {
	family_make "CREATE TABLE a(p REFERENCES z(id)); CREATE TABLE z(id INTEGER PRIMARY KEY); INSERT INTO z VALUES(1); INSERT INTO a VALUES(1)"
	sqlite3 t.db .dump | grep -v 'PRAGMA foreign_keys' >dump.sql
	python3 -c 'import sqlite3; print("\n".join(sqlite3.connect("t.db").iterdump()))' >iterdump.sql
	for file in dump iterdump; do
		rm -f r.db*
		run_shim sqlite3 -batch -init /dev/null r.db ".read $file.sql"
		[[ $(observer query r.db 'SELECT count(*) FROM a') == 1 ]]
		rm -f r.db*
		run_shim python3 -c "import sqlite3; sqlite3.connect('r.db').executescript(open('$file.sql').read())"
		[[ $(observer query r.db 'SELECT count(*) FROM a') == 1 ]]
	done
}

@test "savepoints: what is undone is not counted, what stays an orphan is refused at COMMIT" {
	expect_as_without "$parents$children" 'exec a BEGIN' 'exec a SAVEPOINT s' 'exec a INSERT INTO c VALUES(20,7)' 'exec a ROLLBACK TO s' \
		'exec a INSERT INTO c VALUES(21,8)' 'exec a RELEASE s' "exec a INSERT INTO p VALUES(8,'acht')" 'exec a COMMIT'
	family_make "$parents$children"
	run_shim victim 'open a t.db' 'exec a BEGIN' 'exec a SAVEPOINT s' 'exec a INSERT INTO c VALUES(20,7)' 'exec a RELEASE s' 'exec a COMMIT'
	[[ ${lines[-1]} == "exec 19 $(orphan_refused)" ]]
}

@test "statements with RETURNING, kept while another connection changes the schema" {
	setup_versions
	expect_as_without "$parents$children" "prepare a r v2 -1 REPLACE INTO p VALUES(1,'uno') RETURNING id" 'open b t.db' \
		'exec b CREATE TABLE more(p REFERENCES p(id) ON DELETE CASCADE)' 'exec b INSERT INTO more VALUES(1)' 'step r' 'reset r'
}

@test "kept statements of Python are enforced again after a DROP by another process" {
	family_make "$parents$children CREATE TABLE old(x)"
	cat >program.py <<-'END'
		import sqlite3, subprocess
		db = sqlite3.connect("t.db", isolation_level=None)
		def insert(parent):
		    try:
		        db.execute("INSERT INTO c(p) VALUES(?)", (parent,))
		        return "in"
		    except sqlite3.IntegrityError:
		        return "refused"
		print(insert(1), insert(99))
		subprocess.run(["sqlite3", "t.db", "DROP TABLE old"], check=True)
		print(insert(1), insert(99))
	END
	run_shim python3 program.py
	[[ $output == $'in refused\nin refused' ]]
	family_make "$parents$children CREATE TABLE old(x)"
	run_plain python3 program.py
	[[ $output == *'in in'* ]] || fail "the twin refuses by itself"
}

@test "while another process changes the schema all the time, kept statements lose no child, let no orphan in, and none fails" {
	run_shim schema_race t.db 60
	[[ $output == 'children 60 of 60, orphans refused 60, let in 0' ]]
	rm -f t.db*
	SQLPROD_FOREIGN_KEYS=keep run_shim schema_race t.db 60
	[[ $output == 'children 60 of 60, orphans refused 0, let in 60' ]]
}

@test "a table that is made anew keeps the orphans that it had" {
	for run in run_plain run_shim; do
		rm -f t.db*
		observer query t.db 'CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p); INSERT INTO p VALUES(1); INSERT INTO c VALUES(1,1),(2,99);
			CREATE TABLE plain(id, p); INSERT INTO plain VALUES(7,99)'
		$run victim 'open a t.db' 'exec a CREATE TABLE n(id INTEGER PRIMARY KEY, p REFERENCES p, more)' 'exec a INSERT INTO n SELECT id,p,0 FROM c' \
			'exec a DROP TABLE c' 'exec a ALTER TABLE n RENAME TO c' 'exec a SELECT id,p FROM c' 'close a'
		expect_line '2|99'
		[[ $output != *'exec 19'* ]]
		$run victim 'open a t.db' 'exec a INSERT INTO c SELECT id,p,0 FROM plain' 'errmsg a' 'prepare a s v2 -1 INSERT INTO c SELECT id+10,p+50,0 FROM c' 'step s' 'finalize s' 'exec a SELECT count(*) FROM c' 'close a'
		if [[ $run == run_shim ]]; then
			expect_line "exec 19 $(orphan_refused)"
			expect_line "errmsg $(orphan_refused)"
			expect_line 'finalize 19'
			expect_line 2
		fi
	done
}

@test "an orphan that INSERT ... SELECT makes of rows that are none is refused" {
	for run in run_plain run_shim; do
		rm -f t.db*
		observer query t.db 'CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p); CREATE TABLE n(id INTEGER PRIMARY KEY, p REFERENCES p);
			INSERT INTO p VALUES(1); INSERT INTO c VALUES(1,1)'
		$run victim 'open a t.db' 'exec a INSERT INTO n SELECT id,p+50 FROM c' 'exec a INSERT INTO n SELECT id+1,p FROM c' 'exec a SELECT count(*) FROM n'
		if [[ $run == run_shim ]]; then
			expect_line "exec 19 $(orphan_refused)"
			expect_line 1
		else
			expect_line 2
		fi
	done
}

@test "orphans that INSERT ... SELECT copies into a table of the same keys are let in, in another database and whatever the program redefines" {
	cat >program.py <<-'END'
		import sqlite3
		called = []
		def connect():
		    db = sqlite3.connect('t.db', isolation_level=None)
		    for name in 'count', 'like', 'max', 'lower':
		        for arguments in 0, 1, 2:
		            db.create_function(name, arguments, lambda *values: called.append(values))
		    db.create_collation('NOCASE', lambda a, b: called.append(a) or (a > b) - (a < b))
		    db.execute("ATTACH 'other.db' AS other")
		    return db
		db = connect()
		db.executescript("""CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p);
		    CREATE TABLE other.p(id INTEGER PRIMARY KEY); CREATE TABLE other.c(id INTEGER PRIMARY KEY, p REFERENCES p(id));
		    CREATE TABLE s(u UNIQUE, r REFERENCES s(u)); INSERT INTO s VALUES(1, 1); PRAGMA foreign_keys=OFF; INSERT INTO c VALUES(1, 99)""")
		db.close(); db = connect()
		for text in ('INSERT INTO other.c SELECT * FROM main.c', 'INSERT INTO other.c SELECT id+1,p FROM main.c', 'UPDATE OR REPLACE s SET u=1',
		             'INSERT INTO c SELECT id+1,id+60 FROM p'):
		    db.execute(text)
		print(db.execute('SELECT * FROM other.c').fetchall(), called)
		try: db.execute('INSERT INTO c SELECT id+5,id+60 FROM other.c')
		except sqlite3.Error as error: print(error)
	END
	run_plain python3 program.py
	[[ $output == '[(1, 99), (2, 99)] []' ]]
	rm -f ./*.db*
	run_shim python3 program.py
	[[ $output == '[(1, 99), (2, 99)] []'$'\n'"$(orphan_refused)" ]]
}

@test "a program without the collation of a parent's key writes its children as before, by fresh statements and kept ones" {
	cat >program.py <<-'END'
		import sqlite3
		db = sqlite3.connect('t.db', isolation_level=None)
		db.create_collation('k', lambda a, b: (a > b) - (a < b))
		db.executescript("CREATE TABLE p(n TEXT COLLATE k PRIMARY KEY); CREATE TABLE c(n REFERENCES p(n) ON DELETE CASCADE); INSERT INTO p VALUES('a')")
		other = sqlite3.connect('t.db', isolation_level=None)
		for n in range(3):
		    other.execute("INSERT INTO c VALUES('a')")
		    db.execute(f'CREATE TABLE more{n}(x)')
		print(other.execute('SELECT count(*) FROM c').fetchone())
		try: db.execute("INSERT INTO c VALUES('b')")
		except sqlite3.Error as error: print(error)
	END
	run_plain python3 program.py
	[[ $output == '(3,)' ]]
	rm -f t.db*
	run_shim python3 program.py
	[[ $output == '(3,)'$'\n'"$(orphan_refused)" ]]
	expect_warnings 1 '*table c*'
}

# SQLite says so before it asks an authorizer about the action.
@test "a parent is written as before where the action of its children cannot be compiled: a generated column, a default by a function that is not there" {
	local action child
	setup_versions
	for action in 'DELETE SET NULL' 'DELETE SET DEFAULT' 'UPDATE SET NULL' 'UPDATE CASCADE'; do
		child="CREATE TABLE c(id INTEGER PRIMARY KEY, x, p AS (x) STORED REFERENCES p(id) ON $action); INSERT INTO c(id,x) VALUES(10,2);"
		expect_as_without "$parents$child" 'exec a DELETE FROM p WHERE id=1' "exec a REPLACE INTO p VALUES(2,'new')" \
			"exec a INSERT INTO p VALUES(2,'newer') ON CONFLICT(id) DO UPDATE SET id=2,name='newest'" 'exec a UPDATE p SET id=id' \
			'prepare a s v2 -1 REPLACE INTO p VALUES(2,?)' 'step s' 'reset s' 'exec a CREATE TABLE z(x)' 'step s' 'finalize s'
	done
	for action in DELETE UPDATE; do
		child="CREATE TABLE c(id INTEGER PRIMARY KEY, p DEFAULT (absent()) REFERENCES p(id) ON $action SET DEFAULT); INSERT INTO c VALUES(10,2);"
		expect_as_without "$parents$child" "exec a REPLACE INTO p VALUES(2,'new')" 'exec a UPDATE OR REPLACE p SET id=id' \
			"exec a INSERT INTO p VALUES(2,'newer') ON CONFLICT(id) DO UPDATE SET id=2,name='newest'" 'exec a DELETE FROM p WHERE id=1'
	done
}
