# persist-queue and litequeue: four that put, three that take.
cat >q.py <<'Q'
import multiprocessing, time
import litequeue, persistqueue
def put(n):
    one, two = persistqueue.FIFOSQLiteQueue('pq', auto_commit=True, multithreading=True), litequeue.LiteQueue('lq.db')
    for i in range(30):
        one.put((n, i))
        two.put(f'{n}-{i}')
def take(out):
    queue, taken, missed = litequeue.LiteQueue('lq.db'), 0, 0
    while missed < 20:
        message = queue.pop()
        if message is None:
            missed += 1
            time.sleep(0.02)
        else:
            queue.done(message.message_id)
            taken += 1
    out.put(taken)
if __name__ == '__main__':
    persistqueue.FIFOSQLiteQueue('pq', auto_commit=True)
    litequeue.LiteQueue('lq.db')
    out = multiprocessing.Queue()
    for work in ([multiprocessing.Process(target=put, args=(n,)) for n in range(4)], [multiprocessing.Process(target=take, args=(out,)) for n in range(3)]):
        for p in work: p.start()
        if work[0]._target is take: print(sum(out.get(timeout=60) for p in work))
        for p in work: p.join()
        print([p.exitcode for p in work])
    print(persistqueue.FIFOSQLiteQueue('pq', auto_commit=True).size)
Q
$with python q.py
