# colord: devices and profiles by several clients at once, kept over a restart of the daemon, and another user who asks.
. "${0%/*}/system_bus.bash"
own_system_bus colord /var/lib/colord
begin() {
	$with /usr/libexec/colord &
	daemon=$!
	until_on_bus org.freedesktop.ColorManager
}
end() {
	kill $daemon
	wait $daemon
}
profile() { colormgr find-profile-by-filename "/usr/share/color/icc/colord/$1.icc" | sed -n 's/^Profile ID: *//p'; }
seen() { grep -vE '^(Created|Modified|Metadata: +OwnerCmdline)'; }
begin
clients=
for i in 1 2 3 4; do
	(
		colormgr create-device screen$i disk display
		colormgr device-set-model screen$i "model $i"
		for profile in sRGB AdobeRGB1998 Rec709; do colormgr device-add-profile screen$i "$(profile $profile)"; done
		colormgr device-make-profile-default screen$i "$(profile Rec709)"
		colormgr profile-set-property "$(profile sRGB)" by$i yes
	) 2>&1 | grep -i 'fail\|error\|locked' &
	clients="$clients $!"
done
wait $clients
colormgr delete-device screen2
end
begin
for i in 1 2 3 4; do
	$nobody colormgr find-device screen$i 2>&1 | seen
done
colormgr delete-device screen4
end
# the daemon ends without closing: who comes next empties its -wal
sqlite3 colord/storage.db 'SELECT device_id FROM devices ORDER BY 1; SELECT property, value FROM properties_v2 ORDER BY 1, 2; SELECT property, value FROM properties_pu ORDER BY 1, 2' |
	grep -v OwnerCmdline
sqlite3 colord/mapping.db 'SELECT device, profile FROM mappings_v2 ORDER BY 1, 2'
end_system_bus
