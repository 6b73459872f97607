# PackageKit: transactions by two clients at once, their list over a restart of the daemon, and another user who asks.
. "${0%/*}/system_bus.bash"
own_system_bus packagekit /var/lib/PackageKit
begin() {
	$with /usr/libexec/packagekitd --keep-environment --backend dummy --disable-timer &
	daemon=$!
	until_on_bus org.freedesktop.PackageKit
}
end() {
	kill $daemon
	wait $daemon
}
results() { grep -vE '^(Status|Percentage|Package|Transaction):| (System time|Duration):'; }
begin
{ pkcon -py update | results; } >one &
update=$!
for i in 1 2 3; do pkcon -p search name power | results; done
pkcon -py refresh force | results
wait $update
cat one
rm one
end
begin
$nobody pkcon -p get-transactions | results
$nobody pkcon -p search name power | results
end
# the daemon ends without closing: who comes next empties its -wal
sqlite3 packagekit/transactions.db "SELECT succeeded, role, data, uid, cmdline FROM transactions; SELECT role FROM last_action ORDER BY 1; SELECT key, value FROM config"
end_system_bus
