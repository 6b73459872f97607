# mend.awk - what mends a setting that is not as the recipe wants it. For report.awk beside it.
#
# mend(NAME, STATE, REASON, WANTED) is a step for the operator, "by the program's own wish …", or "" where there is nothing to mend.
# Reasons are those of shim/policy and shim/connection/outcome.c.

BEGIN {
	# a regular expression of the reason, then the step
	mend_add("SQLPROD_(SKIP_)?(DATABASES|PROGRAMS)", "by the operator: change that variable")
	mend_add("^the database is read-only", "let a user who may write file and folder open it once, or give this one the right")
	mend_add("was busy|switch could wait", "the next opening tries again; if it stays so, sqlprod locks names the process that has it open")
	mend_add("shared filesystem", "move the database to a local disk; SQLPROD_JOURNAL_MODE=keep and SQLPROD_MMAP_SIZE=0 take this row off the list")
	mend_add("^read-only on overlayfs", "put the database on a volume instead of the image's layer")
	mend_add("disk is (nearly )?full", "free space on its filesystem, and start the program again")
	mend_add("RLIMIT_FSIZE", "raise the limit: ulimit -f unlimited, or LimitFSIZE=infinity in the unit")
	mend_add("several names", "remove the other names (find DIR -samefile FILE), and start the program again")
	mend_add("mount of its own", "mount the folder that the file is in, not the file")
	mend_add("copy of SQLite", "have the process open the database with one copy of SQLite only")
	mend_add("a VFS of its own", "by the program's own wish: it opens the file by that VFS; SQLPROD_JOURNAL_MODE=wal has it in WAL mode if nobody moves the file")
	mend_add("nolock=1", "by the program's own wish: it opens the file with nolock=1")
	mend_add("locks exclusively|busy handler of its own|hook of its own|trace callback|sets a rollback journal|hard_heap_limit", "by the program's own wish")
	mend_add("^this SQLite was built without|has no shared memory|sqlite3_db_filename|encrypts, and maps|VFS is not its own", "use another build of SQLite")
	mend_add("built without extension loading", "have the program use the system's libsqlite3")
	mend_add("^before SQLite 3.15", "use SQLite 3.15 or later; or SQLPROD_FOREIGN_KEYS=on, once sqlprod check FILE finds no orphans")
	mend_add("cannot be kept from deleting rows", "SQLPROD_FOREIGN_KEYS=on, once sqlprod check FILE finds no orphans; or PRAGMA foreign_keys=ON in the program")
	mend_add("^only with WAL", "see journal_mode")
	mend_add("cannot be (opened|used)|could not be opened", "check owner and mode of the folder and of -wal and -shm")
	mend_add("encrypted", "have the program give the key before its first statement, if the file is encrypted")
	mend_add("damaged", "sqlprod check --integrity FILE; then sqlprod restore a backup")
	mend_add("^Litestream replicates", "by the recipe itself: docs/scaling.md")
	mend_add("input/output error", "see the kernel's log for the disk, and sqlprod check --integrity FILE")
	mend_add("out of sight", "preload the library from the start of the program, not by dlopen()")
	mend_add("memory", "raise the memory limit of the process")
}

function mend_add(pattern, step) {
	mend_pattern[++mend_count] = pattern
	mend_step[mend_count] = step
}

function mend_of_reason(reason, i) {
	for (i = 1; i <= mend_count; i++)
		if (reason ~ mend_pattern[i])
			return mend_step[i]
	return ""
}

function mend(name, state, reason, wanted, step, variable) {
	if (state != "failed" && state != "program")
		return ""
	variable = "SQLPROD_" toupper(name)
	step = mend_of_reason(reason)
	if (step != "")
		return step
	if (state == "program")
		return "by the program's own wish; " variable "=" wanted " overrides it, " variable "=keep accepts it"
	return variable "=keep accepts it; see docs/troubleshooting.md"
}
