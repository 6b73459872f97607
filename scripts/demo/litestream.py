"""Replicates the shop by Litestream while it is under load, kills both, restores the replica, and compares, round after round.

Started by scripts/demo/run in the demo's directory, where the site "replicated" lies ready. The shop runs with the library: in odd rounds
Litestream runs beside it, in even rounds it starts the shop itself (-exec), with the library in its environment. Each round goes on with
the database and the replica of the last one. Whatever is started here is ended here, by its own process."""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import compare
import load
from compare import Broken

SHIP_LIMIT = 60  # seconds until Litestream must have shipped two more files
MIB = 1 << 20


class Customer(load.Client):
    """A customer who tells an error of the server from a server that was killed: refused and unanswered count them."""

    refused = unanswered = 0

    def request(self, method, path):
        start = time.monotonic()
        status = load.fetch(self.port, method, path)
        if status == 200:
            self.latencies.append(time.monotonic() - start)
        elif status == 0:
            self.unanswered += 1
        else:
            self.refused += 1
        time.sleep(random.uniform(0, load.PAUSE))
        return status == 200


@contextlib.contextmanager
def started(command, log, **options):
    """The running process, in a session of its own, which is killed whole on the way out."""
    with open(log, "ab") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                   start_new_session=True, **options)
    try:
        yield process
    finally:
        kill(process)


def kill(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def files_of(directory):
    """The files that Litestream has made at single synchronizations, by name: names count up."""
    return sorted(path.name for path in directory.glob("ltx/0/*.ltx"))


class Watch:
    """Waits, and meanwhile looks at how long the -wal becomes."""

    def __init__(self, database):
        self.wal = Path(f"{database}-wal")
        self.longest = 0

    def until(self, done, limit):
        end = time.monotonic() + limit
        while not done():
            if time.monotonic() > end:
                return False
            with contextlib.suppress(FileNotFoundError):
                self.longest = max(self.longest, self.wal.stat().st_size)
            time.sleep(0.02)
        return True

    def pause(self, seconds):
        self.until(lambda: False, seconds)


def newest_order(database):
    [(order,)] = compare.query(database, "SELECT coalesce(max(id), 0) FROM shop_order")
    return order


def load_and_kill(site, litestream, environment, by_exec, replica):
    """One run of the shop under load, ended by SIGKILL. Returns the newest order that the replica must have, and what was seen."""
    database, port = site / "db.sqlite3", compare.free_port()
    serve, options = compare.manage(site, environment, "runserver", "--noreload", f"127.0.0.1:{port}")
    replicate = [litestream, "replicate", database.name, f"file://{replica}"]
    watch = Watch(database)
    options.pop("stdin")
    with contextlib.ExitStack() as stack:
        if by_exec:
            replicate[2:2] = ["-exec", " ".join(serve)]
            server = replicator = stack.enter_context(started(replicate, site / "server.log", **options))
        else:
            server = stack.enter_context(started(serve, site / "server.log", **options))
            replicator = stack.enter_context(started(replicate, site / "litestream.log", cwd=site))
        compare.wait_for(server, port, site / "server.log")
        worker, _ = compare.manage(site, environment, "deliver")
        stack.enter_context(started(worker, site / "worker.log", **options))
        products = [key for (key,) in compare.query(database, "SELECT id FROM shop_product")]
        customers = [Customer(port, products, 3600) for _ in range(load.CLIENTS)]
        for customer in customers:
            customer.start()

        watch.pause(random.uniform(1, 4))
        newest, made = newest_order(database), Path(f"{site}/.{database.name}-litestream")
        before = files_of(made)[-1:]
        # Litestream may have begun the first file before that order; the second one it has not.
        after = lambda: [name for name in files_of(made) if [name] > before][1:2]
        if not watch.until(after, SHIP_LIMIT) or not watch.until(lambda: files_of(replica)[-1:] >= after(), SHIP_LIMIT):
            raise Broken(f"Litestream ships nothing: see {site}/*.log")
        watch.pause(random.uniform(0, 1.5))
        for process in random.sample([server, replicator], 2):
            kill(process)
            time.sleep(random.uniform(0, 0.2))
    for customer in customers:
        customer.join(load.PATIENCE)
    return newest, {
        "answered": sum(len(customer.latencies) for customer in customers),
        "refused": sum(customer.refused for customer in customers),
        "longest": max((latency for customer in customers for latency in customer.latencies), default=0),
        "wal": watch.longest,
    }


def rows(database):
    orders = compare.query(database, "SELECT id, product_id, quantity, placed FROM shop_order ORDER BY id")
    deliveries = compare.query(database, "SELECT id, product_id, quantity FROM shop_delivery ORDER BY id")
    return orders, deliveries


def differences(restored, source, newest, first_stock):
    """What is wrong with the restored database, one text each: it must be the source at one of its commits, not before `newest`."""
    if compare.query(restored, "PRAGMA integrity_check") != [("ok",)]:
        yield "integrity_check fails"
    orders, deliveries = rows(restored)
    source_orders, source_deliveries = rows(source)
    if orders != source_orders[:len(orders)] or deliveries != source_deliveries[:len(deliveries)]:
        yield "its rows are not those of the source"
    if (orders[-1][0] if orders else 0) < newest:
        yield f"order {newest} was shipped and is missing"
    stock = compare.query(restored, "SELECT sum(stock) FROM shop_product")[0][0]
    if stock != first_stock - sum(order[2] for order in orders) + sum(delivery[2] for delivery in deliveries):
        yield "it is not the state after a commit: stock, orders and deliveries do not agree"


def restore_and_compare(litestream, site, replica, place, newest, first_stock):
    """The number of orders restored and those of the source, and what is wrong."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for suffix in "", "-wal":
        with contextlib.suppress(FileNotFoundError):
            shutil.copy(site / f"db.sqlite3{suffix}", place / f"source.db{suffix}")
    done = subprocess.run([litestream, "restore", "-o", place / "restored.db", f"file://{replica}"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True)
    if done.returncode:
        return 0, newest, [f"restore failed: {done.stdout.strip()}"]
    source, restored = place / "source.db", place / "restored.db"
    return newest_order(restored), newest_order(source), list(differences(restored, source, newest, first_stock))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--litestream", required=True, help="the program")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--without", action="store_true", help="run the shop without the library: WAL, timeout and BEGIN IMMEDIATE by hand")
    parser.add_argument("--keep", type=Path, help="a directory to keep what a bad round left")
    options = parser.parse_args()
    for number in compare.ENDING:
        signal.signal(number, compare.leave)

    here, bad = Path.cwd(), 0
    site, replica = here / "replicated", here / "replica"
    environment = dict(os.environ) if options.without else dict(os.environ, LD_PRELOAD=str(options.library))
    shutil.rmtree(replica, ignore_errors=True)
    version = subprocess.run([options.litestream, "version"], capture_output=True, text=True).stdout.strip()
    print(f"Litestream {version}: {options.rounds} rounds of load, kill -9, restore")
    print(f"{'round':>5} {'litestream':10} {'answered':>8} {'refused':>7} {'longest, ms':>11} {'-wal, MiB':>9} "
          f"{'shipped':>8} {'restored':>8} {'source':>8}", flush=True)
    try:
        compare.manage_run(site, environment, "migrate", "--verbosity", "0")
        compare.manage_run(site, environment, "loaddata", "--verbosity", "0", "products")
        if options.without:
            compare.query(site / "db.sqlite3", "PRAGMA journal_mode=WAL")
            with open(site / "site_of_shop/settings.py", "a") as settings:
                settings.write('DATABASES["default"]["OPTIONS"] = {"timeout": 30, "transaction_mode": "IMMEDIATE"}\n')
        first_stock = compare.shop_totals(site / "db.sqlite3")[0]
        for number in range(1, options.rounds + 1):
            by_exec = number % 2 == 0
            newest, seen = load_and_kill(site, options.litestream, environment, by_exec, replica)
            restored, source, wrong = restore_and_compare(options.litestream, site, replica, here / "restored", newest, first_stock)
            if seen["refused"]:
                wrong.append(f"{seen['refused']} requests were refused")
            print(f"{number:>5} {'-exec' if by_exec else 'beside':10} {seen['answered']:>8} {seen['refused']:>7} "
                  f"{seen['longest'] * 1000:>11.0f} {seen['wal'] / MIB:>9.1f} {newest:>8} {restored:>8} {source:>8}"
                  f"{''.join(f'  {text}' for text in wrong)}", flush=True)
            bad += bool(wrong)
            if wrong and options.keep:
                shutil.copytree(here, options.keep / str(number), ignore=shutil.ignore_patterns("venv", "with*"))
    except Broken as broken:
        sys.exit(f"demo: {broken}")
    print(f"{options.rounds - bad} of {options.rounds} rounds good")
    sys.exit(bad > 0)


if __name__ == "__main__":
    main()
