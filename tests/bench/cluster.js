// cluster.js DRIVER FILE WORKERS SECONDS - a Node cluster whose workers use one database, each on its driver's defaults: better-sqlite3
// by db.transaction(), as its documentation has it, node:sqlite by BEGIN and COMMIT. Prints transactions a second, errors, p50, p99 and
// longest in milliseconds, lost updates.
const cluster = require('node:cluster');

const [driver, file] = process.argv.slice(2, 4);
const [workers, seconds] = process.argv.slice(4).map(Number);

function open() {
	if (driver === 'better-sqlite3') {
		const Database = require('better-sqlite3');
		return new Database(file);
	}
	const { DatabaseSync } = require('node:sqlite');
	return new DatabaseSync(file);
}

function inTransaction(db, change) {
	if (driver === 'better-sqlite3') return db.transaction(change);
	return () => {
		db.exec('BEGIN');
		try {
			change();
			db.exec('COMMIT');
		} catch (error) {
			if (db.isTransaction) db.exec('ROLLBACK');
			throw error;
		}
	};
}

function isBusy(error) {
	return String(error.code).startsWith('SQLITE_BUSY') || (error.errcode & 0xff) === 5;
}

function work() {
	const db = open();
	const read = db.prepare('SELECT n FROM counter');
	const write = db.prepare('UPDATE counter SET n = ?');
	const log = db.prepare('INSERT INTO log(worker) VALUES(?)');
	const add = inTransaction(db, () => {
		const { n } = read.get();
		write.run(n + 1);
		log.run(cluster.worker.id);
	});
	const times = [];
	let errors = 0;
	const end = Date.now() + seconds * 1000;
	const step = () => {
		const start = process.hrtime.bigint();
		try {
			add();
			times.push(Number(process.hrtime.bigint() - start) / 1e6);
		} catch (error) {
			if (!isBusy(error)) throw error;
			errors++;
		}
		if (Date.now() < end) setTimeout(step, 1);
		else process.send({ times, errors }, () => process.exit());
	};
	step();
}

function report(times, errors) {
	times.sort((a, b) => a - b);
	const lost = Math.abs(times.length - open().prepare('SELECT n FROM counter').get().n);
	const at = (share) => times[Math.floor((times.length - 1) * share)].toFixed(1);
	console.log(`${(times.length / seconds).toFixed(0)} ${errors} ${at(0.5)} ${at(0.99)} ${at(1)} ${lost}`);
}

if (cluster.isPrimary) {
	const db = open();
	db.exec('CREATE TABLE counter(n); INSERT INTO counter VALUES(0); CREATE TABLE log(id INTEGER PRIMARY KEY, worker)');
	db.close();
	let times = [], errors = 0, left = workers;
	for (let i = 0; i < workers; i++) {
		cluster.fork().on('message', (said) => {
			times = times.concat(said.times);
			errors += said.errors;
			if (!--left) report(times, errors);
		});
	}
} else {
	// a table that another worker locks for this moment is looked at again
	for (;;) {
		try {
			work();
			break;
		} catch (error) {
			if (!isBusy(error)) throw error;
		}
	}
}
