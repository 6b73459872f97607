# Tryton: a database made by its own tool, three that add records at once, one that updates all modules.
printf '[database]\nuri = sqlite://\npath = %s\n' "$PWD" >t.conf
echo secret >pw
: >work.sqlite
export TRYTONPASSFILE=$PWD/pw PYTHONDONTWRITEBYTECODE=1
$with trytond-admin -c t.conf -d work --all --email a@example.org
cat >t.py <<'P'
import sys
from trytond.config import config
config.update_etc("t.conf")
from trytond.pool import Pool
from trytond.transaction import Transaction
Pool.start()
pool = Pool("work")
pool.init()
if len(sys.argv) > 1:
    for i in range(5):
        with Transaction().start("work", 1):
            pool.get("res.group").create([{"name": "group %s %d" % (sys.argv[1], i)}])
else:
    with Transaction().start("work", 1, readonly=True):
        print(pool.get("res.group").search([("name", "like", "group %")], count=True))
P
for i in 1 2 3; do $with python -W ignore t.py $i || echo "failed: $i"; done
for i in 4 5 6; do $with python -W ignore t.py $i 2>/dev/null || echo "failed: $i" & done
wait
$with python -W ignore t.py
$with trytond-admin -c t.conf -d work -u ir res
$with python -W ignore t.py
