// What every client written in JavaScript does between its BEGIN and its COMMIT.
import { openSync, readSync } from "node:fs";

const settings = ["journal_mode", "synchronous", "busy_timeout", "foreign_keys",
	"temp_store", "mmap_size", "journal_size_limit", "cache_size"];

// Opened anew, because Node.js makes its own standard input one that does not wait.
function waitForLine() {
	readSync(openSync("/dev/stdin"), new Uint8Array(1));
}

// ask(sql) returns the first row as an object, or a promise of it.
export async function waitAndShowLater(ask, version) {
	const first = async (sql) => Object.values(await ask(sql))[0];
	console.log("ready");
	waitForLine();
	for (const name of settings)
		console.log(`${name}=${await first(`PRAGMA ${name}`)}`);
	console.log(`sqlite=${await first("SELECT sqlite_version()")}\nversion=${version}`);
}

// The same for interfaces that do not wait: their transaction would end before a promise is kept.
export function waitAndShow(ask, version) {
	const first = (sql) => Object.values(ask(sql))[0];
	console.log("ready");
	waitForLine();
	for (const name of settings)
		console.log(`${name}=${first(`PRAGMA ${name}`)}`);
	console.log(`sqlite=${first("SELECT sqlite_version()")}\nversion=${version}`);
}
