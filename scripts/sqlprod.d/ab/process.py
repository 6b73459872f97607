"""Processes: started in a session of their own, measured, and ended with all that they have started."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def control(option, value):
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def adopt_orphans():
    """Whose parent has ended becomes a child of this process, where it is found and ended."""
    control(PR_SET_CHILD_SUBREAPER, 1)


def end_with_parent(number):
    control(PR_SET_PDEATHSIG, number)


def start(arguments, **more):
    return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, start_new_session=True, **more)


def descendants(spared=()):
    """The pids of all processes below this one, but for zombies."""
    children = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
                state, parent = stat.read().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if state != "Z":
            children.setdefault(int(parent), []).append(int(pid))
    found = []
    parents = [os.getpid()]
    while parents:
        for pid in children.get(parents.pop(), []):
            if pid not in spared:
                found.append(pid)
                parents.append(pid)
    return found


def reap(used=None):
    """Buries dead children; adds what they used to [CPU seconds, blocks written]."""
    while True:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if used is not None:
            used[0] += usage.ru_utime + usage.ru_stime
            used[1] += usage.ru_oublock


def end_all(patience=5.0, used=None):
    """Ends every process below this one, with SIGTERM at first. Returns how many there were."""
    reap(used)
    count = len(descendants())
    for number, until in ((signal.SIGTERM, time.monotonic() + patience), (signal.SIGKILL, time.monotonic() + patience + 60)):
        told = set()
        while time.monotonic() < until:
            pids = descendants()
            if not pids:
                reap(used)
                return count
            for pid in set(pids) - told:
                with contextlib.suppress(OSError):
                    os.kill(pid, number)
            told.update(pids)
            time.sleep(0.01)
            reap(used)
    return count
