// node:sqlite of Node.js and of Deno: BEGIN by exec.
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { waitAndShow } from "./protocol.mjs";

const db = new DatabaseSync(process.argv[2]);
db.exec("CREATE TABLE IF NOT EXISTS t(a)");
db.exec("BEGIN");
db.prepare("SELECT count(*) FROM t").get();
waitAndShow((sql) => db.prepare(sql).get(), process.versions.deno ?? process.versions.node);
db.exec("COMMIT");
db.close();
