"""rounds.py - for benchmarks that play the same scenes by hand and with the library, in alternating rounds."""
import argparse
import os
import subprocess
import sys
import tempfile


def read_arguments(seconds, rounds):
    """LIBRARY OUTPUT [--seconds S] [--rounds N]; makes the folder OUTPUT."""
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("output")
    parser.add_argument("--seconds", type=float, default=seconds)
    parser.add_argument("--rounds", type=int, default=rounds)
    arguments = parser.parse_args()
    arguments.library = os.path.abspath(arguments.library)
    os.makedirs(arguments.output, exist_ok=True)
    return arguments


def environment(*more):
    """The caller's, without what sets the library up, and what begins with one of these."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("SQLPROD", "LD_PRELOAD", *more))}


def play(script, library, *scene):
    """Runs `script play yes|no SCENE...` in an empty folder, with the library (no) or, if that is None, by hand (yes): the numbers that it prints."""
    variables = environment()
    if library:
        variables["LD_PRELOAD"] = library
    with tempfile.TemporaryDirectory(prefix="sqlprod-bench.") as folder:
        command = [sys.executable, os.path.abspath(script), "play", "no" if library else "yes", *map(str, scene)]
        done = subprocess.run(command, cwd=folder, env=variables, stdout=subprocess.PIPE, check=True, timeout=300)
    return [float(word) for word in done.stdout.split()]


def write(arguments, name, text):
    """Into OUTPUT/name, and to be read."""
    with open(os.path.join(arguments.output, name), "w", encoding="utf-8") as out:
        out.write(text)
    sys.stdout.write(text)
