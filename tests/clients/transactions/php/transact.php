<?php
// What every PHP program here does with its library's own transaction, as python/transact.py says it for Python: transact(change) is
// one transaction that reads the number, calls change, and writes what that returns, unless it is null.

function run(callable $transact): void
{
	global $argv;
	[$scene, $count] = [$argv[2], (int) $argv[3]];
	$done = $failed = $first = 0;
	echo "ready\n";
	fgets(STDIN);
	for ($turn = 0; $turn < $count; $turn++) {
		if ($scene === 'stay') {
			if ($turn)
				fgets(STDIN);
			$transact('stay');
			echo "ended\n";
			continue;
		}
		try {
			$transact('one_more');
			$done++;
		} catch (Throwable $error) {
			$failed++;
			$first += $turn === 0 ? 1 : 0;
			if ($failed === 1)
				fwrite(STDERR, $error->getMessage() . "\n");
		}
	}
	if ($scene === 'race')
		echo "done $done failed $failed first $first\n";
}

function one_more(int $number): int
{
	usleep(5000);
	return $number + 1;
}

function stay(int $number)
{
	echo "held\n";
	fgets(STDIN);
}
