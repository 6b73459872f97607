// node:sqlite, with a BEGIN of the program's own.
import { DatabaseSync } from "node:sqlite";
import { database, run } from "./transact.mjs";

const db = new DatabaseSync(database);
const read = db.prepare("SELECT n FROM counter WHERE id = 1");
const write = db.prepare("UPDATE counter SET n = ? WHERE id = 1");

await run((change) => {
	db.exec("BEGIN");
	try {
		const number = change(read.get().n);
		if (number !== undefined)
			write.run(number);
		db.exec("COMMIT");
	} catch (error) {
		if (db.isTransaction)
			db.exec("ROLLBACK");
		throw error;
	}
});
db.close();
