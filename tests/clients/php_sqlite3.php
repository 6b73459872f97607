<?php
// PHP's SQLite3 class: BEGIN by exec().
require 'protocol.php';

$db = new SQLite3($database);
$db->exec('CREATE TABLE IF NOT EXISTS t(a)');
$db->exec('BEGIN');
$db->querySingle('SELECT count(*) FROM t');
wait_and_show(fn($sql) => $db->querySingle($sql));
$db->exec('COMMIT');
$db->close();
