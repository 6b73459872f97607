#!/usr/bin/env bash
# own_timestamp_not_found.sh - SQLAlchemy 2.1.9 and Django 5.2.19: a row is not found by the time that was read from it, if the database
# made that time.
#
# Guessed:  what a DateTime column gives is what it takes: WHERE created = (the created of that row) finds it, and pages of a list go on
#           after the last row of the page before.
# Happens:  both write a time as text with six digits after the second. server_default=func.now() writes none of them, and Django's
#           db_default=Now() and update(c=Now()) three. Read back it is the same time; as text "10:00:00" is less than "10:00:00.000000"
#           and not equal to it. So a row whose time was made by the database is always before its own time.
# Seen:     2026-11-30: SQLAlchemy, 5 rows of one second: "found by its own time: 0", "since its own time: 0", "UPDATE where it is
#           unchanged: 0 rows", pages of 2, newest first, "5 4 5 4 5 4 5 4" for ever, oldest first "1 2" and the end. Django: "found by
#           its own time: 0", "since: 0". With datetime.now() as the default of Python: found, "5 4 3 2 1".
# Matters:  a sync by "changed since" leaves rows out, a check that nobody has changed the row always fails, a paged export ends early or
#           never. Tests with one row a second and no equal times pass. Let Python make the times (default=, auto_now), or let SQLite
#           make them as they are written: strftime('%Y-%m-%d %H:%M:%f000', 'now').
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
{ python3 -m venv v && v/bin/pip -q install sqlalchemy==2.1.9 django==5.2.19; } >/dev/null 2>&1 || {
	echo "cannot be had here: one of the packages"
	exit 77
}

cat >alchemy.py <<'END'
import datetime
from sqlalchemy import create_engine, func, select, text, tuple_, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

class Base(DeclarativeBase):
    pass

class ByDatabase(Base):
    __tablename__ = "by_database"
    id: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int]
    created: Mapped[datetime.datetime] = mapped_column(server_default=func.now())

class ByPython(Base):
    __tablename__ = "by_python"
    id: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int]
    created: Mapped[datetime.datetime] = mapped_column(default=lambda: datetime.datetime(2026, 11, 30, 10, 0, 0))

class AsWritten(Base):
    __tablename__ = "as_written"
    id: Mapped[int] = mapped_column(primary_key=True)
    n: Mapped[int]
    created: Mapped[datetime.datetime] = mapped_column(server_default=text("(strftime('%Y-%m-%d %H:%M:%f000', 'now'))"))

def pages(db, post, newest_first):
    order = (post.created.desc(), post.id.desc()) if newest_first else (post.created, post.id)
    found, after = [], None
    for _ in range(4):
        query = select(post).order_by(*order).limit(2)
        if after is not None:
            here, last = tuple_(post.created, post.id), tuple_(after.created, after.id)
            query = query.where(here < last if newest_first else here > last)
        page = db.scalars(query).all()
        if not page:
            break
        found += [str(row.id) for row in page]
        after = page[-1]
    return " ".join(found)

engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
with Session(engine) as db:
    for post in (ByDatabase, ByPython, AsWritten):
        db.add_all([post(n=n) for n in range(5)])
        db.commit()
        if post is ByDatabase:  # Rows of one second: their INSERT may have met the end of one.
            db.execute(update(post).values(created=text("(SELECT max(created) FROM by_database)")))
            db.commit()
        row = db.scalars(select(post).where(post.id == 1)).one()
        count = select(func.count()).select_from(post).where(post.id == 1)
        print(f"SQLAlchemy, {post.__tablename__}")
        print("  found by its own time:", db.scalar(count.where(post.created == row.created)))
        print("  since its own time:", db.scalar(count.where(post.created >= row.created)))
        changed = db.execute(update(post).where(post.id == 1, post.created == row.created).values(n=7)).rowcount
        print(f"  UPDATE where it is unchanged: {changed} rows")
        print("  pages, newest first:", pages(db, post, True))
        print("  pages, oldest first:", pages(db, post, False))
END
cat >django_look.py <<'END'
import django
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}, USE_TZ=True)
django.setup()
from django.db import connection, models
from django.db.models.functions import Now

class Post(models.Model):
    by_database = models.DateTimeField(db_default=Now())
    by_python = models.DateTimeField(auto_now_add=True)
    class Meta:
        app_label = "look"

with connection.schema_editor() as editor:
    editor.create_model(Post)
post = Post.objects.create()
for _ in range(2):
    post.refresh_from_db()
    for name in ("by_database", "by_python"):
        own = getattr(post, name)
        print(f"  {name}: found by its own time: {Post.objects.filter(**{name: own}).count()},",
              f"since: {Post.objects.filter(**{name + '__gte': own}).count()}")
    Post.objects.update(by_database=Now())
END
{
	v/bin/python alchemy.py
	echo "Django"
	v/bin/python django_look.py
} | tee seen
cat >stated <<'END'
SQLAlchemy, by_database
  found by its own time: 0
  since its own time: 0
  UPDATE where it is unchanged: 0 rows
  pages, newest first: 5 4 5 4 5 4 5 4
  pages, oldest first: 1 2
SQLAlchemy, by_python
  found by its own time: 1
  since its own time: 1
  UPDATE where it is unchanged: 1 rows
  pages, newest first: 5 4 3 2 1
  pages, oldest first: 1 2 3 4 5
SQLAlchemy, as_written
  found by its own time: 1
  since its own time: 1
  UPDATE where it is unchanged: 1 rows
  pages, newest first: 5 4 3 2 1
  pages, oldest first: 1 2 3 4 5
Django
  by_database: found by its own time: 0, since: 0
  by_python: found by its own time: 1, since: 1
  by_database: found by its own time: 0, since: 0
  by_python: found by its own time: 1, since: 1
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
