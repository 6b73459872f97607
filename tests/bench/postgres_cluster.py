"""postgres_cluster.py - a PostgreSQL of Debian's package and its defaults, in a temporary folder, on a unix socket; ended by its own process."""
import contextlib
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import psycopg


def binaries():
    """The folder of Debian's newest PostgreSQL, whose programs are on no PATH."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
    if not found:
        sys.exit("bench: no /usr/lib/postgresql: apt-get install postgresql")
    return found[-1]


def other_user():
    """PostgreSQL refuses to run as root."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


class Cluster:
    """A PostgreSQL of Debian's defaults, but for the options given, in a folder."""

    def __init__(self, folder, options):
        self.folder = folder
        if other_user():
            shutil.chown(folder, "postgres", "postgres")
        data = os.path.join(folder, "data")
        # the folder above may be closed to its user
        common = {"stdin": subprocess.DEVNULL, "cwd": "/", **other_user()}
        subprocess.run([binaries() + "/initdb", "-D", data, "-A", "trust", "-U", "bench", "-E", "UTF8", "--no-locale", "--no-sync"], check=True,
                       stdout=subprocess.DEVNULL, **common)
        with open(os.path.join(folder, "log"), "wb") as log:
            self.process = subprocess.Popen([binaries() + "/postgres", "-D", data, "-k", folder, "-c", "listen_addresses="] + options, stdout=log,
                                            stderr=log, **common)

    def connect(self, name="bench"):
        return psycopg.connect(host=self.folder, user="bench", dbname=name, autocommit=True)

    def run(self, sql, name="bench"):
        with self.connect(name) as connection:
            return connection.execute(sql)

    def wait(self):
        for _ in range(600):
            try:
                return self.run("CREATE DATABASE bench", "postgres")
            except psycopg.OperationalError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as log:
            sys.exit("bench: PostgreSQL does not start:\n" + log.read())

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)


@contextlib.contextmanager
def cluster(options):
    with tempfile.TemporaryDirectory(prefix="sqlprod-postgres.") as folder:
        made = Cluster(folder, options)
        try:
            made.wait()
            yield made
        finally:
            made.stop()
