# RelStorage: ZODB in SQLite, whose second file of object numbers has journal_mode=off; four processes count up, resolve conflicts and add, one packs beside them.
cat >z.conf <<C
%import relstorage
<zodb main>
 <relstorage>
  blob-dir $PWD/blobs
  keep-history false
  <sqlite3>
   data-dir $PWD/data
  </sqlite3>
 </relstorage>
</zodb>
C
cat >w.py <<'P'
import sys, transaction, ZODB.config, ZODB.POSException, time
from persistent.mapping import PersistentMapping
db = ZODB.config.databaseFromURL('z.conf')
bad = {}
def run(f):
    for n in range(400):
        try:
            transaction.begin()
            with db.transaction() as c: f(c.root())
            return
        except ZODB.POSException.ConflictError: pass
        except Exception as e:
            bad[type(e).__name__ + ': ' + str(e)[:60]] = bad.get(type(e).__name__ + ': ' + str(e)[:60], 0) + 1
            if n > 390: return
            time.sleep(0.05)
if sys.argv[1] == 'init':
    def f(r): r['n'] = 0; r['m'] = PersistentMapping()
    run(f)
elif sys.argv[1] == 'pack':
    for i in range(3): db.pack(); time.sleep(0.5)
elif sys.argv[1] == 'show':
    c = db.open(); print(c.root()['n'], len(c.root()['m']))
else:
    for i in range(30):
        def f(r):
            r['n'] += 1; r['m'][sys.argv[1] + str(i)] = PersistentMapping({'x': 'y' * 2000})
        run(f)
print(bad) if bad else 0
db.close()
P
$with python w.py init
for i in 1 2 3 4; do $with python w.py $i & p="$p $!"; done
sleep 1; $with python w.py pack
wait
$with python w.py show
rm -rf blobs log
