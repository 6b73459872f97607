# Prosody's accounts in SQL: six registrations at once.
mkdir d c
cat >c/p.cfg.lua <<C
data_path = "$PWD/d"; pidfile = "$PWD/d/p.pid"; run_as_root = true; log = { { levels = { min = "error" }, to = "file", filename = "$PWD/log" } }
storage = "sql"; sql = { driver = "SQLite3", database = "prosody.sqlite" }; authentication = "internal_hashed"
VirtualHost "x.local"
C
register() { $with prosodyctl --root --config c/p.cfg.lua register "$1" x.local pw >/dev/null 2>&1 || echo "not registered: $1"; }
register u0
for i in 1 2 3 4 5 6; do register u$i & done
wait
sqlite3 d/prosody.sqlite 'SELECT DISTINCT user FROM prosody ORDER BY 1'
rm -f log
