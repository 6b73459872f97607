// npm sqlite3: BEGIN by exec, in the order that serialize keeps.
const sqlite3 = require("sqlite3");

const settings = ["journal_mode", "synchronous", "busy_timeout", "foreign_keys",
	"temp_store", "mmap_size", "journal_size_limit", "cache_size"];

function stopOnError(error) {
	if (error) throw error;
}

function showAndLeave() {
	for (const name of settings)
		db.get(`PRAGMA ${name}`, (error, row) => {
			stopOnError(error);
			console.log(`${name}=${Object.values(row)[0]}`);
		});
	db.exec("COMMIT", stopOnError);
	db.close((error) => {
		stopOnError(error);
		console.log(`sqlite=${sqlite3.VERSION}\nversion=${require("sqlite3/package.json").version}`);
	});
}

const db = new sqlite3.Database(process.argv[2], stopOnError);
db.serialize();
db.exec("CREATE TABLE IF NOT EXISTS t(a)", stopOnError);
db.exec("BEGIN", stopOnError);
db.get("SELECT count(*) FROM t", (error) => {
	stopOnError(error);
	console.log("ready");
	process.stdin.once("data", () => {
		process.stdin.destroy();
		showAndLeave();
	});
});
