#!/usr/bin/env bash
# optuna_hands_out_twice.sh - Optuna 5.0.0 on SQLite: a trial that was enqueued goes to several processes.
#
# Guessed:  enqueue_trial() is a queue: study.ask() marks a waiting trial as running in a transaction, so that one process gets it.
# Happens:  ask() reads the state of the trial with FOR UPDATE, and then sets it. SQLite has no FOR UPDATE, SQLAlchemy leaves it out there, and
#           Python's sqlite3 begins a transaction at the UPDATE only: two processes read "waiting" and both have it. The second
#           tell() of it is an error, "Cannot tell a COMPLETE trial", which ends that process's optimize().
# Seen:     2026-11-30: 4 processes that ask at the same time, 40 times for 160 trials: 25 and 22 of them went to two processes or
#           more. With one process: 0. (The script asks for more than 5.) Trials that are not enqueued are new rows, each its own.
# Matters:  an experiment of hours that runs twice, its process lost with the error, and trials that nobody runs by the time the others end;
#           WAL, busy timeouts and retries change nothing, nor does BEGIN IMMEDIATE at the UPDATE: the read was before it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install optuna==5.0.0 sqlalchemy==2.1.9; } >/dev/null 2>&1 || {
	echo "cannot be had here: one of the packages"
	exit 77
}

cat >look.py <<'END'
import subprocess
import sys
import optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
URL, ROUNDS = "sqlite:///app.db", 40

def ask(name):
    study = optuna.load_study(study_name=name, storage=URL)
    for _ in range(ROUNDS):
        sys.stdin.readline()
        try:
            print(study.ask().number, flush=True)
        except Exception as error:
            print(type(error).__name__, flush=True)

def scene(count):
    name = f"processes: {count}"
    study = optuna.create_study(study_name=name, storage=URL)
    for number in range(ROUNDS * count):
        study.enqueue_trial({"x": number})
    command = [sys.executable, __file__, name]
    workers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    answers = []
    for _ in range(ROUNDS):
        for worker in workers:
            worker.stdin.write("\n")
            worker.stdin.flush()
        answers += [worker.stdout.readline().strip() for worker in workers]
    for worker in workers:
        worker.communicate()
    numbers = [answer for answer in answers if answer.isdigit()]
    twice = sum(numbers.count(number) > 1 for number in set(numbers))
    print(f"{name}, {twice} of {len(set(numbers))} trials", file=sys.stderr)
    print(f"{name}, handed out more than once: {'more than 5' if twice > 5 else twice}")

if sys.argv[1:]:
    ask(sys.argv[1])
else:
    scene(4)
    scene(1)
END
v/bin/python -W ignore look.py | tee seen
cat >stated <<'END'
processes: 4, handed out more than once: more than 5
processes: 1, handed out more than once: 0
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
