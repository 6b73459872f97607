"""One run: the command timed by hyperfine, or a server under load; what it used, and what the library reported of it."""

import contextlib
import json
import os
import re
import resource
import select
import shlex
import signal
import time

import process
from databases import Refused, holders, name_holders
from load import load_numbers
from measures import size as written_size

READY_SECONDS = 60
STOP_SECONDS = 15
# How often the size of -wal is looked at.
LOOK_SECONDS = 0.05


class Bench:
    """What all runs have in common. folder: for the files of a run."""

    def __init__(self, plan, databases, folder):
        self.plan = plan
        self.databases = databases
        self.folder = folder
        self.notes = {}
        self.error_text = ""
        # Some more, for what this process is going to need itself.
        self.floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + (1 << 20)

    def note(self, text):
        self.notes[text] = self.notes.get(text, 0) + 1

    def file(self, name):
        return os.path.join(self.folder, name)

    def environment(self, variant):
        environment = dict(os.environ)
        preload = [name for name in re.split("[: ]", environment.pop("LD_PRELOAD", "")) if name and name != self.plan.library]
        environment.update(variant.settings)
        environment["SQLPROD"] = variant.settings.get("SQLPROD", "on")
        if environment["SQLPROD"] == "on":
            preload.insert(0, self.plan.library)
            environment["SQLPROD_REPORT"] = self.file("report")
        if preload:
            environment["LD_PRELOAD"] = ":".join(preload)
        return environment

    def run(self, variant):
        """What was measured, by name; None for what was not seen. "problem" is None for a run that counts."""
        for database in self.databases:
            database.copy()
        for name in ("report", "output", "server"):
            with open(self.file(name), "wb"):
                pass
        environment = self.environment(variant)
        try:
            found = self.run_server(environment) if self.plan.load else self.run_command(environment)
        finally:
            left = process.end_all()
        if left and not self.plan.load:
            self.note("the command left processes running, which were ended")
        self.strangers_refuse()
        found["locked"] = sum(count_lines(self.file(name), b"database is locked") for name in ("output", "server"))
        self.read_warnings()
        found.update(self.read_report() if environment["SQLPROD"] == "on" else {})
        if found["problem"]:
            self.keep_error(found["problem"])
        return found

    def strangers_refuse(self):
        """What others write to a copy is lost: they are not to go on."""
        for database in self.databases:
            pids = holders(database.files())
            if pids:
                raise Refused(8, f"{database.path}: {name_holders(pids)} has opened the copy in its place; stop it")

    def run_command(self, environment):
        found, usage = self.run_timed(self.plan.command, environment)
        found["memory"] = self.memory_of(usage)
        found["written"] = usage.ru_oublock * 512
        return found

    def run_timed(self, command, environment):
        """Has hyperfine run a command once, and looks at the size of -wal meanwhile."""
        answer = os.memfd_create("hyperfine")
        arguments = ["hyperfine", "--shell=none", "--runs=1", "--ignore-failure", "--style=none", "--output=inherit",
                     f"--export-json=/proc/{os.getpid()}/fd/{answer}", "--", shlex.join(command)]
        with open(self.file("output"), "ab") as output:
            child = process.start(arguments, env=environment, stdout=output, stderr=output)
        wal = self.look_until_end(child)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        try:
            with open(answer, encoding="utf-8") as file:
                result = json.load(file)["results"][0]
        except (ValueError, LookupError):
            raise Refused(13, f"hyperfine could not run it: {last_line(self.file('output'))}") from None
        code = result["exit_codes"][0]
        return {"time": result["times"][0], "cpu": result["user"] + result["system"], "wal": wal,
                "problem": ending(code)}, usage

    def look_until_end(self, child):
        """The largest size of a -wal while this child ran; None if there is no database to look at."""
        ended = os.pidfd_open(child.pid)
        largest = 0
        while not select.select([ended], [], [], LOOK_SECONDS)[0]:
            for database in self.databases:
                with contextlib.suppress(OSError):
                    largest = max(largest, os.path.getsize(database.path + "-wal"))
        os.close(ended)
        return largest if self.databases else None

    def run_server(self, environment):
        with open(self.file("server"), "ab") as output:
            server = process.start(self.plan.command, env=environment, stdout=output, stderr=output)
        problem = self.wait_ready(server)
        if problem:
            return {"problem": problem}
        found, _ = self.run_timed(["sh", "-c", self.plan.load], dict(os.environ))
        found.update(load_numbers(self.file("output")))
        if found["problem"]:
            found["problem"] = f"the load {found['problem']}"
        usage, problem = self.stop_server(server)
        found["problem"] = found["problem"] or problem
        found.update(usage)
        count = found.get("requests", 0) * found["time"]
        if count >= 1:
            found["cpu_request"] = usage["cpu"] / count
            found["written_request"] = usage["written"] / count
        return found

    def wait_ready(self, server):
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            with open(self.file("output"), "ab") as output:
                asked = process.start(["sh", "-c", self.plan.ready], stdout=output, stderr=output)
            if asked.wait() == 0:
                os.truncate(self.file("output"), 0)
                return None
            if server.poll() is not None:
                return f"the server {ending(server.returncode % 256) or 'ended'} before it answered"
            time.sleep(0.05)
        return f"the server did not answer within {READY_SECONDS} seconds"

    def stop_server(self, server):
        """Ends it by its pid; what it and its children used."""
        if os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            problem = "the server ended under the load"
        else:
            problem = None
            os.kill(server.pid, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        while time.monotonic() < until and not os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            time.sleep(0.01)
        if not os.waitid(os.P_PID, server.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            self.note(f"the server did not end within {STOP_SECONDS} seconds of SIGTERM and was killed")
            os.kill(server.pid, signal.SIGKILL)
        _, status, usage = os.wait4(server.pid, 0)
        server.returncode = os.waitstatus_to_exitcode(status)
        used = [usage.ru_utime + usage.ru_stime, usage.ru_oublock]
        process.end_all(used=used)
        return {"cpu": used[0], "memory": self.memory_of(usage), "written": used[1] * 512}, problem

    def memory_of(self, usage):
        """Peak memory of the largest process in bytes. A process starts with the peak of the one that forked it, which is this one:
        less than that is not seen."""
        if usage.ru_maxrss * 1024 <= self.floor:
            self.note(f"peak memory below {written_size(self.floor)} cannot be measured")
        return max(usage.ru_maxrss * 1024, self.floor)

    def read_report(self):
        """The report's numbers, added up; a torn line does not count."""
        connections = []
        with open(self.file("report"), encoding="utf-8", errors="replace") as report:
            for line in report:
                with contextlib.suppress(ValueError):
                    connections.append(json.loads(line))
        connections = [connection for connection in connections if not connection.get("open")]
        for connection in connections:
            self.watch_database(connection.get("database"))
        if not connections:
            self.note("the library saw no connection: sqlprod check -- COMMAND shows why")
        found = {"connections": len(connections), "begins_rewritten": add(connections, "begins_rewritten")}
        waits = [connection["waits"] for connection in connections if connection.get("waits")]
        if waits:
            found["write_transactions"] = add(waits, "write_locks")
            found["busy_waits"] = add(waits, "count")
            found["busy_time"] = add(waits, "milliseconds") / 1000
            found["busy_returned"] = add(waits, "given_up")
        return found

    def watch_database(self, path):
        if path and os.path.exists(path) and path not in [database.path for database in self.databases]:
            self.note(f"{path} is not put back before each run: --db {path}")

    def read_warnings(self):
        for name in ("output", "server"):
            with open(self.file(name), encoding="utf-8", errors="replace") as output:
                for line in output:
                    if line.startswith("sqlprod: "):
                        self.note(line.strip())

    def keep_error(self, problem):
        if not self.error_text:
            name = "server" if problem.startswith("the server") else "output"
            self.error_text = last_line(self.file(name))


def ending(code):
    """What an exit status says; None for success."""
    if code == 0:
        return None
    if code is None:
        return "was ended by a signal"
    if code > 128:
        return f"ended with {code}: signal {code - 128}"
    return f"ended with {code}"


def add(records, name):
    return sum(record.get(name) or 0 for record in records)


def count_lines(path, text):
    with open(path, "rb") as file:
        return sum(text in line for line in file)


def last_line(path):
    """The last line that says something; hyperfine's own warnings do not."""
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = [line.strip() for line in file if line.strip() and "Ignoring non-zero exit code" not in line]
    return lines[-1] if lines else "it said nothing"
