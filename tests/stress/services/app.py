"""app.py DATABASE NAME - a service: 200 transactions that read, then write; says in DATABASE.NAME how many failed, and stays until SIGTERM."""
import os, signal, socket, sqlite3, sys, time

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
path, name = sys.argv[1:]
db = sqlite3.connect(path, timeout=30, isolation_level=None)
db.execute("CREATE TABLE IF NOT EXISTS t(n)")
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
    ready.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1))
while not os.path.exists(os.path.join(os.path.dirname(path), "go")):
    time.sleep(0.01)
failed = 0
for _ in range(200):
    try:
        db.execute("BEGIN")
        n = db.execute("SELECT count(*) FROM t").fetchone()[0]
        time.sleep(0.001)
        db.execute("INSERT INTO t VALUES(?)", (n,))
        db.execute("COMMIT")
    except sqlite3.OperationalError:
        failed += 1
        if db.in_transaction:
            db.execute("ROLLBACK")
with open(path + "." + name + ".new", "w") as file:
    print(failed, file=file)
os.rename(path + "." + name + ".new", path + "." + name)
while True:
    time.sleep(60)
