# diskcache: five processes; its databases are in WAL mode by its own choice.
cat >t.py <<'Q'
import diskcache, multiprocessing
def work(n):
    cache, deque, index = diskcache.Cache('cache'), diskcache.Deque(directory='deque'), diskcache.Index('index')
    for i in range(40):
        cache.set(f'{n}-{i}', 'v' * (i * 700))
        cache.incr('count')
        deque.append(n * 1000 + i)
        with index.transact():
            index['k'] = index.get('k', 0) + 1
if __name__ == '__main__':
    processes = [multiprocessing.Process(target=work, args=(n,)) for n in range(5)]
    for p in processes: p.start()
    for p in processes: p.join()
    cache = diskcache.Cache('cache')
    print([p.exitcode for p in processes], cache['count'], len(cache), cache.check(), len(diskcache.Deque(directory='deque')), diskcache.Index('index')['k'])
Q
$with python t.py
rm -rf cache/??
