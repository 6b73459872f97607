"""FastAPI with SQLModel, as their manuals have it: one session for each request, closed with it; requests come by FastAPI's own test
client. The driver begins no transaction before the first change; with "listeners" in TRANSACTIONS, BEGIN is sent by the two event
listeners that SQLAlchemy's manual gives for SQLite."""

import sys

from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from sqlmodel import Field, Session, SQLModel, create_engine

from sqlalchemy_listeners import listen_if_wanted
from transact import run

engine = create_engine(f"sqlite:///{sys.argv[1]}", connect_args={"check_same_thread": False})
app = FastAPI()

listen_if_wanted(engine)


class Counter(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    n: int


def get_session():
    with Session(engine) as session:
        yield session


@app.post("/counter")
def raise_counter(session: Session = Depends(get_session)):
    counter = session.get(Counter, 1)
    number = app.state.change(counter.n)
    if number is not None:
        counter.n = number
        session.add(counter)
        session.commit()
    return {}


client = TestClient(app)


def transact(change):
    app.state.change = change
    client.post("/counter").raise_for_status()


run(transact)
