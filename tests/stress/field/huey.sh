# huey: a consumer of three processes, two that put tasks in.
cat >app.py <<'Q'
from huey import SqliteHuey
huey = SqliteHuey(filename='huey.db')
@huey.task()
def add(a, b):
    with open('ran', 'a') as f: f.write("x\n")
    return a + b
Q
cat >put.py <<'Q'
from app import add
results = [add(i, i) for i in range(60)]
print(sum(r.get(blocking=True, timeout=60) for r in results))
Q
export PYTHONDONTWRITEBYTECODE=1
setsid $with huey_consumer app.huey -w 3 -k process -q >/dev/null 2>&1 &
consumer=$!
$with python put.py &
other=$!
$with python put.py
wait $other
kill -INT -- -$consumer
wait $consumer
wc -l <ran
sqlite3 huey.db 'SELECT count(*) FROM task'
rm ran
