"""process_use.py - what processes used: CPU, bytes written, memory; and what reached the disk."""
import contextlib
import glob
import os
import subprocess
import sys
import tempfile
import threading

TICK = os.sysconf("SC_CLK_TCK")


def tree(*roots):
    """The pids of these processes and all below them."""
    children = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError):
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
            children.setdefault(int(text.rpartition(")")[2].split()[1]), []).append(int(path.split("/")[2]))
    pids = list(roots)
    for pid in pids:
        pids += children.get(pid, [])
    return pids


def bytes_written(pid):
    """By write calls, those of processes that it has waited for too. Not write_bytes: it counts a whole large folio for each page of it."""
    with open(f"/proc/{pid}/io", encoding="utf-8") as file:
        return int(next(line for line in file if line.startswith("wchar")).split()[1])


def disk_written(folder):
    """Bytes that this machine has written to the disk of the folder, after all that waited to be written has been; None where it has no disk."""
    os.sync()
    device = os.stat(folder).st_dev
    try:
        with open(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/stat", encoding="utf-8") as file:
            return int(file.read().split()[6]) * 512
    except OSError:
        return None


def used(*roots):
    """CPU seconds and bytes written by these processes, and by those they have waited for."""
    cpu = written = 0
    for pid in tree(*roots):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                cpu += sum(map(int, file.read().rpartition(")")[2].split()[11:15]))
            written += bytes_written(pid)
    return cpu / TICK, written


def memory(*pids):
    """Their proportional set size in MiB."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError, StopIteration):
            with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
                total += int(next(line for line in file if line.startswith("Pss:")).split()[1])
    return total / 1024


def waited(command, **options):
    """Runs it; its standard output, CPU seconds and bytes written, those of its children too."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, **options)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        written = bytes_written(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"bench: {command[0]} failed: {process.returncode}")
        output.seek(0)
        return output.read().decode(), usage.ru_utime + usage.ru_stime, written


class Meter:
    """What the processes below these use from now on, and what is written to the disk of the folder."""

    def __init__(self, folder, *roots):
        self.folder, self.roots = folder, roots
        self.disk = disk_written(folder)
        self.cpu, self.written = used(*roots)

    def costs(self, count, cpu, written):
        """For each of so many transactions, with CPU seconds and bytes of processes that have ended."""
        cpu_now, written_now = used(*self.roots)
        disk = disk_written(self.folder)
        return {"cpu": (cpu_now - self.cpu + cpu) / count * 1e6, "written": (written_now - self.written + written) / count / 1024,
                "disk": (disk - self.disk) / count / 1024 if disk is not None else float("nan")}


class Peak:
    """The most memory that all processes which this one has started had at one time, as seen twice a second."""

    def __init__(self):
        self.ended = threading.Event()
        self.most = 0
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def look(self):
        while not self.ended.wait(0.5):
            self.most = max(self.most, memory(*tree(os.getpid())[1:]))

    def stop(self):
        self.ended.set()
        self.thread.join()
        return self.most
