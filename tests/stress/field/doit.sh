# doit, its state in SQLite, by processes and by threads.
cat >dodo.py <<'Q'
DOIT_CONFIG = {'backend': 'sqlite3', 'dep_file': '.doit.sqlite'}
def task_a():
    for i in range(9):
        yield {'name': str(i), 'actions': [f'echo {i} >o{i}'], 'targets': [f'o{i}'], 'file_dep': ['dodo.py']}
Q
export PYTHONDONTWRITEBYTECODE=1
$with doit -n 4 | sort
$with doit | sort
$with doit forget a:1
$with doit -n 3 -P thread | sort
