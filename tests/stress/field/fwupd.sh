# fwupd: firmware for its own false webcam, its history over a restart of the daemon, blocked firmware, and another user who asks.
. "${0%/*}/system_bus.bash"
if [ -z "${OWN_SYSTEM_BUS-}" ]; then
	mkdir etc cache
	cp -r /etc/fwupd/. etc
	printf '[fwupd]\nTestDevices=true\nOnlyTrusted=false\n' >etc/fwupd.conf
	chmod 640 etc/fwupd.conf
fi
own_system_bus fwupd /var/lib/fwupd
mount --bind etc /etc/fwupd
mount --bind cache /var/cache/fwupd
begin() {
	$with /usr/libexec/fwupd/fwupd >/dev/null 2>>log &
	daemon=$!
	until_on_bus org.freedesktop.fwupd
}
end() {
	kill $daemon
	wait $daemon
}
history() { "$@" --json | jq -r '.Devices[] | "\(.Name) \(.Version) \(.UpdateState) \(.Releases[0].Version) \(.UpdateError)"'; }
head -c 65536 /dev/zero >firmware.bin
for version in 1.2.3 1.2.5; do
	cat >new.metainfo.xml <<-X
		<component type="firmware">
		  <id>com.acme.webcam.firmware</id>
		  <name>Webcam</name>
		  <provides><firmware type="flashed">b585990a-003e-5270-89d5-3705a17f9a43</firmware></provides>
		  <custom><value key="LVFS::VersionFormat">triplet</value><value key="LVFS::UpdateProtocol">com.acme.test</value></custom>
		  <releases><release version="$version" date="2026-01-01"><checksum type="sha1" target="content" filename="firmware.bin"/></release></releases>
		</component>
	X
	fwupdtool build-cabinet $version.cab firmware.bin new.metainfo.xml >/dev/null 2>&1
done
begin
fwupdmgr install 1.2.3.cab -y --no-reboot-check >/dev/null 2>&1
echo "1.2.3: $?"
history fwupdmgr get-history 2>/dev/null
fwupdmgr install 1.2.5.cab -y --no-reboot-check >/dev/null 2>&1
echo "1.2.5: $?"
for checksum in 1111111111111111111111111111111111111111 2222222222222222222222222222222222222222; do
	fwupdmgr block-firmware $checksum >/dev/null 2>&1
done
end
begin
history $nobody fwupdmgr get-history 2>/dev/null
$nobody fwupdmgr get-blocked-firmware 2>/dev/null | grep -o '[123]\{40\}' | sort
end
grep -iE 'locked|sqlite|history' log
# the daemon may end without closing: who comes next empties its -wal
sqlite3 fwupd/pending.db 'SELECT version FROM schema; SELECT display_name, update_state, version_old, version_new FROM history; SELECT * FROM blocked_firmware ORDER BY 1'
end_system_bus
rm -rf etc cache log ./*.cab firmware.bin new.metainfo.xml
