"""django_load.py SECONDS NAME [VARIABLE=VALUE]... - one row of django.sh's table: starts gunicorn with these variables, in the site's
folder, on a new database, lets customers buy, and compares the responses with the database."""
import http.client
import os
import random
import socket
import sqlite3
import statistics
import subprocess
import sys
import threading
import time

WORKERS = 16
CUSTOMERS = 32
PRODUCTS = 10


def manage(*words):
    subprocess.run([sys.executable, "manage.py", *words], check=True, stdout=subprocess.DEVNULL)


def query(sql):
    connection = sqlite3.connect("db.sqlite3")
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def fetch(port, method, path):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        response.read()
        return response.status
    except OSError:
        return 0
    finally:
        connection.close()


def shop(port, end, answers):
    while time.monotonic() < end:
        start = time.monotonic()
        status = fetch(port, "POST", f"/buy/{random.randint(1, PRODUCTS)}/")
        answers.append((status, (time.monotonic() - start) * 1000))


def main():
    seconds, name, *variables = sys.argv[1:]
    for suffix in ("", "-wal", "-shm", "-journal"):
        if os.path.exists("db.sqlite3" + suffix):
            os.unlink("db.sqlite3" + suffix)
    manage("migrate", "--verbosity", "0")
    connection = sqlite3.connect("db.sqlite3")
    connection.executemany("INSERT INTO shop_product VALUES(?, 'thing', 1000000)", [(i + 1,) for i in range(PRODUCTS)])
    connection.commit()
    connection.close()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [os.path.join(os.path.dirname(sys.executable), "gunicorn"), "-w", str(WORKERS), "-b", f"127.0.0.1:{port}", "-t", "120"]
    environment = dict(os.environ, **dict(v.split("=", 1) for v in variables))
    with open("gunicorn.log", "wb") as log:
        server = subprocess.Popen(command + ["site_of_shop.wsgi"], env=environment, stdout=log, stderr=log)
    try:
        for _ in range(300):
            if fetch(port, "GET", "/") == 200:
                break
            time.sleep(0.1)
        answers = []
        end = time.monotonic() + float(seconds)
        customers = [threading.Thread(target=shop, args=(port, end, answers)) for _ in range(CUSTOMERS)]
        start = time.monotonic()
        for customer in customers:
            customer.start()
        for customer in customers:
            customer.join()
        elapsed = time.monotonic() - start
    finally:
        server.terminate()
        server.wait()
    good = [ms for status, ms in answers if status == 200]
    parts = statistics.quantiles(good, n=100)
    [(stock, orders)] = query("SELECT (SELECT sum(stock) FROM shop_product), (SELECT count(*) FROM shop_order)")
    lost = abs(PRODUCTS * 1000000 - stock - orders) + abs(orders - len(good))
    print(f"| {name} | {len(good) / elapsed:.0f} | {len(answers) - len(good)} | {parts[49]:.0f} | {parts[98]:.0f} | {max(good):.0f} | {lost} |", flush=True)


if __name__ == "__main__":
    main()
