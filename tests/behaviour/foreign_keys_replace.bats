# REPLACE into a parent with an ON DELETE action would delete its children: such a statement is compiled without foreign keys.
load ../harness/harness

# Before 3.15 they stay off.
eval "$(declare -f setup | sed '1s/setup/setup_place/')"
setup() {
	setup_place
	sqlite_has 3015000 || skip 'foreign keys by recipe are off there'
}

make_file() {
	rm -f ./*.db*
	observer query t.db "$1"
}

children() {
	observer query "${1:-t.db}" 'SELECT count(*) FROM c'
}

parent='CREATE TABLE p(id INTEGER PRIMARY KEY, name UNIQUE); INSERT INTO p VALUES(1,"one"),(2,"two");'
child='CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p(id) ON DELETE CASCADE); INSERT INTO c VALUES(10,1),(11,1),(12,2);'
family="$parent$child"

# With foreign keys on, this text deletes children; with the recipe it does not, one warning says so, and others are enforced.
expect_yield() {
	local schema=$1 text=$2
	make_file "$schema"
	run_plain victim 'open a t.db' 'exec a PRAGMA foreign_keys=on' "exec a $text"
	expect_line 'exec 0'
	[[ $(children) -lt 3 ]]
	make_file "$schema"
	run_shim victim 'open a t.db' 'exec a INSERT INTO c VALUES(90, 99)' "exec a $text" "exec a $text" 'fkey a ask'
	[[ $(children) -eq 3 ]]
	expect_warnings 1 '*foreign_keys*t.db*'
	expect_line 'fkey 0 on'
	expect_line "exec 19 $(orphan_refused)"
}

@test "every form of REPLACE into a parent with ON DELETE CASCADE keeps the children" {
	while read -r text; do
		[[ $text != WITH* ]] || sqlite_has 3008003 || continue
		[[ $text != *' AS q '* ]] || sqlite_has 3028000 || continue
		expect_yield "$family" "$text"
	done <<-'END'
		REPLACE INTO p VALUES(1,'uno')
		INSERT OR REPLACE INTO main."P" VALUES(1,'uno')
		/**/ replace/**/into [p] select 1,'uno'
		WITH w(i) AS (SELECT 1) INSERT OR REPLACE INTO p SELECT i,'uno' FROM w
		UPDATE OR REPLACE p SET name='one' WHERE id=2
		UPDATE OR REPLACE p AS q SET name='one' WHERE q.id=2
		WITH w AS (SELECT 1) UPDATE OR REPLACE p SET name='one' WHERE id=2
		SELECT 1; REPLACE INTO p(id) VALUES(1)
		BEGIN; INSERT INTO p VALUES(7,'seven'); REPLACE INTO p VALUES(1,'uno'); COMMIT
	END
}

@test "REPLACE in a trigger or a constraint keeps the children" {
	expect_yield "$parent$child CREATE TABLE t(x); CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT OR REPLACE INTO p VALUES(1,'uno'); END" 'INSERT INTO t VALUES(1)'
	expect_yield "$parent$child CREATE TABLE t(x); CREATE TRIGGER r AFTER INSERT ON t BEGIN REPLACE INTO p VALUES(1,'uno'); END" 'INSERT INTO t VALUES(1)'
	expect_yield "$parent$child CREATE TABLE t(x); CREATE TRIGGER r AFTER UPDATE ON t BEGIN UPDATE OR REPLACE p SET name='one' WHERE id=2; END; INSERT INTO t VALUES(1)" 'UPDATE t SET x=2'
	expect_yield "CREATE TABLE p(id INTEGER PRIMARY KEY ON CONFLICT REPLACE, name); INSERT INTO p VALUES(1,'one'),(2,'two'); $child" "INSERT INTO p VALUES(1,'uno')"
	expect_yield "CREATE TABLE p(id INTEGER PRIMARY KEY, name UNIQUE ON CONFLICT REPLACE); INSERT INTO p VALUES(1,'one'),(2,'two'); $child" "UPDATE p SET name='one' WHERE id=2"
	expect_yield "$parent$child CREATE VIEW v AS SELECT * FROM p; CREATE TRIGGER r INSTEAD OF INSERT ON v BEGIN INSERT OR REPLACE INTO p VALUES(new.id,new.name); END" "INSERT INTO v VALUES(1,'uno')"
}

@test "a constraint or trigger with REPLACE that the program adds later keeps the children" {
	make_file "$family"
	run_shim victim 'open a t.db' "exec a INSERT INTO p VALUES(3,'three')" 'exec a CREATE TABLE t(x)' \
		"exec a CREATE TRIGGER r AFTER INSERT ON t BEGIN REPLACE INTO p VALUES(1,'uno'); END" \
		'exec a INSERT INTO t VALUES(1)'
	[[ $(children) -eq 3 ]]
	expect_warnings 1
}

@test "REPLACE into a parent with ON DELETE SET NULL or SET DEFAULT keeps the children's references" {
	for action in 'SET NULL' 'SET DEFAULT'; do
		make_file "$parent CREATE TABLE c(id INTEGER PRIMARY KEY, p DEFAULT 2 REFERENCES p(id) ON DELETE $action); INSERT INTO c VALUES(10,1)"
		run_shim victim 'open a t.db' "exec a REPLACE INTO p VALUES(1,'uno')"
		[[ $(observer query t.db 'SELECT p FROM c') == 1 ]]
		expect_warnings 1
	done
}

@test "REPLACE keeps the children when prepared by every call, and when stepped again" {
	for api in v1 v2 v3 16 16_v2 16_v3; do
		make_file "$family"
		run_shim victim 'open a t.db' "prepare a s $api length REPLACE INTO p VALUES(1,'uno')" 'step s' 'reset s' \
			'step s' 'finalize s'
		[[ $(children) -eq 3 ]]
	done
}

@test "REPLACE into a parent in an attached database keeps the children, with and without the schema's name" {
	for text in "REPLACE INTO u.p VALUES(1,'uno')" "REPLACE INTO p VALUES(1,'uno')" "INSERT INTO u.t VALUES(1)"; do
		rm -f ./*.db*
		observer query u.db "$family CREATE TABLE t(x); CREATE TRIGGER r AFTER INSERT ON t BEGIN REPLACE INTO p VALUES(1,'uno'); END"
		run_shim victim 'open a t.db' "exec a ATTACH 'u.db' AS u" "exec a $text"
		expect_line 'exec 0'
		[[ $(children u.db) -eq 3 ]]
	done
}

@test "REPLACE into a parent in the temporary database keeps the children" {
	run_shim victim 'open a t.db' \
		'exec a CREATE TEMP TABLE p(id INTEGER PRIMARY KEY); CREATE TEMP TABLE c(p REFERENCES p ON DELETE CASCADE); INSERT INTO p VALUES(1); INSERT INTO c VALUES(1)' \
		\
		'exec a REPLACE INTO p VALUES(1)' 'exec a SELECT count(*) FROM c'
	expect $'open 0\nexec 0\nexec 0\n1\nexec 0'
}

@test "REPLACE into a parent without actions works, and foreign keys stay enforced" {
	make_file "$parent CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p(id)); INSERT INTO c VALUES(10,1); CREATE TABLE k(id INTEGER PRIMARY KEY, v)"
	run_shim victim 'open a t.db' "exec a REPLACE INTO p VALUES(1,'uno')" 'exec a REPLACE INTO k VALUES(1,2)' \
		'exec a INSERT INTO c VALUES(11,99)' 'fkey a ask'
	expect_line "exec 19 $(orphan_refused)"
	expect_line 'fkey 0 on'
	expect_quiet
}

@test "REPLACE into a table that is no parent leaves foreign keys on" {
	make_file "$family CREATE TABLE k(id INTEGER PRIMARY KEY, v)"
	run_shim victim 'open a t.db' 'exec a REPLACE INTO k VALUES(1,2)' 'exec a REPLACE INTO c VALUES(10,2)' 'fkey a ask'
	expect_line 'fkey 0 on'
	expect_quiet
}

@test "foreign keys turned off for REPLACE give one warning per database, not per connection" {
	make_file "$family"
	run_shim victim 'open a t.db' 'open b t.db' "exec a REPLACE INTO p VALUES(1,'uno')" \
		"exec b REPLACE INTO p VALUES(1,'uno')" 'close a' 'open a t.db' "exec a REPLACE INTO p VALUES(1,'uno')"
	expect_warnings 1
}

@test "REPLACE leaves foreign keys on that the program turned on itself" {
	make_file "$family"
	run_shim victim 'open a t.db' 'exec a PRAGMA foreign_keys=on' "exec a REPLACE INTO p VALUES(1,'uno')" 'fkey a ask'
	[[ $(children) -eq 1 ]]
	expect_line 'fkey 0 on'
	expect_quiet
}

@test "REPLACE keeps the children of a parent whose schema cannot be read because the database is locked" {
	for run in run_plain:start_plain run_shim:start_shim; do
		make_file "$family"
		barrier_make read
		barrier_make prepared
		barrier_make held
		SQLPROD_JOURNAL_MODE=keep SQLPROD_BUSY_TIMEOUT=0 ${run#*:} replacer victim 'open a t.db' 'exec a SELECT count(*) FROM p' 'barrier read' \
			"prepare a s v2 -1 REPLACE INTO p VALUES(1,'uno')" 'barrier prepared' 'step s' 'finalize s'
		replacer=$started
		barrier_meet read
		start_plain holder victim 'open a t.db' 'exec a BEGIN EXCLUSIVE' 'barrier held' 'exec a COMMIT'
		holder=$started
		barrier_meet held
		barrier_leave read
		barrier_meet prepared
		barrier_leave held
		finish "$holder" holder
		barrier_leave prepared
		finish "$replacer" replacer
		[[ $(tail -n 2 <<<"$output") == $'step 101\nfinalize 0' ]]
		[[ $(children) -eq 3 ]]
		rm -f ./*.here ./*.go t.db*
	done
}

@test "UPDATE OR REPLACE inside a trigger deletes no child, whichever statement fires it" {
	schema='CREATE TABLE parent(id INTEGER PRIMARY KEY, u UNIQUE); CREATE TABLE child(parent REFERENCES parent ON DELETE CASCADE); CREATE TABLE other(x);
		CREATE TRIGGER deleted AFTER DELETE ON other BEGIN UPDATE OR REPLACE parent SET u=u+1 WHERE id=old.x; END;
		CREATE TRIGGER inserted AFTER INSERT ON other WHEN new.x>9 BEGIN UPDATE OR REPLACE parent SET u=u+1 WHERE id=1; END;
		CREATE TRIGGER updated AFTER UPDATE ON other BEGIN UPDATE OR REPLACE parent SET u=u+1 WHERE id=1; END;
		INSERT INTO parent VALUES(1,1),(2,2); INSERT INTO child VALUES(2); INSERT INTO other VALUES(1)'
	for run in run_plain run_shim; do
		for statement in 'DELETE FROM other WHERE x=1' 'INSERT INTO other VALUES(10)' 'UPDATE other SET x=3'; do
			rm -f t.db*
			observer query t.db "$schema"
			$run victim 'open a t.db' "prepare a s v2 -1 $statement" 'step s' 'finalize s' 'exec a SELECT count(*) FROM child; SELECT id FROM parent' 'close a'
			[[ $output == *$'\nstep 101\nfinalize 0\n1\n1\nexec 0\nclose 0' ]]
		done
	done
	# with foreign keys by the program's own wish the child goes
	rm -f t.db*
	observer query t.db "$schema"
	run_shim victim 'open a t.db' 'exec a PRAGMA foreign_keys=ON' 'exec a DELETE FROM other WHERE x=1' 'exec a SELECT count(*) FROM child' 'close a'
	expect_line 0
}

# A table t fires the trigger `more`, by the statement; parents have the children 1 -> 10 and 2 -> 11.
expect_trigger_keeps() {
	local action=$1 trigger=$2 statement=$3 run
	local schema="CREATE TABLE p(id INTEGER PRIMARY KEY, a, b, c DEFAULT 0, UNIQUE(a,b)); CREATE TABLE t(x, p REFERENCES p ON DELETE $action);
		CREATE TABLE l(id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE $action);
		INSERT INTO p(id,a,b) VALUES(1,1,1),(2,1,2),(3,1,3); INSERT INTO l VALUES(10,1),(11,2); INSERT INTO t VALUES(1,NULL); $trigger"
	for run in run_plain run_shim; do
		make_file "$schema"
		$run victim 'open a t.db' "prepare a s v2 -1 $statement" 'step s' 'finalize s' 'exec a SELECT count(p) FROM l; SELECT count(*) FROM p' 'close a'
		[[ $output == *$'step 101\nfinalize 0\n2\n2\nexec 0\nclose 0' ]]
	done
	# with foreign keys by the program's own wish the child goes, or points nowhere
	make_file "$schema"
	run_plain victim 'open a t.db' 'exec a PRAGMA foreign_keys=ON' "exec a $statement" 'exec a SELECT count(p) FROM l' 'close a'
	expect_line 1
}

@test "a trigger that replaces a parent by several columns deletes no child" {
	for action in CASCADE 'SET NULL'; do
		for event in 'DELETE ON t' 'UPDATE ON t' 'INSERT ON t'; do
			expect_trigger_keeps "$action" "CREATE TRIGGER m AFTER $event BEGIN UPDATE OR REPLACE p SET b=2 WHERE id=1; END" \
				"$(case $event in D*) echo DELETE FROM t ;; U*) echo 'UPDATE t SET x=7' ;; *) echo 'INSERT INTO t(x) VALUES(3)' ;; esac)"
			expect_trigger_keeps "$action" "CREATE TRIGGER m BEFORE $event BEGIN REPLACE INTO p(id,a,b) VALUES(3,1,2); END" \
				"$(case $event in D*) echo DELETE FROM t ;; U*) echo 'UPDATE t SET x=7' ;; *) echo 'INSERT INTO t(x) VALUES(3)' ;; esac)"
		done
	done
}

@test "a trigger that replaces rows of the statement's own table deletes no child of theirs" {
	for action in CASCADE 'SET NULL'; do
		expect_trigger_keeps "$action" 'CREATE TRIGGER m AFTER DELETE ON p BEGIN INSERT INTO p(id,a,b) VALUES(old.id,1,9); UPDATE OR REPLACE p SET b=2 WHERE id=1; END' 'DELETE FROM p WHERE id=3 OR id=99'
		expect_trigger_keeps "$action" 'CREATE TRIGGER m AFTER UPDATE OF c ON p BEGIN UPDATE OR REPLACE p SET b=2 WHERE id=1; END' 'UPDATE p SET c=1 WHERE id=3'
		expect_trigger_keeps "$action" 'CREATE TRIGGER m AFTER UPDATE OF c ON p BEGIN REPLACE INTO p(id,a,b) VALUES(3,1,2); END' 'UPDATE p SET c=1 WHERE id=1'
	done
	# and a child that is updated without being read
	expect_trigger_keeps 'SET NULL' 'CREATE TRIGGER m AFTER UPDATE OF id ON l BEGIN UPDATE OR REPLACE p SET b=2 WHERE id=1; END' 'UPDATE l SET id=id'
}

@test "UPDATE OR REPLACE of a table that references itself keeps the rows that referred to the one replaced" {
	for action in CASCADE 'SET NULL'; do
		for run in run_plain run_shim; do
			make_file "CREATE TABLE s(k INTEGER PRIMARY KEY, u UNIQUE, r REFERENCES s(u) ON DELETE $action); INSERT INTO s VALUES(1,1,NULL),(2,2,NULL),(4,4,2)"
			$run victim 'open a t.db' 'exec a UPDATE OR REPLACE s SET u=k+1 WHERE k=1' 'exec a SELECT k,u,r FROM s' 'close a'
			expect_line '1|2|NULL'
			expect_line '4|4|2'
		done
	done
}

@test "a trigger that replaces nothing leaves the actions of a DELETE and an UPDATE on" {
	schema="$parent$child CREATE TABLE log(name UNIQUE);
		CREATE TRIGGER i AFTER DELETE ON p BEGIN INSERT INTO p(name) VALUES(old.name||'!'); END;
		CREATE TRIGGER u AFTER DELETE ON p BEGIN UPDATE p SET name='two!' WHERE id=2; REPLACE INTO log VALUES('x'); END"
	for run in run_plain run_shim; do
		make_file "$schema"
		$run victim 'open a t.db' 'exec a DELETE FROM p WHERE id=1' 'close a'
		expect_line 'exec 0'
		children_left=$(children)
		[[ $run == run_plain && $children_left -eq 3 ]] || [[ $run == run_shim && $children_left -eq 1 ]]
	done
	expect_warnings 0 '*foreign_keys*'
	make_file 'CREATE TABLE p(k PRIMARY KEY, u UNIQUE) WITHOUT ROWID; CREATE TABLE c(p REFERENCES p ON UPDATE CASCADE); INSERT INTO p VALUES(1,1); INSERT INTO c VALUES(1)'
	run_shim victim 'open a t.db' 'exec a UPDATE p SET k=k+1,u=u' 'exec a SELECT p FROM c' 'close a'
	expect_line 2
}

@test "UPDATE OR REPLACE of a parent's second unique key does not fail on the first" {
	for run in run_plain run_shim; do
		make_file 'CREATE TABLE p(id INTEGER PRIMARY KEY, k UNIQUE, u UNIQUE); CREATE TABLE c(p REFERENCES p); INSERT INTO p VALUES(2,2,2),(3,3,3)'
		$run victim 'open a t.db' 'exec a UPDATE OR REPLACE p SET k=3,u=2 WHERE id=2' 'exec a SELECT id,k,u FROM p' 'close a'
		expect_line '2|3|2'
		for text in 'UPDATE OR REPLACE s SET k=3 WHERE k=2' 'INSERT INTO t VALUES(1)' 'WITH w AS (SELECT 1) UPDATE/**/OR REPLACE s SET k=3 WHERE k=2'; do
			make_file 'CREATE TABLE s(k UNIQUE, u UNIQUE, p REFERENCES s(k) ON UPDATE CASCADE); INSERT INTO s VALUES(2,2,NULL),(3,3,NULL); CREATE TABLE t(x);
				CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE OR REPLACE s SET k=3 WHERE k=2; END'
			$run victim 'open a t.db' "prepare a s v2 -1 $text" 'step s' 'finalize s' 'exec a SELECT k,u FROM s' 'close a'
			expect_line 'step 101'
			expect_line '3|2'
		done
	done
}

@test "a changeset of another database deletes no child" {
	for run in run_plain run_shim; do
		# in the changeset, REPLACE is a DELETE of the second parent
		rm -f ./*.db*
		$run any changeset 'REPLACE INTO p VALUES(1,2)' ''
		[[ $status -eq 0 ]] || skip 'this SQLite has no session extension'
		[[ $output == $'apply 0\np 1:2\nc 1:1,2:2\ninsert '* ]]
		# and here a conflict is answered by replacing the row
		rm -f ./*.db*
		$run changeset 'INSERT INTO p VALUES(7,7)' 'INSERT INTO p VALUES(7,70); INSERT INTO c VALUES(7,7)'
		[[ $output == $'apply 0\np 1:1,2:2,7:7\nc 1:1,2:2,7:7\ninsert '* ]]
	done
	# foreign keys are on again
	expect_line 'insert 19'
}

@test "sqlite3_changes() tells of the statement before, while another one is prepared" {
	for way in v2 v1; do
		for run in run_plain run_shim; do
			rm -f t.db*
			$run victim 'open a t.db' "exec a CREATE TABLE t(a UNIQUE); CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(y REFERENCES p ON DELETE CASCADE)" \
				'exec a INSERT INTO p VALUES(1),(2),(3); INSERT INTO t VALUES(1),(2),(3)' "prepare a s $way -1 UPDATE OR REPLACE t SET a=a+7" 'changes a' \
				'exec a SELECT changes()' "prepare a d $way -1 DELETE FROM p" 'changes a' 'step s' 'changes a' 'step d' 'changes a' \
				'finalize s' 'finalize d' 'close a'
			[[ $(grep -x 'changes .*\|[0-9]*' <<<"$output" | xargs) == 'changes 3 3 changes 3 changes 3 changes 3' ]] || fail "$run $way"
		done
	done
}

# Such a statement is known again by its text as long as the schemas stay the same.
@test "a REPLACE that was compiled without foreign keys again and again is refused orphans once nothing cascades any more" {
	cat >program.py <<-'END'
		import os, sqlite3
		def put(db):
		    try: db.execute('REPLACE INTO p(id, q) VALUES(1, 99)'); return 'let in'
		    except sqlite3.IntegrityError: return 'refused'
		def run(what, *change):
		    for file in os.listdir('.'):
		        if file.startswith('r.db'): os.remove(file)
		    db = sqlite3.connect('r.db', isolation_level=None, cached_statements=0)
		    other = sqlite3.connect('r.db', isolation_level=None)
		    db.execute('CREATE TABLE q(id INTEGER PRIMARY KEY)')
		    db.execute('CREATE TABLE p(id INTEGER PRIMARY KEY, q REFERENCES q(id))')
		    db.execute('CREATE TABLE c(p REFERENCES p(id) ON DELETE CASCADE)')
		    db.execute('INSERT INTO p VALUES(1, NULL)')
		    db.execute('INSERT INTO c VALUES(1)')
		    before = {put(db) for n in range(6)}
		    children = db.execute('SELECT count(*) FROM c').fetchone()[0]
		    version = db.execute('PRAGMA schema_version').fetchone()[0]
		    for text in change:
		        if callable(text): text()
		        elif text.startswith('other '): other.execute(text[6:])
		        else: db.execute(text.replace('VERSION', str(version)))
		    after = [put(db), put(db)]
		    print(f'{what}: {before} {children} {after}')
		run('nothing')
		run('own', 'DROP TABLE c')
		run('made anew', 'DROP TABLE c', 'CREATE TABLE c(p REFERENCES p(id))')
		run('of another', 'other DROP TABLE c')
		run('of another, and back', 'other ALTER TABLE c RENAME TO d', 'other ALTER TABLE d RENAME TO c')
		run('in a transaction', 'BEGIN', 'DROP TABLE c', 'COMMIT')
		run('rolled back', 'BEGIN', 'DROP TABLE c', 'ROLLBACK')
		run('by a savepoint', 'SAVEPOINT s', 'DROP TABLE c', 'ROLLBACK TO s', 'RELEASE s')
		run('hidden by a temporary one', 'CREATE TEMP TABLE q(id INTEGER PRIMARY KEY)', 'CREATE TEMP TABLE p(id INTEGER PRIMARY KEY, q REFERENCES q(id))')
		run('beside an attached one', "ATTACH ':memory:' AS a", 'DROP TABLE c')
		run('after an attached one', "ATTACH ':memory:' AS a", 'DROP TABLE c', 'DETACH a')
		run('with the old number', 'DROP TABLE c', 'PRAGMA schema_version=VERSION')
		run('vacuumed', 'other DROP TABLE c', 'VACUUM')
	END
	run_plain python3 program.py
	[[ $output != *refused* && $(grep -c . <<<"$output") == 13 ]]
	wanted=$(sed -E "/^(nothing|of another, and back|rolled back|by a savepoint):/!s/\[.*/['refused', 'refused']/" <<<"$output")
	run_shim python3 program.py
	diff <(grep : <<<"$wanted") <(grep -v '^sqlprod' <<<"$output")
}

# An UPDATE of these columns is known to replace nothing as long as the schemas stay the same.
@test "an UPDATE of a parent's key that cascades again and again deletes no child once the schema has it replace rows" {
	cat >program.py <<-'END'
		import os, sqlite3, sys
		def run(what, *change, update='UPDATE p SET id = id + 10 WHERE id = ?', last='UPDATE p SET id = 1 WHERE id = 2'):
		    for file in os.listdir('.'):
		        if file.startswith('r.db'): os.remove(file)
		    db = sqlite3.connect('r.db', isolation_level=None, cached_statements=0)
		    if sys.argv[1:]: db.execute('PRAGMA foreign_keys=ON')
		    other = sqlite3.connect('r.db', isolation_level=None)
		    db.execute('CREATE TABLE p(id INT PRIMARY KEY, name, other)')
		    db.execute('CREATE TABLE c(p REFERENCES p(id) ON DELETE CASCADE ON UPDATE CASCADE)')
		    db.execute('CREATE TABLE log(x)')
		    db.execute("INSERT INTO p VALUES(1, 'one', 1), (2, 'two', 2), (3, 'three', 3), (4, 'four', 4), (5, 'five', 5), (6, 'six', 6)")
		    db.execute('INSERT INTO c VALUES(1), (2), (3), (4), (5), (6)')
		    for id in 3, 4, 5, 6: db.execute(update, (id,))
		    moved = [id for id, in db.execute('SELECT p FROM c')]
		    for text in change:
		        if callable(text): text()
		        elif text.startswith('other '): other.execute(text[6:])
		        else: db.execute(text)
		    before = db.execute('SELECT count(*) FROM c').fetchone()[0]
		    try: db.execute(last)
		    except sqlite3.IntegrityError: pass
		    print(f'{what}: {moved} {before - db.execute("SELECT count(*) FROM c").fetchone()[0]}')
		anew = ('CREATE TABLE q(id INT PRIMARY KEY ON CONFLICT REPLACE, name, other)', 'INSERT INTO q SELECT * FROM p')
		swap = ('PRAGMA foreign_keys=OFF', 'DROP TABLE p', 'ALTER TABLE q RENAME TO p', 'PRAGMA foreign_keys=ON')
		replaces = 'BEGIN UPDATE OR REPLACE p SET id = 1 WHERE id = 2; END'
		run('nothing')
		run('by its own words', last='UPDATE OR REPLACE p SET id = 1 WHERE id = 2')
		run('by its own words, after WITH', last='WITH w AS (SELECT 1) UPDATE OR REPLACE p SET id = 1 WHERE id = 2')
		run('two that are known', 'UPDATE p SET name = 10 WHERE id = 13', last='UPDATE p SET id = 1, name = 1 WHERE id = 2')
		run('a trigger', f'CREATE TRIGGER t AFTER UPDATE ON p WHEN new.id = 21 {replaces}', last='UPDATE p SET id = 21 WHERE id = 13')
		run('a temporary trigger', f'CREATE TEMP TRIGGER t AFTER UPDATE ON p WHEN new.id = 21 {replaces}', last='UPDATE p SET id = 21 WHERE id = 13')
		run('a trigger of another', f'other CREATE TRIGGER t AFTER UPDATE ON p WHEN new.id = 21 {replaces}', last='UPDATE p SET id = 21 WHERE id = 13')
		run('a trigger of the child', f'CREATE TRIGGER t AFTER UPDATE ON c {replaces}', last='UPDATE p SET id = 21 WHERE id = 13')
		run('made anew by another', *('other ' + text for text in anew), 'other DROP TABLE p', 'other ALTER TABLE q RENAME TO p')
		run('made anew', *anew, 'DROP TABLE p', 'ALTER TABLE q RENAME TO p')
		run('made anew in a transaction', 'BEGIN', *anew, 'DROP TABLE p', 'ALTER TABLE q RENAME TO p')
		run('made anew and rolled back', 'BEGIN', *anew, 'DROP TABLE p', 'ALTER TABLE q RENAME TO p', 'ROLLBACK')
		run('hidden by a temporary one', 'CREATE TEMP TABLE p(id INT PRIMARY KEY ON CONFLICT REPLACE)',
		    'CREATE TEMP TABLE c(p REFERENCES p(id) ON DELETE CASCADE ON UPDATE CASCADE)', 'INSERT INTO p VALUES(1), (2)',
		    'INSERT INTO c VALUES(1), (2)')
	END
	run_plain python3 program.py by-hand
	[[ $(grep -c '\[1, 2, 13, 14, 15, 16\] 1$' <<<"$output") -ge 7 && $output == *'nothing: [1, 2, 13, 14, 15, 16] 0'* ]]
	wanted=$(printf '%s\n' "$output" | sed 's/ [0-9]$/ 0/')
	run_shim python3 program.py
	[[ $output == "$wanted" ]] || fail "$output"
}
