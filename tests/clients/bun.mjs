// bun:sqlite: the transaction method.
import { Database } from "bun:sqlite";
import process from "node:process";
import { waitAndShow } from "./protocol.mjs";

const db = new Database(process.argv[2]);
db.exec("CREATE TABLE IF NOT EXISTS t(a)");
db.transaction(() => {
	db.prepare("SELECT count(*) FROM t").get();
	waitAndShow((sql) => db.prepare(sql).get(), process.versions.bun);
})();
db.close();
