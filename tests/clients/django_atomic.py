"""Django's untouched defaults and transaction.atomic()."""

import sys

import django
from django.conf import settings

from protocol import wait_and_show

settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}})
django.setup()

from django.db import connection, transaction


def ask(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        row = cursor.fetchone()
        return row[0] if row else None


ask("CREATE TABLE IF NOT EXISTS t(a)")
with transaction.atomic():
    ask("SELECT count(*) FROM t")
    wait_and_show(django.get_version(), ask)
connection.close()
