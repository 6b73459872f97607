<?php
// PHP's PDO: beginTransaction().
require 'protocol.php';

$db = new PDO("sqlite:$database");
$db->exec('CREATE TABLE IF NOT EXISTS t(a)');
$db->beginTransaction();
$db->query('SELECT count(*) FROM t')->fetchColumn();
wait_and_show(fn($sql) => $db->query($sql)->fetchColumn());
$db->commit();
