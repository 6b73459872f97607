"""The two event listeners by which SQLAlchemy's manual has BEGIN sent on SQLite."""

import os

from sqlalchemy import event


def listen_if_wanted(engine):
    """Sets them on the engine if TRANSACTIONS is "listeners"."""
    if os.environ.get("TRANSACTIONS") != "listeners":
        return

    @event.listens_for(engine, "connect")
    def leave_transactions_to_us(connection, _):
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def send_begin(connection):
        connection.exec_driver_sql("BEGIN")
