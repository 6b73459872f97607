"""Runs a command whose standard error is no place to write to: stderr_is.py gone|full|background COMMAND…

gone: a pipe that nobody reads any more; full: one that nobody empties; background: a terminal that stops what writes to it without being
in the foreground. Exits as the command does: 128 + N for signal N, 77 if it was stopped, 78 if it waits (PATIENCE
seconds, 30, are enough for any other end). Signals are as at a login."""

import fcntl
import os
import signal
import subprocess
import sys
import termios

kind, command = sys.argv[1], sys.argv[2:]


def exit_like(status):
    sys.exit(128 - status if status < 0 else status)


def run(stderr):
    try:
        exit_like(subprocess.run(command, stderr=stderr, timeout=float(os.environ.get("PATIENCE", 30))).returncode)
    except subprocess.TimeoutExpired:
        sys.exit(78)


def background():
    """As the child of a session's leader, in a process group of its own."""
    _, terminal = os.openpty()
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    modes = termios.tcgetattr(terminal)
    modes[3] |= termios.TOSTOP
    termios.tcsetattr(terminal, termios.TCSANOW, modes)
    process = subprocess.Popen(command, stderr=terminal, process_group=0)
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        process.kill()
        process.wait()
        sys.exit(77)
    exit_like(os.waitstatus_to_exitcode(status))


reader, writer = os.pipe()
signal.alarm(60)
if kind == "gone":
    os.close(reader)
    run(writer)
elif kind == "full":
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, bytes(4096))
    except BlockingIOError:
        os.set_blocking(writer, True)
    run(writer)
elif os.fork() == 0:
    background()
else:
    exit_like(os.waitstatus_to_exitcode(os.wait()[1]))
