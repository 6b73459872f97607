# Tcl's sqlite3 package: BEGIN by eval; with "transaction" as argument 2 its own transaction method, which sends SAVEPOINT.
package require sqlite3

proc read_wait_show {} {
	db eval {SELECT count(*) FROM t}
	puts ready
	flush stdout
	gets stdin
	foreach name {journal_mode synchronous busy_timeout foreign_keys temp_store mmap_size journal_size_limit cache_size} {
		puts "$name=[db onecolumn "PRAGMA $name"]"
	}
	puts "sqlite=[db onecolumn {SELECT sqlite_version()}]"
	puts "version=[package present sqlite3]"
}

sqlite3 db [lindex $argv 0]
db eval {CREATE TABLE IF NOT EXISTS t(a)}
if {[lindex $argv 1] eq "transaction"} {
	db transaction {read_wait_show}
} else {
	db eval {BEGIN}
	read_wait_show
	db eval {COMMIT}
}
db close
