// npm sqlite3, with a BEGIN of the program's own.
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { database, run } from "./transact.mjs";

const sqlite3 = createRequire(import.meta.url)("sqlite3");
const db = await new Promise((resolve, reject) => {
	const opened = new sqlite3.Database(database, (error) => error ? reject(error) : resolve(opened));
});
const get = promisify(db.get.bind(db)), execute = promisify(db.run.bind(db));

await run(async (change) => {
	await execute("BEGIN");
	try {
		const number = change((await get("SELECT n FROM counter WHERE id = 1")).n);
		if (number !== undefined)
			await execute("UPDATE counter SET n = ? WHERE id = 1", number);
		await execute("COMMIT");
	} catch (error) {
		await execute("ROLLBACK").catch(() => {});
		throw error;
	}
});
db.close();
