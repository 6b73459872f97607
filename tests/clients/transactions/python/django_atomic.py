"""Django's untouched defaults: transaction.atomic(), a model, save()."""

import sys

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}}, INSTALLED_APPS=[])
django.setup()

from django.db import models, transaction

from transact import run


class Counter(models.Model):
    n = models.IntegerField()

    class Meta:
        app_label = "shop"
        db_table = "counter"


def transact(change):
    with transaction.atomic():
        counter = Counter.objects.get(pk=1)
        number = change(counter.n)
        if number is not None:
            counter.n = number
            counter.save()


import os

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
run(transact)
