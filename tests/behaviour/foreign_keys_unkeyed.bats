# foreign_keys=ON by recipe where no table has a foreign key, so that statements are compiled without: until a table has one.
load ../harness/harness

# Before 3.15 they stay off.
eval "$(declare -f setup | sed '1s/setup/setup_place/')"
setup() {
	setup_place
	sqlite_has 3015000 || skip 'foreign keys by recipe are off there'
}

# By then it is known where SQLite keeps its count of foreign keys.
many=('repeat 20' 'prepare a x v2 -1 INSERT INTO log VALUES(1)' 'step x' 'finalize x' 'end')
opening=('open a t.db' 'open b t.db' 'exec b CREATE TABLE log(x)' 'exec b CREATE TABLE plain(p)')
keys=('exec b CREATE TABLE p(id INTEGER PRIMARY KEY, name UNIQUE)' 'exec b CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p(id) ON DELETE CASCADE)'
	'exec b INSERT INTO p VALUES(1,"one")' 'exec b INSERT INTO c VALUES(10,1)')

count() {
	observer query t.db "SELECT count(*) FROM ${1:-c}"
}

# Runs the steps with the library: in the only thread, and in another one. Each time as on a new file.
twice() {
	local after=$1
	shift
	rm -f ./*.db*
	run_shim victim "$@"
	$after
	rm -f ./*.db*
	run_shim victim 'threads 1' "$@" end
	$after
}

@test "where a program compiles while no table has foreign keys, those that another connection brings keep and refuse rows" {
	steps=("${many[@]}" "${keys[@]}" "prepare a r v2 -1 INSERT OR REPLACE INTO p VALUES(1,'uno')" 'step r'
		'prepare a i v2 -1 INSERT INTO c VALUES(NULL,99)' 'step i' 'errmsg a')
	run_plain victim "${opening[@]}" 'exec a PRAGMA foreign_keys=on' "${steps[@]}"
	[[ $(count) == 0 ]]
	refused() {
		expect_line "errmsg $(orphan_refused)"
		[[ $(count) == 1 && $(count p) == 1 ]]
	}
	twice refused "${opening[@]}" "${steps[@]}"
}

@test "a compile of any kind that first meets foreign keys is one with them" {
	local sql
	for sql in 'INSERT INTO c VALUES(NULL,99)' 'REPLACE INTO c VALUES(10,99)' 'UPDATE c SET p=99' \
		' insert into c values(NULL,99)' 'WITH x(n) AS (VALUES(99)) INSERT INTO c SELECT NULL,n FROM x' 'DELETE FROM p WHERE id=1'; do
		rm -f ./*.db*
		run_shim victim "${opening[@]}" "${many[@]}" "${keys[@]}" "prepare a i v3 -1 $sql" 'step i' 'finalize i' \
			"exec b CREATE TABLE later$RANDOM(x)" "prepare a i v2 -1 $sql" 'step i' 'finalize i'
		[[ $(count 'c WHERE p=99') == 0 ]] || fail "an orphan by $sql"
		[[ $sql != DELETE* || $(count) == 0 ]] || fail "no action by $sql"
	done
}

@test "statements that were compiled while no table had foreign keys obey those that come, and set no action off" {
	steps=("${many[@]}" 'prepare a i v2 -1 INSERT INTO plain VALUES(99)' 'step i' 'reset i'
		"prepare a r v2 -1 INSERT OR REPLACE INTO q VALUES(1,'uno')" 'step r' 'reset r'
		'exec b CREATE TABLE d(p REFERENCES q(id) ON DELETE CASCADE)' 'exec b INSERT INTO d VALUES(1)' 'step r' 'reset r'
		'exec b DROP TABLE plain' 'exec b CREATE TABLE plain(p REFERENCES q(id))' 'step i' 'errmsg a')
	local start=("${opening[@]}" 'exec b CREATE TABLE q(id INTEGER PRIMARY KEY, name UNIQUE)')
	run_plain victim "${start[@]}" 'exec a PRAGMA foreign_keys=on' "${steps[@]}"
	[[ $(count d) == 0 ]]
	obeyed() {
		expect_line "errmsg $(orphan_refused)"
		[[ $(count d) == 1 && $(count plain) == 0 ]]
	}
	twice obeyed "${start[@]}" "${steps[@]}"
}

@test "a program's own transaction that brings foreign keys, its own connection and a temporary table are no different" {
	enforced() {
		expect_line "errmsg $(orphan_refused)"
		[[ $(count) == 1 && $(count log) == 20 ]]
	}
	twice enforced "${opening[@]}" "${many[@]}" 'exec a BEGIN' "${keys[@]/exec b/exec a}" 'exec a COMMIT' \
		'prepare a i v2 -1 INSERT INTO c VALUES(NULL,99)' 'step i' 'errmsg a' 'finalize i' \
		'exec a CREATE TEMP TABLE tc(p REFERENCES tp(id))' 'exec a CREATE TEMP TABLE tp(id INTEGER PRIMARY KEY)' \
		'prepare a i v2 -1 INSERT INTO tc VALUES(99)' 'step i' 'errmsg a'
}

@test "where no table has foreign keys the flag is on for the program, its authorizer is asked, and off is off" {
	as_the_program_says() {
		expect_line 'fkey 0 on'
		expect_line 'prepare 23 tail 16 empty'
		expect_line 'fkey 0 off'
		[[ $(count) == 2 ]]
	}
	twice as_the_program_says "${opening[@]}" "${many[@]}" 'fkey a ask' 'authorizer a drop' \
		"${many[@]}" 'prepare a d v2 -1 DROP TABLE plain' 'authorizer a off' 'exec a PRAGMA foreign_keys=off' "${many[@]}" "${keys[@]}" \
		'fkey a ask' 'prepare a i v2 -1 INSERT INTO c VALUES(NULL,99)' 'step i'
}
