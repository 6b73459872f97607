// cluster.js FILE WORKERS SECONDS - a Node cluster whose workers use one database by better-sqlite3, as its documentation has it:
// db.transaction(). Prints transactions a second, errors, p50, p99 and longest in milliseconds, lost updates.
const cluster = require('node:cluster');
const Database = require('better-sqlite3');

const [file, workers, seconds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];

function work() {
	const db = new Database(file);
	const read = db.prepare('SELECT n FROM counter');
	const write = db.prepare('UPDATE counter SET n = ?');
	const log = db.prepare('INSERT INTO log(worker) VALUES(?)');
	const add = db.transaction(() => {
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
			if (!String(error.code).startsWith('SQLITE_BUSY')) throw error;
			errors++;
		}
		if (Date.now() < end) setTimeout(step, 1);
		else process.send({ times, errors }, () => process.exit());
	};
	step();
}

if (cluster.isPrimary) {
	const db = new Database(file);
	db.exec('CREATE TABLE counter(n); INSERT INTO counter VALUES(0); CREATE TABLE log(id INTEGER PRIMARY KEY, worker)');
	db.close();
	let times = [], errors = 0, left = workers;
	for (let i = 0; i < workers; i++) {
		cluster.fork().on('message', (said) => {
			times = times.concat(said.times);
			errors += said.errors;
			if (--left) return;
			times.sort((a, b) => a - b);
			const check = new Database(file);
			const lost = Math.abs(times.length - check.prepare('SELECT n FROM counter').get().n);
			const at = (share) => times[Math.floor((times.length - 1) * share)].toFixed(1);
			console.log(`${(times.length / seconds).toFixed(0)} ${errors} ${at(0.5)} ${at(0.99)} ${at(1)} ${lost}`);
		});
	}
} else {
	work();
}
