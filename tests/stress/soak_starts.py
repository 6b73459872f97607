#!/usr/bin/env python3
"""soak_starts.py LIBRARY STARTS VICTIM... - processes that start at once with a new database, which each of them wants to have in WAL mode.

Each start is one database with a rollback journal, and 4 to 32 processes of the victims (tests/programs/victim.c, by interposition or
with SQLite inside), which all open it at that moment, and run 25 transactions each: a plain BEGIN, a read, a write, COMMIT. Every other
time a few of them are stopped at random meanwhile, for less than a reservation lasts, as on a machine without a processor to spare. No
statement may fail, and each update must count. Without a library ("-"): the twin. Prints what failed; exits with 1 if anything did."""
import os, random, shutil, signal, sqlite3, subprocess, sys, tempfile, time

TRANSACTIONS, SIZES = 25, (4, 4, 4, 8, 8, 16, 32)
SCRIPT = "\n".join(["open a t.db", "busy_timeout a 5000", "repeat %d" % TRANSACTIONS, "exec a BEGIN", "exec a SELECT n FROM counter",
                    "exec a UPDATE counter SET n=n+1", "exec a COMMIT", "end", ""])


def stop_some(processes):
    for _ in range(random.randint(1, 4)):
        time.sleep(random.random() * 0.012)
        process = random.choice(processes)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.06 + random.random() * 0.1)
        process.send_signal(signal.SIGCONT)


def start(library, victims, stops):
    """How many processes, which lines of them say that a statement failed, and how many updates are missing."""
    connection = sqlite3.connect("t.db")
    connection.executescript("CREATE TABLE counter(n INTEGER NOT NULL); INSERT INTO counter VALUES(0)")
    connection.close()
    environment = {**os.environ, "LD_PRELOAD": library} if library else os.environ
    processes = [subprocess.Popen([random.choice(victims)], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True) for _ in range(random.choice(SIZES))]
    for process in processes:
        process.stdin.write(SCRIPT)
        process.stdin.flush()
    # each runs once its input has ended
    for process in processes:
        process.stdin.close()
    if stops:
        stop_some(processes)
    said = [process.stdout.read().splitlines() for process in processes]
    for process in processes:
        process.wait()
    failed = ["%s of %s, line %d" % (line, os.path.basename(process.args[0]), at) for process, lines in zip(processes, said)
              for at, line in enumerate(lines) if line.startswith(("exec ", "open ")) and line.split()[1] != "0"]
    committed = sum(lines.count("exec 0") for lines in said) - 3 * TRANSACTIONS * len(processes)
    connection = sqlite3.connect("t.db")
    missing = TRANSACTIONS * len(processes) - connection.execute("SELECT n FROM counter").fetchone()[0]
    connection.close()
    complete = failed or committed == TRANSACTIONS * len(processes)
    return len(processes), failed if complete else ["a process ended early"], missing


def main():
    library, starts, victims = "" if sys.argv[1] == "-" else os.path.abspath(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    victims = [os.path.abspath(victim) for victim in victims]
    processes = failures = bad = 0
    for number in range(starts):
        folder = tempfile.mkdtemp(prefix="sqlprod-starts.", dir="/dev/shm" if number % 4 else None)
        os.chdir(folder)
        count, failed, missing = start(library, victims, number % 2)
        processes += count
        failures += len(failed)
        if failed or missing:
            bad += 1
            print("start %d, %d processes: %d failed (%s), %d updates missing" %
                  (number, count, len(failed), failed[0] if failed else "", missing), flush=True)
        os.chdir("/")
        shutil.rmtree(folder)
    print("starts: %d of %d processes, %d transactions; %d starts with a failure, %d statements failed" %
          (starts, processes, processes * TRANSACTIONS, bad, failures))
    return 1 if bad else 0


sys.exit(main())
