// better-sqlite3's transaction().
import { createRequire } from "node:module";
import { database, run } from "./transact.mjs";

const Database = createRequire(import.meta.url)("better-sqlite3");
const db = new Database(database);
const read = db.prepare("SELECT n FROM counter WHERE id = 1");
const write = db.prepare("UPDATE counter SET n = ? WHERE id = 1");

await run(db.transaction((change) => {
	const number = change(read.get().n);
	if (number !== undefined)
		write.run(number);
}));
db.close();
