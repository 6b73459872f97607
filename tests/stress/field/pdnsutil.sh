# PowerDNS' gsqlite3 backend: five that add records at once, a zone secured and deleted.
sqlite3 p.db </usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql
printf 'launch=gsqlite3\ngsqlite3-database=%s/p.db\ngsqlite3-pragma-foreign-keys=1\ngsqlite3-dnssec=yes\n' "$PWD" >pdns.conf
pdns() { $with pdnsutil --config-dir "$PWD" "$@" >/dev/null 2>&1 || echo "failed: $*"; }
pdns create-zone x.test ns1.x.test
for i in 1 2 3 4 5; do pdns add-record x.test h$i A 1.2.3.$i & done
wait
sqlite3 p.db "SELECT name, type FROM records ORDER BY 1, 2"
pdns secure-zone x.test
pdns rectify-zone x.test
pdns check-zone x.test
pdns replace-rrset x.test h1 A 60 9.9.9.9
pdns delete-rrset x.test h2 A
sqlite3 p.db "SELECT name, type, content FROM records WHERE type = 'A' ORDER BY 1; SELECT count(*) FROM cryptokeys"
pdns delete-zone x.test
sqlite3 p.db 'SELECT (SELECT count(*) FROM records), (SELECT count(*) FROM domains), (SELECT count(*) FROM cryptokeys)'
