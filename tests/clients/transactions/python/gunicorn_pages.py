"""Django with ATOMIC_REQUESTS under gunicorn: two workers of the class that TRANSACTIONS names, with 4 threads each where it has threads.

First COUNT requests at once for a page that reads, waits 0.1 s and reads again; then as many for it, and as many for one that reads the
number and writes it, one higher; and twice more. "done" is followed by how many pages came, how many of those that only read and of the
others failed, how many of these after the first time, how many updates are missing, and the milliseconds that the first COUNT took."""

import concurrent.futures
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from django.conf import settings

ROUNDS = 3
DATABASE = os.environ.get("PAGES_DATABASE") or sys.argv[1]
settings.configure(
    ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, DEFAULT_AUTO_FIELD="django.db.models.AutoField", MIDDLEWARE=[],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE, "ATOMIC_REQUESTS": True}})

import django

django.setup()

from django.core.wsgi import get_wsgi_application
from django.db import models
from django.http import HttpResponse
from django.urls import path


class Counter(models.Model):
    n = models.IntegerField()

    class Meta:
        app_label = "shop"
        db_table = "counter"


def read(_):
    number = Counter.objects.get(pk=1).n
    time.sleep(0.1)
    return HttpResponse(f"{number} {Counter.objects.get(pk=1).n}")


def write(_):
    counter = Counter.objects.get(pk=1)
    time.sleep(0.005)
    counter.n += 1
    counter.save()
    return HttpResponse(str(counter.n))


urlpatterns = [path("read", read), path("write", write)]
application = get_wsgi_application()


def serve(port):
    return subprocess.Popen(
        [os.path.join(os.path.dirname(sys.executable), "gunicorn"), "--chdir", os.path.dirname(os.path.abspath(__file__)), "--workers", "2",
         "--worker-class", os.environ["TRANSACTIONS"], *(["--threads", "4"] if os.environ["TRANSACTIONS"] == "gthread" else []),
         "--bind", f"127.0.0.1:{port}", "--timeout", "120", "--no-control-socket", "gunicorn_pages:application"],
        env=dict(os.environ, PAGES_DATABASE=os.path.abspath(DATABASE), PYTHONDONTWRITEBYTECODE="1"),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def get(port, page):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=100) as answer:
            return answer.status == 200
    except OSError:
        return False


def main():
    count = int(sys.argv[3])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = serve(port)
    reads, writes, took = [], [], []
    try:
        while not get(port, "read"):
            time.sleep(0.1)
        print("ready", flush=True)
        with concurrent.futures.ThreadPoolExecutor(2 * count) as pool:
            for _ in range(ROUNDS):
                start = time.monotonic()
                reads += pool.map(lambda _: get(port, "read"), range(count))
                took.append(time.monotonic() - start)
                mixed = list(pool.map(lambda at: (at % 2, get(port, "write" if at % 2 else "read")), range(2 * count)))
                reads += [ok for is_write, ok in mixed if not is_write]
                writes += [ok for is_write, ok in mixed if is_write]
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    print("done", sum(reads + writes), "failed_reads", reads.count(False), "failed", writes[:count].count(False),
          "later", writes[count:].count(False), "lost", sum(writes) - Counter.objects.get(pk=1).n, "took", round(took[0] * 1000), flush=True)


if __name__ == "__main__":
    main()
