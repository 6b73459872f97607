# coverage.py: eight files of parallel processes, combined and deleted.
mkdir pkg
: >pkg/__init__.py
for i in 1 2 3; do printf 'def f(x):\n    if x > %s:\n        return 1\n    return 0\n' $i >pkg/m$i.py; done
cat >t.py <<'Q'
import multiprocessing
from pkg import m1, m2, m3
def work(n): return m1.f(n) + m2.f(n) + m3.f(n)
if __name__ == '__main__':
    pool = multiprocessing.Pool(6)
    print(sum(pool.map(work, range(60), chunksize=1)))
    pool.close()
    pool.join()
Q
printf '[run]\nconcurrency=multiprocessing\nparallel=true\nsource=pkg\ndisable_warnings=no-data-collected\n' >.coveragerc
export PYTHONDONTWRITEBYTECODE=1
$with python t.py
$with coverage run t.py
$with coverage combine -q
$with coverage report
$with coverage run t.py
$with coverage combine -q -a
$with coverage report --format=total
