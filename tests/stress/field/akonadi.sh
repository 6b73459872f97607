# Akonadi: a store made on a session bus, checked, vacuumed, and served once more. It is in WAL mode by itself.
export HOME=$PWD XDG_RUNTIME_DIR=$PWD/run XDG_CONFIG_HOME=$PWD/config XDG_DATA_HOME=$PWD/data QT_QPA_PLATFORM=offscreen
mkdir -p run config/akonadi data
chmod 700 run
printf '[%%General]\nDriver=QSQLITE\n\n[QSQLITE]\nName=%s/data/akonadi.db\n' "$PWD" >config/akonadi/akonadiserverrc
cat >work <<'W'
server() { gdbus call --session -d org.freedesktop.DBus -o / -m org.freedesktop.DBus.NameHasOwner org.freedesktop.Akonadi; }
for round in 1 2 3; do
	$with akonadictl start >>log 2>&1
	for name in Akonadi Akonadi.Janitor; do timeout 60 gdbus wait --session org.freedesktop.$name; done
	sleep 2 # a check that is asked for earlier may never be answered
	$with akonadictl fsck 2>&1
	$with akonadictl vacuum 2>&1
	$with akonadictl stop 2>&1
	while server | grep -q true; do sleep 0.1; done
done
W
export with
dbus-run-session -- bash ./work 2>/dev/null
grep -iE 'locked|sql.*error' log
sqlite3 -readonly data/akonadi.db 'SELECT version FROM SchemaVersionTable; SELECT name FROM MimeTypeTable ORDER BY 1; SELECT name FROM FlagTable ORDER BY 1'
rm -rf work log run data/akonadi config
