"""What every Python program here does with its framework's own transaction; play.py has the scenes.

A program defines transact(change): one transaction, in the framework's ordinary way, that reads the number, calls change(number) and
writes what that returns, unless it is None. Exceptions go through.

A transaction that has not ended after STUCK seconds has failed, and so have those after it: where a COMMIT was refused, and is again as
the next transaction begins, Tortoise 1.1.9 keeps its lock, and all later ones wait for that."""

import asyncio
import inspect
import sys
import time

STUCK = 30


async def play(transact):
    async def once(change, limit=None):
        result = transact(change)
        return await asyncio.wait_for(result, limit) if inspect.isawaitable(result) else result

    scene, count = sys.argv[2], int(sys.argv[3])
    print("ready", flush=True)
    sys.stdin.readline()
    if scene == "stay":
        for turn in range(count):
            if turn:
                sys.stdin.readline()
            await once(stay)
            print("ended", flush=True)
        return
    done = failed = first = 0
    for turn in range(count):
        try:
            await once(one_more, STUCK)
            done += 1
        except asyncio.TimeoutError:
            failed += count - turn
            first += turn == 0
            print(f"not at its end after {STUCK} s", file=sys.stderr)
            break
        except Exception as error:
            failed += 1
            first += turn == 0
            if failed == 1:
                print(repr(error)[:200], file=sys.stderr)
    print("done", done, "failed", failed, "first", first, flush=True)


def one_more(number):
    time.sleep(0.005)
    return number + 1


def stay(_):
    print("held", flush=True)
    sys.stdin.readline()


def run(transact):
    asyncio.run(play(transact))
