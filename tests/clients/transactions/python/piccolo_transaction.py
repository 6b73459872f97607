"""Piccolo's engine.transaction()."""

import sys

from piccolo.columns import Integer
from piccolo.engine.sqlite import SQLiteEngine
from piccolo.table import Table

from transact import run

engine = SQLiteEngine(path=sys.argv[1])


class Counter(Table, db=engine, tablename="counter"):
    n = Integer()


async def transact(change):
    async with engine.transaction():
        counter = await Counter.objects().get(Counter.id == 1)
        number = change(counter.n)
        if number is not None:
            counter.n = number
            await counter.save()


run(transact)
