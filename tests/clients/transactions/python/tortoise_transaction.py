"""Tortoise's in_transaction()."""

import asyncio
import sys

from tortoise import Tortoise, fields
from tortoise.models import Model
from tortoise.transactions import in_transaction

from transact import play


class Counter(Model):
    id = fields.IntField(primary_key=True)
    n = fields.IntField()

    class Meta:
        table = "counter"


async def transact(change):
    async with in_transaction() as connection:
        counter = await Counter.get(id=1, using_db=connection)
        number = change(counter.n)
        if number is not None:
            counter.n = number
            await counter.save(using_db=connection)


async def main():
    await Tortoise.init(db_url=f"sqlite://{sys.argv[1]}", modules={"models": [__name__]})
    await play(transact)
    await Tortoise.close_connections()


asyncio.run(main())
