"""SQLAlchemy's Session. By default its driver begins no transaction before the first change; with "listeners" in TRANSACTIONS, BEGIN is
sent by the two event listeners that SQLAlchemy's manual gives for SQLite."""

import sys

from sqlalchemy import Column, Integer, create_engine
from sqlalchemy.orm import Session, declarative_base

from sqlalchemy_listeners import listen_if_wanted
from transact import run

engine = create_engine(f"sqlite:///{sys.argv[1]}")
Base = declarative_base()


class Counter(Base):
    __tablename__ = "counter"
    id = Column(Integer, primary_key=True)
    n = Column(Integer)


listen_if_wanted(engine)


def transact(change):
    with Session(engine) as session, session.begin():
        counter = session.get(Counter, 1)
        number = change(counter.n)
        if number is not None:
            counter.n = number


run(transact)
