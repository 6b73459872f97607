"""Runs the shop without the library and with it under the same load, and prints the results of each.

Started by scripts/demo/run in the demo's directory, where the sites "without" and "with" lie ready. Whatever is started
here is ended here, by its own process."""

import argparse
import contextlib
import json
import os
import re
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path

import load

START_LIMIT = 60  # seconds until the server must answer
STOP_LIMIT = 40  # seconds until a process that was asked to end must have ended
ENDING = signal.SIGHUP, signal.SIGINT, signal.SIGTERM
LOCKED = re.compile(r"^django\.db\.utils\.OperationalError: database is locked", re.MULTILINE)
LOCKED_ROW = '"database is locked"'
WARNED = re.compile(r"^(?:sqlprod|ERROR: ld\.so).*", re.MULTILINE)


class Broken(Exception):
    """The demo could not run; the text says why."""


def manage(site, environment, *words):
    return [sys.executable, "manage.py", *words], {"cwd": site, "env": environment, "stdin": subprocess.DEVNULL}


def manage_run(site, environment, *words):
    command, options = manage(site, environment, *words)
    done = subprocess.run(command, **options, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise Broken(f"manage.py {words[0]} failed in {site}:\n{done.stdout}")


@contextlib.contextmanager
def manage_started(site, environment, log, *words):
    """The running process; its output goes to the file log. Ended on the way out, whatever happens."""
    command, options = manage(site, environment, *words)
    with open(log, "wb") as output:
        process = subprocess.Popen(command, **options, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(server, port, log):
    end = time.monotonic() + START_LIMIT
    while load.fetch(port, "GET", "/") != 200:
        if server.poll() is not None or time.monotonic() > end:
            raise Broken(f"the server does not answer: see {log}")
        time.sleep(0.1)


def wait_for_worker(worker, log):
    """Until it can be ended by a signal: one that is still starting would end without a tally."""
    end = time.monotonic() + START_LIMIT
    while "delivering" not in log.read_text():
        if worker.poll() is not None or time.monotonic() > end:
            raise Broken(f"the worker does not start: see {log}")
        time.sleep(0.1)


def query(database, sql):
    """The rows, read by this process, which has no library."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()


def worker_tally(log):
    for line in log.read_text().splitlines():
        if line.startswith("{"):
            return json.loads(line)
    raise Broken(f"the worker did not end well: see {log}")


def shop_totals(database):
    """What the database says: stock of all products, orders, deliveries."""
    [(stock,)] = query(database, "SELECT sum(stock) FROM shop_product")
    [(orders, sold)] = query(database, "SELECT count(*), coalesce(sum(quantity), 0) FROM shop_order")
    [(delivered,)] = query(database, "SELECT coalesce(sum(quantity), 0) FROM shop_delivery")
    return stock, orders, sold, delivered


def run_half(site, environment, seconds):
    """One half of the demo on a fresh database; returns its column of the table."""
    database = site / "db.sqlite3"
    manage_run(site, environment, "migrate", "--verbosity", "0")
    manage_run(site, environment, "loaddata", "--verbosity", "0", "products")
    first_stock = shop_totals(database)[0]
    products = [key for (key,) in query(database, "SELECT id FROM shop_product")]

    port = free_port()
    server_log, worker_log = site / "server.log", site / "worker.log"
    words = "runserver", "--noreload", f"127.0.0.1:{port}"
    with manage_started(site, environment, server_log, *words) as server:
        wait_for(server, port, server_log)
        with manage_started(site, environment, worker_log, "deliver") as worker:
            wait_for_worker(worker, worker_log)
            clients = load.drive(port, products, seconds)
            [(mode,)] = query(database, "PRAGMA journal_mode")

    tally = worker_tally(worker_log)
    stock, orders, sold, delivered = shop_totals(database)
    bought = sum(client.bought for client in clients)
    latencies = [latency * 1000 for client in clients for latency in client.latencies]
    percentiles = statistics.quantiles(latencies, n=100) if len(latencies) > 1 else [float("nan")] * 99
    return {
        "requests answered": len(latencies),
        "requests failed": sum(client.failed for client in clients),
        "deliveries by the worker": tally["done"],
        "deliveries failed": tally["failed"],
        LOCKED_ROW: len(LOCKED.findall(server_log.read_text() + worker_log.read_text())),
        "latency p50, ms": round(percentiles[49], 1),
        "latency p99, ms": round(percentiles[98], 1),
        "lost updates": abs(orders - bought) + abs(first_stock - sold + delivered - stock),
        "journal mode": mode,
    }


def print_table(without, with_shim):
    print(f"{'':26}{'without':>12}{'with sqlprod':>16}")
    for name, value in without.items():
        print(f"{name:26}{value:>12}{with_shim[name]:>16}")


def print_warnings(site):
    """What the library or the loader wrote to stderr, each text once."""
    said = {line for log in site.glob("*.log") for line in WARNED.findall(log.read_text())}
    for line in sorted(said):
        print(line)


def check(without, with_shim):
    """The promises that were not kept, one text each."""
    if not without[LOCKED_ROW]:
        yield "no error without the library: the load shows nothing"
    for name in "requests failed", "deliveries failed", LOCKED_ROW, "lost updates":
        if with_shim[name]:
            yield f"with the library: {name}: {with_shim[name]}"
    if with_shim["journal mode"] != "wal":
        yield f"with the library: the journal mode is {with_shim['journal mode']}"


def leave(signum, frame):
    """Goes through the clean-up once: a second signal (timeout and a terminal send several) must not break it off."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + signum)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path)
    parser.add_argument("--seconds", type=float, default=15, help="length of each half")
    parser.add_argument("--check", action="store_true", help="exit 1 if the errors are not there without, or not gone with it")
    options = parser.parse_args()
    for number in ENDING:
        signal.signal(number, leave)

    import django

    print(f"Django {django.get_version()}, Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}: "
          f"{load.CLIENTS} clients and a worker, {options.seconds:g} s without sqlprod, {options.seconds:g} s with it", flush=True)
    here = Path.cwd()
    try:
        without = run_half(here / "without", dict(os.environ), options.seconds)
        with_shim = run_half(here / "with", dict(os.environ, LD_PRELOAD=str(options.library)), options.seconds)
    except Broken as broken:
        sys.exit(f"demo: {broken}")
    print()
    print_table(without, with_shim)
    print_warnings(here / "with")
    if options.check:
        complaints = list(check(without, with_shim))
        sys.exit("\n".join(f"demo: {text}" for text in complaints) or 0)


if __name__ == "__main__":
    main()
