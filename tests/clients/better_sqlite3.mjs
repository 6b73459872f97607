// better-sqlite3, and with a second argument another package of its interface (libsql): the transaction method.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { waitAndShow } from "./protocol.mjs";

const name = process.argv[3] ?? "better-sqlite3";
const Database = createRequire(import.meta.url)(name);
const version = JSON.parse(readFileSync(`${process.env.NODE_PATH}/${name}/package.json`, "utf8")).version;
const db = new Database(process.argv[2]);
db.exec("CREATE TABLE IF NOT EXISTS t(a)");
db.transaction(() => {
	db.prepare("SELECT count(*) FROM t").get();
	waitAndShow((sql) => db.prepare(sql).get(), version);
})();
db.close();
