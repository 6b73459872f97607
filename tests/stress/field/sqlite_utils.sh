# sqlite-utils: tables extracted and transformed, four that insert at once; WAL turned on and off by its own commands.
u="$with sqlite-utils"
for i in $(seq 200); do echo "{\"id\":$i,\"name\":\"n$i\",\"author\":\"a$((i % 7))\",\"body\":\"text $i hello\"}"; done >in.nl
$u insert a.db posts in.nl --nl --pk id
$u enable-fts a.db posts body --create-triggers
$u extract a.db posts author
$u transform a.db posts --rename body content
$u index-foreign-keys a.db
$u optimize a.db
$u vacuum a.db
$u duplicate a.db posts copy
$u drop-table a.db copy
$u enable-wal a.db
$u disable-wal a.db
outside=$(sqlite3 a.db 'PRAGMA journal_mode')
echo "after disable-wal: $outside"
# one that is refused beside the others is run again
for k in 1 2 3 4; do { until $u insert b.db log$k in.nl --nl --pk id 2>/dev/null; do sleep 0.1; done; } & done
wait
$u tables b.db --counts --csv | sort
$nobody sqlite3 -readonly a.db 'SELECT count(*) FROM posts; SELECT count(*) FROM author'
$u rows a.db author
rm in.nl
