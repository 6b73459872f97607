// Sequelize on npm sqlite3: transaction(), which spells out DEFERRED.
import { createRequire } from "node:module";
import { database, run } from "./transact.mjs";

const { Sequelize, DataTypes } = createRequire(import.meta.url)("sequelize");
const sequelize = new Sequelize({ dialect: "sqlite", storage: database, logging: false });
const Counter = sequelize.define("counter", { n: DataTypes.INTEGER }, { tableName: "counter", timestamps: false });

await run((change) => sequelize.transaction(async (transaction) => {
	const counter = await Counter.findByPk(1, { transaction });
	const number = change(counter.n);
	if (number !== undefined)
		await counter.update({ n: number }, { transaction });
}));
await sequelize.close();
