<?php
// Laravel's database component (Illuminate): transaction().
require '/usr/share/php/Illuminate/Database/autoload.php';
require __DIR__ . '/transact.php';

$manager = new Illuminate\Database\Capsule\Manager();
$manager->addConnection(['driver' => 'sqlite', 'database' => $argv[1]]);
$database = $manager->getConnection();

run(fn ($change) => $database->transaction(function ($database) use ($change) {
	$number = $change($database->table('counter')->where('id', 1)->value('n'));
	if ($number !== null)
		$database->table('counter')->where('id', 1)->update(['n' => $number]);
}));
