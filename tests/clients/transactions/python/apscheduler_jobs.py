"""APScheduler keeps its jobs in the database (SQLAlchemyJobStore), and the jobs, on its threads, read a number there and write it, one
higher, in a BEGIN of their own. COUNT jobs run five times a second for 3 s. "done" is followed by how many runs there were, how many
failed, how many updates are missing, and the longest run in milliseconds."""

import logging
import sqlite3
import sys
import threading
import time

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_EXECUTED, EVENT_JOB_MISSED
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

logging.disable(logging.CRITICAL)
database, count = sys.argv[1], int(sys.argv[3])
longest = [0]


def job(_):
    start = time.monotonic()
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("BEGIN")
        number = connection.execute("SELECT n FROM counter WHERE id = 1").fetchone()[0]
        time.sleep(0.005)
        connection.execute("UPDATE counter SET n = ? WHERE id = 1", (number + 1,))
        connection.execute("COMMIT")
    finally:
        connection.close()
        longest[0] = max(longest[0], time.monotonic() - start)


def main():
    done, failed, lock = [], [], threading.Lock()

    def ran(event):
        with lock:
            (failed if event.exception else done).append(event.job_id)

    scheduler = BackgroundScheduler(jobstores={"default": SQLAlchemyJobStore(url=f"sqlite:///{database}")},
                                    job_defaults={"misfire_grace_time": 60, "max_instances": 4})
    scheduler.add_listener(ran, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
    print("ready", flush=True)
    scheduler.start()
    for at in range(count):
        scheduler.add_job("apscheduler_jobs:job", "interval", seconds=0.2, args=[at], id=str(at))
    time.sleep(3)
    scheduler.shutdown()
    connection = sqlite3.connect(database)
    print("done", len(done), "failed", len(failed), "lost", len(done) - connection.execute("SELECT n FROM counter").fetchone()[0],
          "longest", round(1000 * sys.modules["apscheduler_jobs"].longest[0]), flush=True)


if __name__ == "__main__":
    sys.modules["apscheduler_jobs"] = sys.modules["__main__"]
    main()
