# django.sh - Django's own tests of what touches the database, on databases in files and in memory, in one process and in parallel.
# shellcheck shell=bash disable=SC2154 # home

django_version=5.2.19
django_areas=(aggregation annotations auth_tests backends basic bulk_create cache constraints contenttypes_tests custom_pk db_utils dbshell delete
	delete_regress expressions fixtures fixtures_regress force_insert_update get_or_create indexes inspectdb introspection lookup m2m_through
	many_to_many migrate_signals migration_test_data_persistence migrations model_fields multiple_database ordering prefetch_related queries
	raw_query schema select_for_update serializers servers sessions_tests test_client test_runner test_utils transaction_hooks
	transactions update)

fetch() {
	"$here/../../scripts/install-packages" demo
	once source python_with_sdist "django==$django_version" jinja2 tblib
}

version() {
	venv/bin/python -c 'import django, sqlite3; print("Django", django.__version__ + ", SQLite", sqlite3.sqlite_version)'
}

# areas NAME PROCESSES AREA... - the outcomes, with NAME in front, but for the one of a test that only compares times, of reading XML.
areas() {
	local name=$1 processes=$2
	shift 2
	rm -f results
	PYTHONPATH=$here:$here/cpython DJANGO_RESULTS=$PWD/results victim "$home/venv/bin/python" -Bb "$home/source/tests/runtests.py" --settings=django_settings \
		--noinput --parallel="$processes" "$@" || true
	sed -E "/\.test_crafted_xml_performance\$/d; s/ /&$name: /" results
}

run() {
	areas "in memory" 1 "${django_areas[@]}"
	areas "in memory, parallel" 2 queries transactions bulk_create get_or_create
	mkdir files
	export DJANGO_FILES=$PWD/files
	areas "in files" 1 "${django_areas[@]}"
	# each process gets a copy of the database file, made by the process that has it open
	areas "in files, parallel" 2 queries transactions bulk_create get_or_create
}
