# top.awk - makes a frame of a sample of sqlprod top, or what is to be known at the next one. Needs units.awk beside it.
#
# Input: what was known (lines known_database, known_waits, known_process, known_time), then the sample. what: frame or state. width: of the terminal;
# seconds: between samples. A counter of -shm wraps at 2^32. Times are since the process was first seen with that lock, with no commit in between.

BEGIN {
	room = width - 50
	program_room = width > 80 ? width - 61 : 19
}

function put(text) {
	frame = frame substr(text, 1, width) "\n"
}

# At the end of a path lies what tells it from others.
function shortened(path, room) {
	return length(path) <= room ? path : "..." substr(path, length(path) - room + 4)
}

function rate(now, before, span) {
	if (before == "" || span <= 0)
		return "-"
	now -= before
	if (now < 0 && before > 4294900000)
		now += 4294967296
	# another file by that name
	return now < 0 ? "-" : sprintf("%.1f", now / span)
}

function age(key, what) {
	if (!(key in since) || state[key] != what) {
		since[key] = time
		state[key] = what
	}
	still[key] = 1
	return (time - since[key]) " s"
}

$1 == "known_time" {
	before_time = $2
	next
}

$1 == "known_database" {
	last_changes[$2] = $3
	last_backfill[$2] = $4
	last_salt[$2] = $5
	checkpoints[$2] = $6
	next
}

$1 == "known_waits" {
	last_waits[$2, $3] = $4
	next
}

$1 == "known_process" {
	since[$2] = $3
	state[$2] = $4
	next
}

$1 == "sample" {
	time = $2
	clock = $3
	next
}

$1 == "database" {
	put_database()
	database = $2
	processes += $4
	databases++
	of_processes = $4
	descriptors = $5
	mode = $3
	library = $6 "/" $4
	size = $7
	frames = $8
	backfill = $9
	changes = $10
	salt = $11
	waits = ""
	pending = 1
	next
}

# Of a process that was not there before nothing is known but what it has waited so far.
$1 == "waits" {
	if ((database, $2) in last_waits)
		waits += $3 - last_waits[database, $2]
	now_waits[database SUBSEP $2] = $3
	next
}

# The line of the last database, once its waits are known.
function put_database(span) {
	if (!pending)
		return
	pending = 0
	span = time - before_time
	# a checkpoint: more frames are in the database, or the -wal began anew
	if (database in last_salt && (salt != last_salt[database] || backfill > last_backfill[database]))
		checkpoints[database]++
	put_later(row(shortened(database, room), of_processes, descriptors, rate(changes, last_changes[database], span), \
		(waits != "" && span > 0 ? sprintf("%.1f", waits / span) : "-"), (database in last_salt ? checkpoints[database] + 0 : "-"), \
		(mode == "wal" ? size_shown(size) : mode), library))
	last_changes[database] = changes
	last_backfill[database] = backfill
	last_salt[database] = salt
}

function row(path, processes, descriptors, transactions, waits, checkpoints, wal, library) {
	return sprintf("%-" room "s %4s %5s %7s %7s %5s %9s %6s", path, processes, descriptors, transactions, waits, checkpoints, wal, library)
}

function put_later(text) {
	body = body substr(text, 1, width) "\n"
}

$1 == "process" {
	put_database()
	n = split($6, lock, ",")
	words = ""
	missed = 0
	for (i = 1; i <= n; i++) {
		if (lock[i] ~ /^read:[0-9]/ && frames - substr(lock[i], 6) > missed)
			missed = frames - substr(lock[i], 6)
		sub(/:.*/, "", lock[i])
		if (lock[i] != "none" && index(" " words " ", " " lock[i] " ") == 0)
			words = words (words == "" ? "" : " ") lock[i]
	}
	# who has it all has come through these
	if (words ~ /exclusive/)
		gsub(/(pending|reserved) /, "", words)
	if ($7 == "yes")
		words = "waits" (words == "" ? "" : " " words)
	put_later(sprintf("  %-16s %7s %-" program_room "s %-8s %6s", words, $2, shortened($4, program_room), shortened($3, 8), \
		age(database SUBSEP $2, words SUBSEP (words ~ /write|waits|reserved|exclusive/ ? changes : ""))) (missed > 0 && words !~ /write/ ? "  pins " missed " frames" : ""))
	next
}

function put_state(key, part) {
	printf "known_time\t%d\n", time
	for (key in last_salt)
		printf "known_database\t%s\t%s\t%s\t%s\t%d\n", key, last_changes[key], last_backfill[key], last_salt[key], checkpoints[key]
	for (key in now_waits) {
		split(key, part, SUBSEP)
		printf "known_waits\t%s\t%s\t%s\n", part[1], part[2], now_waits[key]
	}
	for (key in still)
		printf "known_process\t%s\t%s\t%s\n", key, since[key], state[key]
}

$1 == "end" { put_database() }

$1 == "end" && what == "state" { put_state() }

$1 == "end" && what == "frame" {
	put(sprintf("sqlprod top  %s  databases: %d, processes: %d, every %d s", clock, databases, processes, seconds))
	put(row("DATABASE", "PROC", "FILES", "TRANS/s", "WAITS/s", "CKPTS", "WAL", "LIB"))
	printf "%s%s", frame, body
}
