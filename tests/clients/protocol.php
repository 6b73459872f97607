<?php
// What every client written in PHP does between its BEGIN and its COMMIT; on the command line it talks by the standard
// input and output, in a web server by the files that the query names.
const SETTINGS = ['journal_mode', 'synchronous', 'busy_timeout', 'foreign_keys',
	'temp_store', 'mmap_size', 'journal_size_limit', 'cache_size'];

$database = $argv[1] ?? $_GET['database'];

// $ask(sql) returns the first column of the first row.
function wait_and_show(callable $ask): void
{
	$out = fopen($_GET['out'] ?? 'php://stdout', 'w');
	fwrite($out, "ready\n");
	fgets(fopen($_GET['in'] ?? 'php://stdin', 'r'));
	foreach (SETTINGS as $name)
		fwrite($out, "$name=" . $ask("PRAGMA $name") . "\n");
	fwrite($out, 'sqlite=' . $ask('SELECT sqlite_version()') . "\nversion=" . PHP_VERSION . "\n");
}
