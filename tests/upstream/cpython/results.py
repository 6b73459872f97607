"""Runs the whole of CPython's test_sqlite3 and prints one line for each test: its outcome, a blank and its name.

The tests are this Python's own, or those of its source in the folder CPYTHON_TESTS/tests. With --find, prints this Python's path, or
fails if there are no tests or its sqlite3 is not the system's library."""

import contextlib
import importlib
import os
import pkgutil
import sqlite3
import sys
import tempfile
import test
import unittest

from unittest_outcomes import outcomes_of


def load():
    """Each module by its name: the package's own loader looks for its files beside those of the standard library."""
    test.__path__.append(os.path.join(os.environ.get("CPYTHON_TESTS", ""), "tests"))
    with contextlib.redirect_stdout(sys.stderr):
        package = importlib.import_module("test.test_sqlite3")
        modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__) if module.name.startswith("test_"))
        return unittest.defaultTestLoader.loadTestsFromNames([package.__name__ + "." + name for name in modules])


def find():
    load()
    with open("/proc/self/maps", encoding="utf-8") as maps:
        if sqlite3 and "libsqlite3.so.0" not in maps.read():
            sys.exit(1)
    print(sys.executable)


def run(suite):
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        result = unittest.TextTestRunner(stream=sys.stderr, verbosity=2).run(suite)
        os.chdir("/")
    return result


def main():
    for name, outcome in outcomes_of(load(), run)[1].items():
        print(outcome, name)


if sys.argv[1:] == ["--find"]:
    find()
else:
    main()
