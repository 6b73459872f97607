"""ctypes, which looks the functions of libsqlite3.so.0 up by dlsym(): BEGIN by sqlite3_exec()."""

import ctypes
import platform
import sys

from protocol import wait_and_show

LIBRARY = ctypes.CDLL("libsqlite3.so.0")
LIBRARY.sqlite3_column_text.restype = ctypes.c_char_p


def ask(sql):
    statement, text = ctypes.c_void_p(), None
    assert LIBRARY.sqlite3_prepare_v2(db, sql.encode(), -1, ctypes.byref(statement), None) == 0
    if LIBRARY.sqlite3_step(statement) == 100:
        text = LIBRARY.sqlite3_column_text(statement, 0).decode()
    LIBRARY.sqlite3_finalize(statement)
    return text


db = ctypes.c_void_p()
assert LIBRARY.sqlite3_open(sys.argv[1].encode(), ctypes.byref(db)) == 0
assert LIBRARY.sqlite3_exec(db, b"CREATE TABLE IF NOT EXISTS t(a)", None, None, None) == 0
assert LIBRARY.sqlite3_exec(db, b"BEGIN", None, None, None) == 0
ask("SELECT count(*) FROM t")
wait_and_show(platform.python_version(), ask)
assert LIBRARY.sqlite3_exec(db, b"COMMIT", None, None, None) == 0
assert LIBRARY.sqlite3_close(db) == 0
