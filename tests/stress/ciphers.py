"""ciphers.py MODULE SQL... - runs statements on one connection to c.db and prints each one's rows, or its error."""

import sys

if sys.argv[1] == "apsw":
    import apsw

    connection = apsw.Connection("c.db")
else:
    from sqlcipher3 import dbapi2

    connection = dbapi2.connect("c.db", isolation_level=None)

for sql in sys.argv[2:]:
    try:
        print(connection.execute(sql).fetchall())
    except Exception as error:
        print(repr(error))
connection.close()
