#!/bin/bash
# postgres.sh LIBRARY CONTENTION OUTPUT [OPTION...] - the demo's shop and a bare transaction, on PostgreSQL and on SQLite with the library.
#
# Makes the virtual environment and the site once, in OUTPUT; postgres.py measures, with those OPTIONs, and writes OUTPUT/postgres.md. The
# cluster that Debian's package makes and starts where it is installed is not used, nor stopped.
set -eu

library=$(realpath "$1") contention=$(realpath "$2")
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$3/postgres"
output=$(realpath "$3")
shift 3
cd "$output/postgres"
unset LD_PRELOAD DJANGO_SETTINGS_MODULE PYTHONPATH "${!SQLPROD@}" "${!PG@}"
export PYTHONDONTWRITEBYTECODE=1

# shellcheck source=tests/bench/shop_site.bash
. "$here/shop_site.bash"
shop_site 'django, gunicorn, psycopg' Django gunicorn 'psycopg[binary]'
# Both keep their connections. PostgreSQL where BENCH_SOCKET names its socket's folder, else the SQLite of startproject.
cat >>site_of_shop/settings.py <<-'END_OF_SETTINGS'

	import os
	DEBUG = False
	ALLOWED_HOSTS = ['127.0.0.1']
	DATABASES['default']['NAME'] = os.environ.get('BENCH_DATABASE', 'db.sqlite3')
	DATABASES['default']['CONN_MAX_AGE'] = None
	if 'BENCH_SOCKET' in os.environ:
	    DATABASES['default'].update(ENGINE='django.db.backends.postgresql', NAME='bench', USER='bench', HOST=os.environ['BENCH_SOCKET'])
END_OF_SETTINGS
../venv/bin/python manage.py makemigrations --verbosity 0 shop
exec ../venv/bin/python -B "$here/postgres.py" "$library" "$contention" "$output" "$@"
