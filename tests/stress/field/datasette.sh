# Datasette: JSON, CSV and a download; a server beside a writer; another user.
$with sqlite3 a.db 'CREATE TABLE t(id INTEGER PRIMARY KEY, x); WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i<50) INSERT INTO t(x) SELECT i FROM c'
$with datasette a.db --get '/a/t.json?_size=2&_shape=array'
$with datasette -i a.db --get '/a/t.csv?_size=2'
$with $nobody "$(command -v datasette)" a.db --get '/a/t.json?_size=1&_shape=array' 2>&1
$with datasette a.db -p 18811 >/dev/null 2>&1 &
server=$!
for i in $(seq 60); do
	curl -s -o /dev/null http://127.0.0.1:18811/ && break
	sleep 0.5
done
for i in 1 2 3; do
	$with sqlite3 a.db 'INSERT INTO t(x) VALUES(1)'
	curl -s 'http://127.0.0.1:18811/a.json?sql=select+count(*)+from+t&_shape=array'
done
curl -s http://127.0.0.1:18811/a.db >download.db 2>/dev/null
kill $server
wait $server
# it closes nothing: the next one to use the database copies the -wal into it
$with sqlite3 a.db 'SELECT count(*) FROM t'
rm -f download.db
