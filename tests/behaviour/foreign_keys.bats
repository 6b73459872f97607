# foreign_keys=ON by recipe enforces, and deletes nothing in a program that did not ask for it.
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
	rm -f t.db*
	observer query t.db "${1:-$family}"
}

children() {
	observer query t.db 'SELECT count(*) FROM c'
}

# A table rebuild, as ALTER TABLE's documentation and every migration tool do it.
rebuild='CREATE TABLE n(id INTEGER PRIMARY KEY, name, more); INSERT INTO n(id, name) SELECT id, name FROM p; DROP TABLE p; ALTER TABLE n RENAME TO p'

@test "a row without its parent is refused" {
	for run in run_plain:0 "run_shim:19 $(orphan_refused)"; do
		family_make
		${run%:*} victim 'open a t.db' 'exec a INSERT INTO c VALUES(13, 99)' 'exec a PRAGMA foreign_keys' \
			'exec a INSERT INTO c VALUES(14, 2)'
		expect_line "exec ${run#*:}"
		expect_line 'exec 0'
	done
}

@test "a table rebuild keeps the children, and foreign keys are enforced after it" {
	for text in "exec a $rebuild" "exec a BEGIN; $rebuild; COMMIT" "get_table a BEGIN; $rebuild; COMMIT"; do
		family_make
		run_plain victim 'open a t.db' 'exec a PRAGMA foreign_keys=on' "$text"
		[[ $(children) == 0 ]]
		family_make
		run_shim victim 'open a t.db' "$text" 'exec a SELECT count(*) FROM c' 'exec a INSERT INTO c VALUES(13, 99)' \
			'fkey a ask'
		[[ $(children) == 3 ]]
		expect_line 3
		expect_line "exec 19 $(orphan_refused)"
		expect_line 'fkey 0 on'
		expect_quiet
	done
}

@test "every way to drop a table keeps the children" {
	for drop in 'exec a DROP TABLE p' 'exec a drop table if exists main."p"' 'get_table a /**/DROP/**/TABLE/**/[p]' "prepare a s v1 length DROP TABLE p" 'prepare a s v2 -1 DROP TABLE p;' \
		'prepare a s v3 -1 DROP TABLE p' 'prepare a s 16 length DROP TABLE p' 'prepare a s 16_v2 -1 DROP TABLE p' \
		'prepare a s 16_v3 length DROP TABLE p'; do
		family_make
		steps=()
		[[ $drop != prepare* ]] || steps=('step s' 'finalize s')
		run_shim victim 'open a t.db' "$drop" "${steps[@]}" 'exec a SELECT count(*) FROM c' 'fkey a ask'
		[[ $(children) == 3 ]]
		expect_line 3
	done
}

@test "a parent that its children restrict can still be dropped" {
	family_make 'CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p); INSERT INTO p VALUES(1); INSERT INTO c VALUES(1)'
	run_plain victim 'open a t.db' 'exec a DROP TABLE p'
	expect $'open 0\nexec 0'
	family_make 'CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p); INSERT INTO p VALUES(1); INSERT INTO c VALUES(1)'
	run_shim victim 'open a t.db' 'exec a DROP TABLE p'
	expect $'open 0\nexec 0'
	[[ $(children) == 1 ]]
}

@test "a DROP TABLE that was prepared once and stepped again keeps the children each time" {
	family_make
	run_shim victim 'open a t.db' 'prepare a s v3 -1 DROP TABLE p' 'step s' 'reset s' \
		'exec a CREATE TABLE p(id INTEGER PRIMARY KEY, name)' "exec a INSERT INTO p VALUES(1,'one'),(2,'two')" \
		'exec a SELECT count(*) FROM c' 'step s' 'reset s' 'exec a SELECT count(*) FROM c' \
		'exec a CREATE TABLE p(id INTEGER PRIMARY KEY)' 'exec a INSERT INTO c VALUES(20,99)'
	[[ $(children) == 3 ]]
	expect_line "exec 19 $(orphan_refused)"
}

@test "a DROP TABLE prepared long before it is stepped keeps the children" {
	family_make
	run_shim victim 'open a t.db' 'prepare a s v2 -1 DROP TABLE p' 'exec a INSERT INTO c VALUES(13,2)' \
		'exec a INSERT INTO c VALUES(14,99)' 'exec a BEGIN' 'step s' 'finalize s' 'exec a COMMIT'
	expect_line "exec 19 $(orphan_refused)"
	[[ $(children) == 4 ]]
}

@test "statements prepared before a DROP TABLE enforce after it" {
	family_make
	run_shim victim 'open a t.db' 'prepare a i v3 -1 INSERT INTO c VALUES(NULL, 99)' 'exec a CREATE TABLE other(x)' \
		'exec a DROP TABLE other' 'step i' 'errmsg a'
	expect_line "errmsg $(orphan_refused)"
	[[ $(children) == 3 ]]
}

@test "a program that asked for foreign keys gets all of them" {
	for ask in 'exec a PRAGMA foreign_keys=ON' 'fkey a on' 'exec a pragma Foreign_Keys(1)'; do
		family_make
		run_plain victim 'open a t.db' "$ask" 'exec a DROP TABLE p'
		plain=$(children)
		family_make
		run_shim victim 'open a t.db' "$ask" 'exec a DROP TABLE p'
		if [[ $ask != fkey* ]]; then # db_config is not interposed: its call cannot be distinguished from ours
			[[ $(children) == "$plain" ]]
		fi
		family_make
		run_shim victim 'open a t.db' "$ask" "exec a REPLACE INTO p VALUES(1,'uno')" 'fkey a ask'
		expect_line 'fkey 0 on'
		expect_quiet || [[ $ask == fkey* ]]
	done
}

@test "a program that turns foreign keys off is obeyed even if the operator turns them on" {
	for operator in '' on; do
		for off in 'exec a PRAGMA foreign_keys=OFF' 'exec a PRAGMA main.foreign_keys(0)' 'fkey a off'; do
			family_make
			[[ -z $operator ]] || export SQLPROD_FOREIGN_KEYS=$operator
			run_shim victim 'open a t.db' 'exec a SELECT 1' "$off" 'fkey a ask' \
				'exec a INSERT INTO c VALUES(13, 99)' 'exec a DROP TABLE p' 'exec a BEGIN' 'exec a COMMIT' \
				'exec a INSERT INTO c VALUES(14, 98)' 'fkey a ask'
			[[ ${lines[-1]} == 'fkey 0 off' ]]
			[[ $(children) == 5 ]]
		done
	done
}

@test "the operator may leave foreign keys off, or to the program" {
	for value in off keep; do
		family_make
		SQLPROD_FOREIGN_KEYS=$value run_shim victim 'open a t.db' 'fkey a ask' 'exec a INSERT INTO c VALUES(13, 99)'
		expect $'open 0\nfkey 0 off\nexec 0'
	done
}

@test "foreign keys turned on by the operator are enforced for DROP TABLE too" {
	family_make
	SQLPROD_FOREIGN_KEYS=on run_shim victim 'open a t.db' 'exec a DROP TABLE p'
	[[ $(children) == 0 ]]
}

@test "an ordinary DELETE runs the actions of the schema" {
	family_make
	run_plain victim 'open a t.db' 'exec a DELETE FROM p WHERE id=1'
	[[ $(children) == 3 ]]
	family_make
	run_shim victim 'open a t.db' 'exec a DELETE FROM p WHERE id=1'
	[[ $(children) == 1 ]]
}

@test "a DROP TABLE is refused where the program's own authorizer refuses it" {
	for run in run_plain run_shim; do
		family_make
		$run victim 'open a t.db' 'authorizer a drop' 'exec a DROP TABLE p' 'exec a CREATE TABLE z(x)' \
			'authorizer a off' 'exec a DROP TABLE p'
		expect $'open 0\nauthorizer 0\nexec 23 not authorized\nexec 0\nauthorizer 0\nexec 0'
		[[ $(children) == 3 ]]
	done
}

@test "turning foreign keys off inside a transaction, where SQLite has them off anyway, is obeyed" {
	for run in run_plain run_shim; do
		family_make
		$run victim 'open a t.db' 'exec a BEGIN' 'exec a PRAGMA foreign_keys=OFF' \
			'exec a INSERT INTO c VALUES(13, 99)' 'exec a COMMIT' 'exec a INSERT INTO c VALUES(14, 98)'
		expect $'open 0\nexec 0\nexec 0\nexec 0\nexec 0\nexec 0'
	done
}

@test "a rename in legacy style leaves the children's references as they are" {
	for run in run_plain run_shim; do
		family_make
		$run victim 'open a t.db' 'exec a PRAGMA legacy_alter_table=ON' 'exec a ALTER TABLE p RENAME TO old' \
			'exec a CREATE TABLE p(id INTEGER PRIMARY KEY, name, more)' \
			'exec a INSERT INTO p(id, name) SELECT id, name FROM old' 'exec a DROP TABLE old' \
			'exec a INSERT INTO c VALUES(13, 2)'
		[[ $output != *'exec 1'* ]]
		[[ $(observer query t.db "SELECT sql FROM sqlite_master WHERE name='c'") == *'REFERENCES p(id)'* ]]
		[[ $(children) == 4 ]]
	done
}

@test "a row that was an orphan before can still be updated" {
	for run in run_plain run_shim; do
		family_make "$family; INSERT INTO c VALUES(50, 99)"
		$run victim 'open a t.db' 'exec a UPDATE c SET id=51 WHERE id=50' 'exec a DELETE FROM c WHERE id=51'
		expect $'open 0\nexec 0\nexec 0'
	done
}

@test "a program that turns foreign keys on by sqlite3_db_config() gets plain SQLite: an orphan is refused at once, inside a transaction too" {
	local run
	for run in run_plain run_shim; do
		rm -f t.db*
		$run victim 'open a t.db' 'exec a CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p(id))' 'exec a INSERT INTO p VALUES(1)' \
			'fkey a on' 'exec a BEGIN' 'exec a INSERT INTO c VALUES(9)' 'exec a COMMIT' 'fkey a off' 'exec a INSERT INTO c VALUES(9)'
		grep -qx "exec 19 $(orphan_refused)" <<<"$output"
		[[ $(grep -c '^exec 0' <<<"$output") -eq 5 ]]
	done
	SQLPROD_FOREIGN_KEYS=keep run_shim victim 'open a t.db' 'exec a INSERT INTO c VALUES(8)'
	expect_line 'exec 0'
}
