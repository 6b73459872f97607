"""postgres.py LIBRARY CONTENTION OUTPUT [--seconds S] [--rounds N] - PostgreSQL and SQLite with the library under the same writes.

Runs in the site's folder that postgres.sh made, in its virtual environment. Each round takes the ways in another order; each way has a
new database, and PostgreSQL a new cluster in a temporary folder, on a unix socket. Writes OUTPUT/postgres.md, and postgres.json with
every round. What is started here is ended here, by its own process."""
import argparse
import contextlib
import glob
import json
import os
import platform
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import django_load
import psycopg
import rounds
from postgres_cluster import binaries, cluster
from process_use import Meter, Peak, waited

CUSTOMERS = django_load.CUSTOMERS
CLIENTS = (1, 8, 32)
PAIRS = (("durable", "PostgreSQL", "SQLite, SQLPROD_SYNCHRONOUS=full"), ("durable a little later", "PostgreSQL, synchronous_commit=off", "SQLite, recipe"))
SETTINGS = {"PostgreSQL": [], "PostgreSQL, synchronous_commit=off": ["-c", "synchronous_commit=off"],
            "SQLite, SQLPROD_SYNCHRONOUS=full": ["SQLPROD_SYNCHRONOUS=full"], "SQLite, recipe": []}
# field, head of its column, is more better
FIELDS = (("rate", "a second", True), ("p99", "p99, ms", False), ("cpu", "CPU, µs", False), ("written", "written, KiB", False),
          ("disk", "to the disk, KiB", False), ("pss", "memory, MiB", False))
SCRIPT = """BEGIN;
SELECT n FROM counter WHERE id = :client_id \\gset
UPDATE counter SET n = :n + 1 WHERE id = :client_id;
INSERT INTO log(worker) VALUES (:client_id);
COMMIT;
"""


def checkpoint(database):
    """Writes all of the -wal into the database, as PostgreSQL's CHECKPOINT does; CPU seconds and bytes written."""
    code = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=60).execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchone()"
    return waited([sys.executable, "-c", code, database])[1:]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def gunicorn(environment):
    """16 workers on a port, ready: (pid, port)."""
    port = free_port()
    command = [os.path.join(os.path.dirname(sys.executable), "gunicorn"), "-w", str(django_load.WORKERS), "-b", f"127.0.0.1:{port}", "-t", "120"]
    with open("gunicorn.log", "wb") as log:
        server = subprocess.Popen(command + ["site_of_shop.wsgi"], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        for _ in range(600):
            if django_load.fetch(port, "GET", "/") == 200:
                break
            time.sleep(0.1)
        yield server.pid, port
    finally:
        server.terminate()
        server.wait(60)


def buy(port, seconds):
    answers = []
    start = time.monotonic()
    customers = [threading.Thread(target=django_load.shop, args=(port, start + seconds, answers)) for _ in range(CUSTOMERS)]
    for customer in customers:
        customer.start()
    for customer in customers:
        customer.join()
    return answers, time.monotonic() - start


def measure_shop(environment, folder, roots, seconds, finish, query):
    """One run of the load. finish writes out what the database has put off: CPU seconds and bytes of it that the processes do not show."""
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], env=environment, check=True)
    query("INSERT INTO shop_product(id, name, stock) VALUES " + ", ".join(f"({i + 1}, 'thing', 1000000)" for i in range(django_load.PRODUCTS)))
    with gunicorn(environment) as (server, port):
        buy(port, min(1, seconds / 4))  # every worker has its connection
        [(before,)] = query("SELECT count(*) FROM shop_order")
        finish()
        meter, peak = Meter(folder, server, *roots), Peak()
        answers, elapsed = buy(port, seconds)
        pss = peak.stop()
        good = [ms for status, ms in answers if status == 200]
        costs = meter.costs(len(good), *finish())
    [(stock, orders)] = query("SELECT (SELECT sum(stock) FROM shop_product), (SELECT count(*) FROM shop_order)")
    return {"rate": len(good) / elapsed, "p99": statistics.quantiles(good, n=100)[98], **costs, "pss": pss, "failed": len(answers) - len(good),
            "lost": abs(django_load.PRODUCTS * 1000000 - int(stock) - orders), "missing": abs(orders - before - len(good))}


def clean_environment(**variables):
    kept = rounds.environment("PG", "BENCH")
    return {**kept, **variables}


def shop_on(way, arguments):
    if way.startswith("PostgreSQL"):
        with cluster(SETTINGS[way]) as made:
            def finish():
                made.run("CHECKPOINT")
                return 0, 0

            def query(sql):
                cursor = made.run(sql)
                return cursor.fetchall() if cursor.description else []

            return measure_shop(clean_environment(BENCH_SOCKET=made.folder), made.folder, [made.process.pid], arguments.seconds, finish, query)
    with tempfile.TemporaryDirectory(prefix="sqlprod-postgres.") as folder:
        database = os.path.join(folder, "db.sqlite3")

        def ask(sql):
            with contextlib.closing(sqlite3.connect(database, timeout=60)) as connection, connection:
                return connection.execute(sql).fetchall()

        environment = clean_environment(BENCH_DATABASE=database, LD_PRELOAD=arguments.library, **dict(v.split("=") for v in SETTINGS[way]))
        return measure_shop(environment, folder, [], arguments.seconds, lambda: checkpoint(database), ask)


def pgbench(made, script, clients, seconds):
    made.run("DROP TABLE IF EXISTS counter, log")
    made.run("CREATE TABLE counter(id integer PRIMARY KEY, n bigint); CREATE TABLE log(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, worker integer)")
    made.run(f"INSERT INTO counter SELECT i, 0 FROM generate_series(0, {clients - 1}) AS i")
    made.run("CHECKPOINT")
    with tempfile.TemporaryDirectory(prefix="sqlprod-postgres.") as folder:
        command = [binaries() + "/pgbench", "-n", "-M", "prepared", "-f", script, "-c", str(clients), "-j", str(min(clients, os.cpu_count())),
                   "-T", str(max(1, round(seconds))), "-l", "--log-prefix", folder + "/log", "-h", made.folder, "-U", "bench", "bench"]
        meter, peak = Meter(made.folder, made.process.pid), Peak()
        output, client_cpu, _ = waited(command, stderr=subprocess.DEVNULL)
        pss = peak.stop()
        times = []
        for name in glob.glob(folder + "/log*"):
            with open(name, encoding="utf-8") as log:
                times += [int(line.split()[2]) for line in log]
    made.run("CHECKPOINT")
    costs = meter.costs(len(times), client_cpu, 0)
    rate = next(float(line.split()[2]) for line in output.splitlines() if line.startswith("tps = "))
    [(total, rows)] = made.run("SELECT (SELECT sum(n) FROM counter), (SELECT count(*) FROM log)").fetchall()
    return {"rate": rate, "p99": sorted(times)[int(len(times) * 0.99)] / 1000, **costs, "pss": pss, "failed": 0, "lost": abs(int(rows - total)),
            "missing": abs(rows - len(times))}


def contention(way, arguments, clients):
    with tempfile.TemporaryDirectory(prefix="sqlprod-postgres.") as folder:
        database = os.path.join(folder, "t.db")
        environment = clean_environment(LD_PRELOAD=arguments.library, **dict(v.split("=") for v in SETTINGS[way]))
        command = [arguments.contention, database, "defaults", "processes", str(clients), "0", "0", str(arguments.seconds)]
        meter, peak = Meter(folder), Peak()
        output, cpu, written = waited(command, env=environment)
        pss = peak.stop()
        late_cpu, late_written = checkpoint(database)
        count, seconds, _, _, p99, _, _, _, errors, lost, _ = map(float, output.split())
        costs = meter.costs(count, cpu + late_cpu, written + late_written)
    return {"rate": count / seconds, "p99": p99, **costs, "pss": pss, "failed": errors, "lost": lost, "missing": 0}


def transactions_on(way, arguments):
    """By number of clients."""
    if way.startswith("SQLite"):
        return {clients: contention(way, arguments, clients) for clients in CLIENTS}
    with cluster(SETTINGS[way]) as made, tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(SCRIPT)
        script.flush()
        return {clients: pgbench(made, script.name, clients, arguments.seconds) for clients in CLIENTS}


def shown(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def table(title, runs):
    """A Markdown table of one load, and whether SQLite is ahead in each row; runs: way to its rounds."""
    text = f"\n### {title}\n\n| | " + " | ".join(head for _, head, _ in FIELDS) + " | failed | lost updates |\n|---|" + "---|" * (len(FIELDS) + 2) + "\n"
    behind = []
    for durability, theirs, ours in PAIRS:
        for way in (theirs, ours):
            cells = [shown(statistics.median(r[field] for r in runs[way])) for field, _, _ in FIELDS]
            cells += [f"{sum(r[field] for r in runs[way]):.0f}" for field in ("failed", "lost")]
            text += f"| {way} | " + " | ".join(cells) + " |\n"
        cells = []
        for field, head, more in FIELDS:
            # a round beside its own
            ratio = statistics.median(o[field] / t[field] if t[field] else float("nan") for t, o in zip(runs[theirs], runs[ours]))
            cells.append(f"{ratio:.2f}")
            if (ratio < 1) == more:
                behind.append(f"{durability}: {head}")
        text += f"| *{durability}: SQLite of PostgreSQL* | " + " | ".join(cells) + " | | |\n"
    text += "\nSQLite is " + ("ahead in every column." if not behind else "behind in: " + "; ".join(behind) + ".") + "\n"
    return text


def machine(arguments):
    version = subprocess.run([binaries() + "/postgres", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        models = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    with open("/etc/os-release", encoding="utf-8") as file:
        system = next(line.split('"')[1] for line in file if line.startswith("PRETTY_NAME"))
    import django
    return (f"{time.strftime('%Y-%m-%d')}; {os.cpu_count()} × {models[0] if models else platform.machine()}, {system}, Linux {platform.release()}; load "
            f"before it {os.getloadavg()[0]:.1f}. {version}; SQLite {sqlite3.sqlite_version}; Python {platform.python_version()}, Django {django.__version__}, "
            f"psycopg {psycopg.__version__}.\n\nMedians of {arguments.rounds} rounds of {arguments.seconds:g} s; each round takes the four ways in another order. CPU and "
            "bytes are those of one request or transaction, of all processes but the shop's customers, a checkpoint at the end included: written is what they "
            "gave to write calls (wchar of /proc/PID/io), to the disk what all of the machine wrote to it meanwhile, filesystem's journal included. Memory is "
            "PSS. Failed and lost updates are sums. The clients of pgbench have a row each to count in; SQLite's have one for all.\n")


def main():
    parser = argparse.ArgumentParser()
    for name in ("library", "contention", "output"):
        parser.add_argument(name)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    text = "# PostgreSQL and SQLite with the library\n\nBy `make bench-postgres`. " + machine(arguments)
    ways = [way for _, *pair in PAIRS for way in pair]
    shop = {way: [] for way in ways}
    bare = {clients: {way: [] for way in ways} for clients in CLIENTS}
    for number in range(arguments.rounds):
        order = ways[number % len(ways):] + ways[:number % len(ways)]
        for way in order:
            print(f"round {number + 1} of {arguments.rounds}: {way}", file=sys.stderr, flush=True)
            shop[way].append(shop_on(way, arguments))
            for clients, result in transactions_on(way, arguments).items():
                bare[clients][way].append(result)
    text += table(f"The demo's Django: {django_load.WORKERS} gunicorn workers, {CUSTOMERS} customers that buy", shop)
    for clients in CLIENTS:
        text += table(f"The bare transaction, {clients} client{'s' if clients > 1 else ''}", bare[clients])
    missing = sum(r["missing"] for runs in (shop, *bare.values()) for way in runs.values() for r in way)
    if missing:
        text += f"\n**{missing:.0f} acknowledged rows are missing, or not acknowledged.**\n"
    with open(os.path.join(arguments.output, "postgres.json"), "w", encoding="utf-8") as out:
        json.dump({"shop": shop, "transactions": bare}, out, indent=1)
    with open(os.path.join(arguments.output, "postgres.md"), "w", encoding="utf-8") as out:
        out.write(text)
    sys.stdout.write(text)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
