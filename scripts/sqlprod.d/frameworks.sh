# frameworks.sh - what drivers and frameworks want beside the recipe, as far as their traces show which they are.
#
# Looks at the command's words, the libraries that its connections were in, and names of files below the working folder.
# shellcheck shell=sh

# advise_driver LIBRARY - the object that a connection's SQLite was in.
advise_driver() {
	case $1 in
		*/node_modules/sqlite3/*) record advisory "npm sqlite3 runs calls in parallel on one connection: put a transaction's statements into db.serialize(), and use one connection for each transaction; the library's BEGIN needs no setting" ;;
		*sqlitejdbc*)
			record advisory "Xerial JDBC begins at setAutoCommit(false), so that an idle connection is in a transaction: SQLPROD_BEGIN=reserve"
			;;
	esac
}

# advise_frameworks COMMAND... - of the command's words and the working folder.
advise_frameworks() (
	case " $* " in
		*rails* | *puma* | *ruby* | *bundle* | *rake* | *sidekiq*) advise_rails ;;
	esac
	case ${1##*/} in
		java | gradle* | mvn* | *.jar) advise_java "$@" ;;
	esac
	advise_litestream
)

advise_rails() {
	version=$(sed -n 's/^    rails (\([0-9.]*\)).*/\1/p' Gemfile.lock 2>/dev/null | sed -n 1p)
	case $version in
		[1-7].*) record advisory "Rails $version begins DEFERRED: with the library its transactions reserve and do not fail, nothing is to be set; Rails 8 begins IMMEDIATE by itself" ;;
	esac
}

# Names in a jar's directory are not compressed.
advise_java() {
	hikari=false hibernate=false
	case $* in
		*HikariCP*) hikari=true ;;
	esac
	case $* in
		*hibernate*) hibernate=true ;;
	esac
	for jar in ./*.jar lib/*.jar target/*.jar build/libs/*.jar; do
		[ -f "$jar" ] || continue
		case $jar in
			*HikariCP*) hikari=true ;;
			*hibernate*) hibernate=true ;;
		esac
		! grep -aq 'HikariCP-[0-9]' "$jar" || hikari=true
		! grep -aq 'hibernate-core-[0-9]' "$jar" || hibernate=true
	done
	! $hikari || record advisory "HikariCP keeps idle connections: with autoCommit=false each of them is in a transaction; SQLPROD_BEGIN=reserve, or autoCommit=true"
	! $hibernate || record advisory "Hibernate keeps a session's transaction open while the program works: SQLPROD_BEGIN=reserve, so that it keeps others from writing only once it writes"
}

# Litestream holds a read lock and checkpoints itself.
advise_litestream() {
	[ -f litestream.yml ] || [ -f /etc/litestream.yml ] || cat /proc/[0-9]*/comm 2>/dev/null | grep -qx litestream || return 0
	record advisory "Litestream runs here, or is set up: leave wal_autocheckpoint as it is; the recipe has journal_size_limit=0 beside its folder, so start the service once more after its first run; where the program sets the limit itself, SQLPROD_JOURNAL_SIZE_LIMIT=0"
}
