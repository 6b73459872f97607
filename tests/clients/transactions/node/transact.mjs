// What every JavaScript program here does with its library's own transaction, as python/transact.py says it for Python: transact(change)
// is one transaction that reads the number, calls change(number), and writes what that returns, unless it is undefined.
import { openSync, readSync } from "node:fs";

export const database = process.argv[2];

// Opened anew, because Node.js makes its own standard input one that does not wait.
const input = openSync("/dev/stdin");
const say = (...words) => console.log(words.join(" "));

function waitForLine() {
	for (const byte = new Uint8Array(1); readSync(input, byte) && byte[0] !== 10;);
}

function oneMore(number) {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
	return number + 1;
}

function stay() {
	say("held");
	waitForLine();
}

export async function run(transact) {
	const [scene, count] = [process.argv[3], Number(process.argv[4])];
	let done = 0, failed = 0, first = 0;
	say("ready");
	waitForLine();
	for (let turn = 0; turn < count; turn++) {
		if (scene === "stay") {
			if (turn)
				waitForLine();
			await transact(stay);
			say("ended");
			continue;
		}
		try {
			await transact(oneMore);
			done++;
		} catch (error) {
			failed++;
			first += turn === 0;
			if (failed === 1)
				console.error(String(error).slice(0, 200));
		}
	}
	if (scene === "race")
		say("done", done, "failed", failed, "first", first);
}
