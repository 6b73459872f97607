#!/usr/bin/env bash
# php_returning_runs_twice.sh - PHP 8.2.36 (Debian 12), class SQLite3: INSERT, UPDATE and DELETE with RETURNING run twice.
#
# Guessed:  query() runs the statement, fetchArray() hands out its row; as PDO does.
# Happens:  query(), and execute() of a prepared statement, step once, throw that away and reset; fetchArray() begins anew. The statement is
#           done a first time, and committed, before the first row is asked for: the row that is answered is that of the second run.
#           Without a fetchArray(), or by querySingle(), it runs once. PDO runs it once.
# Seen:     2026-11-30: "INSERT: id 2, rows 2", "stock of 10 less one: answered 8, in the table 8", "one job taken: job 2, left 1 of 3",
#           "a key that is not there yet: UNIQUE constraint failed"; PDO "id 1, rows 1", "9, 9", "job 1, left 2 of 3".
# Matters:  a queue loses every other job, an order takes two from the stock, and where a UNIQUE key refuses the second run the first one is
#           there although an error was raised. BEGIN IMMEDIATE around it changes nothing. Use PDO, or exec() and lastInsertRowID().
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
here=$(php -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION, " ", class_exists("SQLite3") && class_exists("PDO");' 2>/dev/null) || here=none
[ "$here" = "8.2 1" ] || {
	echo "cannot be had here: PHP 8.2 with SQLite3 and PDO (php8.2-sqlite3)"
	exit 77
}

cat >look.php <<'END'
<?php
const TABLES = "CREATE TABLE t(id INTEGER PRIMARY KEY, x UNIQUE); CREATE TABLE stock(n); CREATE TABLE job(id INTEGER PRIMARY KEY);
	INSERT INTO stock VALUES (10); INSERT INTO job VALUES (1), (2), (3)";

function look(string $what, callable $first): void
{
	echo "$what\n";
	printf("  INSERT: id %d, ", $first("INSERT INTO t(x) VALUES (NULL) RETURNING id"));
	printf("rows %d\n", $first("SELECT count(*) FROM t"));
	printf("  stock of 10 less one: answered %d, ", $first("UPDATE stock SET n = n - 1 RETURNING n"));
	printf("in the table %d\n", $first("SELECT n FROM stock"));
	printf("  one job taken: job %d, ", $first("DELETE FROM job WHERE id = (SELECT min(id) FROM job) RETURNING id"));
	printf("left %d of 3\n", $first("SELECT count(*) FROM job"));
	try {
		printf("  a new key: id %d, ", $first("INSERT INTO t(x) VALUES ('new') RETURNING id") > 0);
	} catch (Exception $error) {
		printf("  a new key: %s, ", strstr($error->getMessage(), "UNIQUE"));
	}
	printf("in the table %d\n", $first("SELECT count(*) FROM t WHERE x = 'new'"));
}

$db = new SQLite3(":memory:");
$db->enableExceptions(true);
$db->exec(TABLES);
look("SQLite3", function (string $sql) use ($db) {
	return $db->query($sql)->fetchArray(SQLITE3_NUM)[0];
});
$pdo = new PDO("sqlite::memory:");
$pdo->exec(TABLES);
look("PDO", function (string $sql) use ($pdo) {
	return $pdo->query($sql)->fetch(PDO::FETCH_NUM)[0];
});
END
php look.php | tee seen
cat >stated <<'END'
SQLite3
  INSERT: id 2, rows 2
  stock of 10 less one: answered 8, in the table 8
  one job taken: job 2, left 1 of 3
  a new key: UNIQUE constraint failed: t.x, in the table 1
PDO
  INSERT: id 1, rows 1
  stock of 10 less one: answered 9, in the table 9
  one job taken: job 1, left 2 of 3
  a new key: id 1, in the table 1
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
