// @libsql/client on a file: transaction("deferred"), which sends BEGIN DEFERRED; with "plain", a BEGIN of the program's own.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { waitAndShowLater } from "./protocol.mjs";

const { createClient } = createRequire(import.meta.url)("@libsql/client");
const version = JSON.parse(readFileSync(`${process.env.NODE_PATH}/@libsql/client/package.json`, "utf8")).version;
const client = createClient({ url: `file:${process.argv[2]}` });
await client.execute("CREATE TABLE IF NOT EXISTS t(a)");
const transaction = await client.transaction(process.argv[3] ?? "deferred");
await transaction.execute("SELECT count(*) FROM t");
await waitAndShowLater(async (sql) => (await transaction.execute(sql)).rows[0], version);
await transaction.commit();
client.close();
