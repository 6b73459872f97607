// A pool of 10 connections by npm sqlite3, as a web service has it: COUNT requests at once, each a transaction by BEGIN that reads a
// number and writes it, one higher. Every statement runs on one of libuv's four threads, and so does what else the process does: the
// longest that looking at a file took is the standstill. "done" is followed by the requests that were made, failed, how many updates are
// missing, and milliseconds.
import { stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { promisify } from "node:util";

const sqlite3 = createRequire(import.meta.url)("sqlite3");
const [database, , count] = process.argv.slice(2);
const size = 10;

const open = () => new Promise((resolve, reject) => {
	const db = new sqlite3.Database(database, (error) => error ? reject(error)
		: resolve({ get: promisify(db.get.bind(db)), run: promisify(db.run.bind(db)) }));
});
const idle = await Promise.all(Array.from({ length: size }, open)), waiting = [];
const take = () => idle.length ? idle.pop() : new Promise((resolve) => waiting.push(resolve));
const give = (db) => waiting.length ? waiting.shift()(db) : idle.push(db);

let done = 0, failed = 0, standstill = 0, ended = false;

async function request() {
	const db = await take();
	try {
		await db.run("BEGIN");
		const { n } = await db.get("SELECT n FROM counter WHERE id = 1");
		await db.run("UPDATE counter SET n = ? WHERE id = 1", n + 1);
		await db.run("COMMIT");
		done++;
	} catch {
		failed++;
		await db.run("ROLLBACK").catch(() => {});
	}
	give(db);
}

async function watch() {
	while (!ended) {
		const start = performance.now();
		await stat(".");
		standstill = Math.max(standstill, performance.now() - start);
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

console.log("ready");
const start = performance.now(), watched = watch();
await Promise.all(Array.from({ length: Number(count) }, request));
const took = performance.now() - start;
ended = true;
await watched;
const { n } = await idle[0].get("SELECT n FROM counter");
console.log(`done ${done} failed ${failed} lost ${done - n} standstill ${Math.round(standstill)} took ${Math.round(took)}`);
