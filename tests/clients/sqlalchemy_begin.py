"""SQLAlchemy's engine.begin().

By default a block that reads sends no BEGIN at all: the sqlite3 module opens the transaction before the first change.
With "event" as argument 2, BEGIN is sent by the two event listeners that SQLAlchemy's manual gives for SQLite."""

import sys

import sqlalchemy
from sqlalchemy import create_engine, event, text

from protocol import wait_and_show

engine = create_engine(f"sqlite:///{sys.argv[1]}")

if sys.argv[2:] == ["event"]:

    @event.listens_for(engine, "connect")
    def leave_transactions_to_us(connection, _):
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def send_begin(connection):
        connection.exec_driver_sql("BEGIN")


with engine.begin() as connection:
    connection.execute(text("CREATE TABLE IF NOT EXISTS t(a)"))
with engine.begin() as connection:
    ask = lambda sql: connection.execute(text(sql)).scalar()
    ask("SELECT count(*) FROM t")
    wait_and_show(sqlalchemy.__version__, ask)
engine.dispose()
