# vnstatd writes, vnstat reads, also by another user.
mkdir db
printf 'DatabaseDir "%s/db"\nDaemonUser ""\nUseUTC 1\n' "$PWD" >v.conf
$with vnstat --config v.conf --dbdir db --add -i lo >/dev/null
$with timeout 4 vnstatd --config v.conf -n --noadd -i lo >/dev/null 2>&1 &
sleep 2
for reader in "$with" "$with $nobody" "$nobody"; do $reader vnstat --config v.conf --dbdir db --oneline | cut -d';' -f1-2; done
wait
$nobody vnstat --config v.conf --dbdir db --oneline | cut -d';' -f1-2
$with vnstat --config v.conf --dbdir db -i lo --setalias loop >/dev/null
sqlite3 db/vnstat.db 'SELECT name, alias FROM interface'
