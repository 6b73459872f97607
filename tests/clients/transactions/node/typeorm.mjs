// TypeORM on better-sqlite3: DataSource.transaction().
import { createRequire } from "node:module";
import { database, run } from "./transact.mjs";

const require = createRequire(import.meta.url);
require("reflect-metadata");
const { DataSource, EntitySchema } = require("typeorm");
const Counter = new EntitySchema({
	name: "counter", columns: { id: { type: Number, primary: true }, n: { type: Number } },
});
const source = new DataSource({ type: "better-sqlite3", database, entities: [Counter] });
await source.initialize();

await run((change) => source.transaction(async (manager) => {
	const counter = await manager.findOneByOrFail(Counter, { id: 1 });
	const number = change(counter.n);
	if (number !== undefined) {
		counter.n = number;
		await manager.save(Counter, counter);
	}
}));
await source.destroy();
