// Drizzle on better-sqlite3: transaction(), which spells out DEFERRED.
import { createRequire } from "node:module";
import { database, run } from "./transact.mjs";

const require = createRequire(import.meta.url);
const { drizzle } = require("drizzle-orm/better-sqlite3");
const { eq } = require("drizzle-orm");
const { integer, sqliteTable } = require("drizzle-orm/sqlite-core");
const client = new (require("better-sqlite3"))(database);
const db = drizzle({ client });
const counter = sqliteTable("counter", { id: integer().primaryKey(), n: integer() });

await run((change) => db.transaction((tx) => {
	const number = change(tx.select().from(counter).where(eq(counter.id, 1)).get().n);
	if (number !== undefined)
		tx.update(counter).set({ n: number }).where(eq(counter.id, 1)).run();
}));
client.close();
