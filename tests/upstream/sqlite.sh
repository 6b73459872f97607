# sqlite.sh - SQLite's own tests of what the library changes: journals, WAL, transactions, locks, PRAGMAs, foreign keys, mmap, vacuum,
# backup, attached databases, hooks. Its test program has SQLite linked in: an embedded copy.
# shellcheck shell=bash disable=SC2154 # home

# Without those that take many minutes, or make malloc or the disk fail a thousand times.
sqlite_kinds='wal|trans|avtrans|lock|pragma|fkey|e_fkey|journal|jrnlmode|savepoint|attach|busy|vacuum|e_vacuum|tempdb|temptable|mmap|memdb|hook|backup|shared|autovacuum|incrvacuum|exclusive|unixexcl|nolock|readonly|rdonly|snapshot|trigger[1-4]|notify|interrupt|rollback|conflict|delete_db|dbstatus|e_wal|autoinc|insert|alter|schema|trace|unlock|uri|e_uri|blob|incrblob|serialize|superlock|checkpoint|cacheflush|corrupt[1-5]|multiplex|capi|pager|tkt|close|delete|sync|io|misc|symlink|thread|stmt'
sqlite_long='fault|slow|malloc|ioerr|big|crash|soak|thread00|quota|^quick|incrblob_err|savepoint[46]|e_walauto|shared_err'

get_sqlite() {
	"$here/debian-source" sqlite3 sid source
	(cd source && ./configure --enable-all --with-tcl=/usr/lib/tcl8.6 CFLAGS='-O1 -w' && make testfixture)
}

fetch() {
	"$here/../../scripts/install-packages" build suites_tcl
	once testfixture get_sqlite
}

version() {
	sed 's/^/SQLite /' source/VERSION
}

# The files' names, without .test: those that match ONLY, if it is set.
files() {
	local file
	for file in "$home/source/test/"*.test; do
		file=$(basename "$file" .test)
		[[ $file =~ ^($sqlite_kinds) && ! $file =~ $sqlite_long && (-z ${ONLY-} || $file =~ ^($ONLY)$) ]] || continue
		echo "$file"
	done
}

# A test says its name and Ok, or its name and what it expected; a file that ended before its end has failed. How often a loop goes round
# depends on what memory and time allow: its tests are one.
run_file() {
	victim "$home/source/testfixture" "$home/source/test/$1.test" || true
	LC_ALL=C sed -nE "s/^(.*)\.\.\. Ok\$/pass $1 \1/p; s/^! (.*) expected: .*/fail $1 \1/p" out |
		LC_ALL=C sed -E 's/((ioerr|oom|transient|persistent)[a-z-]*)[-.][0-9].*$/\1/; s/(trans-9\.[0-9]+\.[0-9]+)-[0-9]+$/\1/
			s/(interrupt-[0-9]+|misc7-12)\.[0-9.]+$/\1/'
	if grep -aq '^[0-9]* errors out of' out; then
		echo "pass $1"
	else
		echo "fail $1"
	fi
}

# Several files at a time, each in a folder of its own. What each said stays in WAY.said, to read why it ended differently. One thread
# often waits here for itself: with the recipe's timeout, for hours.
run() {
	local file
	mkdir -p "$home/$way.said"
	export SQLPROD_BUSY_TIMEOUT=10
	VICTIM_TIMEOUT=300
	for file in $(files); do
		while [[ $(jobs -rp | wc -l) -ge ${JOBS:-$(nproc)} ]]; do wait -n || true; done
		mkdir "$file"
		(cd "$file" && run_file "$file" >../"$file.outcomes" && cp out "$home/$way.said/$file") &
	done
	wait
	cat ./*.outcomes
}
