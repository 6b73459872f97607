# Programs of the field: each does an ordinary piece of work without the library and with it. What they print, their files, modes, owners
# and rows must be the same. The work is in field/NAME.sh, run in an empty folder that all may read and only root may write, with
#
#   $with       before each program under test: puts the library into it, or nothing
#   $nobody     another user, who may only read
#
# A script prints what must be the same, exits 0, and leaves databases whose rows may be compared by number.
load ../harness/harness

work=$root/tests/stress/field
PATH=$build/field/venv/bin:$PATH

# What lies in the folder: of a database also its health and the number of its rows. In WAL mode -wal and -shm may stay for readers, but
# never without their database, and never with anything in the -wal.
state() {
	local file
	while read -r file; do
		case $file in
			*-wal) [[ -e ${file%-wal} && ! -s $file ]] || echo "left: $file" ;;
			*-shm) [[ -e ${file%-shm} ]] || echo "left: $file" ;;
			*)
				stat -c '%n %a %U:%G' "$file"
				[[ $(head -c 15 "$file" | tr -d '\0') != 'SQLite format 3' ]] || rows "$file"
				;;
		esac
	done < <(find . -type f ! -name '*.pyc' | sort)
}

# Not of statistics: which tables PRAGMA optimize counts depends on what was compiled before, and foreign keys by recipe compile more.
rows() {
	local table
	# a schema may name a collation or a function of the program's own
	sqlite3 -readonly -init /dev/null "$1" 'PRAGMA integrity_check; PRAGMA foreign_key_check' || echo 'not to be checked by others'
	sqlite3 -readonly -init /dev/null "$1" "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' AND name NOT LIKE 'sqlite_stat%' ORDER BY 1" |
		while read -r table; do
			echo "$table: $(sqlite3 -readonly -init /dev/null "$1" "SELECT count(*) FROM \"$table\"")"
		done
}

# does NAME without|with - its state is in NAME.state, what it printed in NAME.out and NAME.err, whether a file is in WAL mode in NAME.wal.
does() {
	local with='' nobody=$root/tests/harness/as-nobody folder=$scratch/field
	[[ $2 == without ]] || with="env LD_PRELOAD=$preload"
	chmod 755 "$scratch"
	rm -rf "$folder"
	mkdir -m 755 "$folder"
	(
		cd "$folder" || exit
		umask 022
		status=0
		with=$with nobody=$nobody timeout --kill-after=5 600 bash "$work/$1.sh" >"$scratch/$2.out" 2>"$scratch/$2.err" </dev/null || status=$?
		echo "status $status" >>"$scratch/$2.out"
		find . -type f -size +99c -exec sh -c 'test "$(head -c 19 "$1" | tail -c 1 | od -An -tu1)" -eq 2 && head -c 6 "$1" | grep -q SQLite' - {} \; \
			-print >"$scratch/$2.wal"
		state >"$scratch/$2.state"
	)
	printf '%s, %s the library:\n' "$1" "$2"
	sed 's/^/  /' "$scratch/$2.out" "$scratch/$2.err" "$scratch/$2.state"
}

needs() {
	local command
	[[ $(id -u) == 0 ]] || skip 'needs root, to become another user'
	for command; do
		command -v "$command" >/dev/null || skip "$command is not installed: it comes with a daemon"
	done
}

# same NAME [wal] - what is done without and with the library is the same; wal: with it a database of this program is in WAL mode, and
# without it none.
same() {
	does "$1" without
	does "$1" with
	diff "$scratch/without.out" "$scratch/with.out"
	diff "$scratch/without.state" "$scratch/with.state"
	diff <(errors without) <(errors with)
	[[ ${2-} != wal ]] || is_changed
}

is_changed() {
	[[ ! -s $scratch/without.wal && -s $scratch/with.wal ]]
}

# Without what names a process, a time or a key. The library's own warnings are none of the program's errors.
errors() {
	sed -E '/^sqlprod: /d; s/[0-9A-F]{16,40}//g; s/[0-9]{2,}//g' "$scratch/$1.err" | sort
}

# complete NAME [wal] - for a program that fails without the library when several run at once: with it nothing is missing.
complete() {
	does "$1" without
	does "$1" with
	! grep 'not registered\|failed\|not learnt' "$scratch/with.out"
	grep -qx 'status 0' "$scratch/with.out"
	! grep '^left:' "$scratch/with.state"
	[[ ${2-} != wal ]] || is_changed
}

@test "certutil's keys and certificates are the same, also for another user and in a copy" {
	needs
	same certutil wal
}

@test "rpm's own database serves another user, is rebuilt, exported and imported the same" {
	needs
	same rpm
}

@test "GDAL writes GeoPackage, SpatiaLite and MBTiles the same, and another user reads them" {
	needs
	same geodata wal
}

@test "PROJ reads its database in a folder that it may not write, and leaves nothing there" {
	needs
	same proj
}

@test "SpatiaLite's tables and triggers are the same" {
	needs
	same spatialite wal
}

@test "bogofilter learns the same from several at once" {
	needs
	same bogofilter wal
}

@test "GnuPG's tofu.db counts the same" {
	needs
	same gnupg wal
}

@test "vnstat reads beside its daemon, also as another user" {
	needs
	same vnstat
}

@test "sqldiff finds the same differences, and sqlite3_analyzer reads what the library wrote" {
	needs
	same sqldiff wal
}

@test "Subversion commits, copies and moves the same" {
	needs
	same subversion
}

@test "coverage.py combines and deletes the files of parallel processes" {
	needs
	same coverage
}

@test "diskcache, in WAL mode by itself, loses nothing by five processes" {
	needs
	same diskcache
}

@test "huey gives each task to one consumer" {
	needs
	same huey
}

@test "sqlite-utils transforms the same, and turns WAL on and off" {
	needs
	same sqlite_utils
}

@test "Datasette serves the same, also beside a writer and to another user" {
	needs
	same datasette wal
}

@test "command-not-found makes its database anew and moves it over the old one, and another user asks it" {
	needs
	same command_not_found wal
}

@test "Alembic's batch migrations delete no child" {
	needs
	same alembic wal
}

@test "IPython's history is trimmed the same, read by another user, and leaves nothing by its first name" {
	needs
	same ipython wal
}

@test "persist-queue and litequeue give out each message once" {
	needs
	same queues
}

@test "doit keeps its state the same" {
	needs
	same doit wal
}

@test "MiniDLNA scans the same" {
	needs minidlnad
	same minidlna
}

@test "Postfix's map answers the same beside a writer, and to another user" {
	needs postmap
	same postmap wal
}

@test "Prosody registers all of six accounts at once" {
	needs prosodyctl
	complete prosody wal
	[[ $(grep -cx 'u[0-6]' "$scratch/with.out") == 7 ]]
}

@test "pdnsutil adds all of five records at once" {
	needs pdnsutil
	complete pdnsutil
	[[ $(grep -c '^h.*|A$' "$scratch/with.out") == 5 ]]
}

@test "fail2ban keeps the bans of ten clients at once over a restart" {
	needs
	same fail2ban
}

@test "calibre adds by several at once, changes, exports and checks the same" {
	needs
	same calibre wal
}

@test "Tracker's store takes three writers over D-Bus, and finds the same" {
	needs
	same tracker
}

@test "Anki, with a SQLite of its own, studies, packs and unpacks the same" {
	needs
	same anki
}

@test "Optuna's four processes make each trial once" {
	needs
	same optuna wal
}

@test "Tryton makes its database, and loses no group by three processes at once" {
	needs
	same trytond
}

@test "MPD's stickers by five clients are the same, also after a restart and to another user" {
	needs mpd
	same mpd wal
}

@test "Dovecot's passwords and users are found beside a writer" {
	needs doveadm
	same dovecot wal
}

@test "Mumble's server, which becomes another user, makes the same in each journal mode of its own" {
	needs murmurd
	same mumble
}

@test "colord keeps devices, profiles and defaults the same, and another user asks" {
	needs /usr/libexec/colord
	same colord wal
}

@test "PackageKit lists the same transactions after a restart, to another user too" {
	needs pkcon
	same packagekit wal
}

@test "Bacula's catalogue is the same after eight backups by four jobs at once, and so is what it restores" {
	needs bacula-dir bacula-fd bacula-sd bconsole
	same bacula wal
}

@test "Quassel's core logs each of 120 lines that three sessions hear at once" {
	needs quasselcore
	complete quassel wal
	[[ $(grep -cx '[abk].*|40' "$scratch/with.out") == 3 ]]
}

@test "fwupd's history and blocked firmware are the same after a restart, to another user too" {
	needs /usr/libexec/fwupd/fwupd
	same fwupd wal
}

@test "Akonadi makes, checks and serves its store the same" {
	needs akonadictl gdbus
	same akonadi
}

@test "Zabbix' proxy registers the same hosts by several processes, and another user reads them" {
	needs zabbix_proxy
	same zabbix wal
}

@test "RelStorage's four processes count and add the same, and one packs beside them" {
	needs
	same relstorage
}

@test "MediaWiki is edited by six at once the same, and its jobs are all done" {
	needs php
	[[ -d /usr/share/mediawiki/maintenance ]] || skip 'mediawiki is not installed'
	same mediawiki
}
