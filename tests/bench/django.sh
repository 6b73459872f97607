#!/bin/bash
# django.sh LIBRARY OUTPUT [SECONDS] - a real Django behind 16 gunicorn workers: without the library, with SQLite's own wait, with ours.
#
# The site is the demo's shop on Django's untouched defaults. 32 customers buy without pause. Prints a Markdown table and writes it to
# OUTPUT/django.md; the virtual environment stays in OUTPUT for the next run.
set -eu

library=$(realpath "$1")
seconds=${3:-10}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$2"
cd "$2"
unset LD_PRELOAD DJANGO_SETTINGS_MODULE PYTHONPATH "${!SQLPROD@}"
export PYTHONDONTWRITEBYTECODE=1

# shellcheck source=tests/bench/shop_site.bash
. "$here/shop_site.bash"
shop_site 'django, gunicorn' Django gunicorn
../venv/bin/python manage.py makemigrations --verbosity 0 shop
{
	echo '| 16 gunicorn workers, 32 customers | requests/s | answered 500 | p50 ms | p99 ms | longest ms | lost updates |'
	echo '|---|---|---|---|---|---|---|'
	../venv/bin/python "$here/django_load.py" "$seconds" 'without'
	../venv/bin/python "$here/django_load.py" "$seconds" 'shim, stock wait' "LD_PRELOAD=$library" SQLPROD_BUSY_WAIT=sqlite
	../venv/bin/python "$here/django_load.py" "$seconds" 'shim, fair wait' "LD_PRELOAD=$library"
} | tee ../django.md
