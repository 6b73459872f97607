<?php
// Doctrine DBAL: transactional().
require '/usr/share/php/Doctrine/DBAL/autoload.php';
require __DIR__ . '/transact.php';

$database = Doctrine\DBAL\DriverManager::getConnection(['driver' => 'pdo_sqlite', 'path' => $argv[1]]);

run(fn ($change) => $database->transactional(function ($database) use ($change) {
	$number = $change($database->fetchOne('SELECT n FROM counter WHERE id = 1'));
	if ($number !== null)
		$database->update('counter', ['n' => $number], ['id' => 1]);
}));
