"""peewee's atomic()."""

import sys

from peewee import IntegerField, Model, SqliteDatabase

from transact import run

database = SqliteDatabase(sys.argv[1])


class Counter(Model):
    n = IntegerField()

    class Meta:
        database = database


def transact(change):
    with database.atomic():
        counter = Counter.get_by_id(1)
        number = change(counter.n)
        if number is not None:
            counter.n = number
            counter.save()


run(transact)
