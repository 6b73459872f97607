// Knex on better-sqlite3, or on npm sqlite3 with that name in TRANSACTIONS: transaction().
import { createRequire } from "node:module";
import { database, run } from "./transact.mjs";

const knex = createRequire(import.meta.url)("knex")({
	client: process.env.TRANSACTIONS || "better-sqlite3", connection: { filename: database }, useNullAsDefault: true,
});

await run((change) => knex.transaction(async (trx) => {
	const number = change((await trx("counter").where({ id: 1 }).first()).n);
	if (number !== undefined)
		await trx("counter").where({ id: 1 }).update({ n: number });
}));
await knex.destroy();
