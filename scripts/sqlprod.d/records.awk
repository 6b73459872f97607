# records.awk - formats records for people: tables for settings and processes, wrapped lines for everything else.
#
# width: of the terminal. all: rows and advisories that nobody can act on too. bold, red, green, yellow, plain: escape sequences, or "".
# Connections of several processes that differ in their pid, their counts and nothing else are shown once. Needs units.awk beside it.

BEGIN {
	rows = block_count = 0
	if (width < 40)
		width = 80
	split("ok kept unused exempt program failed changed", state_name, " ")
	split("ok,left alone,not used,left alone,left alone,missing,changed", state_words, ",")
	for (i = 1; i in state_name; i++)
		word_of[state_name[i]] = state_words[i]
	colour_of["ok"] = green
	colour_of["missing"] = red
	colour_of["left alone"] = yellow
}

function unescape(text, out, at, c) {
	while ((at = index(text, "\\")) > 0) {
		c = substr(text, at + 1, 1)
		out = out substr(text, 1, at - 1) (c == "\\" ? c : "\\" c)
		text = substr(text, at + 2)
	}
	return out text
}

# Prints text after `used` columns of a line, its further lines indented.
function wrap(text, used, indent, n, i, word, blanks) {
	blanks = sprintf("%" indent "s", "")
	n = split(text, word, " ")
	for (i = 1; i <= n; i++) {
		if (i > 1 && used + 1 + length(word[i]) > width) {
			printf "\n%s", blanks
			used = indent
		} else if (i > 1) {
			printf " "
			used++
		}
		printf "%s", word[i]
		used += length(word[i])
	}
	printf "\n"
}

function add_setting(name, wanted, got, what, by, why, step) {
	cell[rows, 1] = name
	cell[rows, 2] = wanted
	cell[rows, 3] = got
	cell[rows, 4] = what
	cell[rows, 5] = by
	reason[rows] = step ~ /^by the / && why == "the program decided" ? "" : why
	mending[rows] = step
	for (j = 1; j <= 5; j++)
		if (length(cell[rows, j]) > size_of[j])
			size_of[j] = length(cell[rows, j])
	rows++
}

# "by the program's own wish" is no step.
function put_step(step, name) {
	if (step == "")
		return
	name = step ~ /^by the / ? "" : "mend: "
	printf "      %s", (name == "" ? "" : bold name plain)
	wrap(step, 6 + length(name), 6 + length(name))
}

function flush_settings(i, j, used, text, blanks) {
	for (i = 0; i < rows; i++) {
		used = 2
		printf "  %s", (i == 0 ? bold : "")
		for (j = 1; j <= 5; j++) {
			if (size_of[j] == 0)
				continue
			text = j < 5 ? sprintf("%-" (size_of[j] + 2) "s", cell[i, j]) : cell[i, j]
			used += length(text)
			printf "%s", (j == 4 && i > 0 && cell[i, j] in colour_of ? colour_of[cell[i, j]] text plain : text)
		}
		blanks = size_of[5] - length(cell[i, 5]) + 2
		if (reason[i] != "" && used + blanks + length(reason[i]) <= width)
			printf "%" blanks "s%s%s\n", "", reason[i], (i == 0 ? plain : "")
		else {
			printf "%s\n", (i == 0 ? plain : "")
			if (reason[i] != "" && i > 0) {
				printf "      "
				wrap(reason[i], 6, 6)
			}
		}
		put_step(mending[i])
	}
	rows = 0
	split("", size_of)
}

function put_setting(line, field, n) {
	n = split(line, field, FS)
	if (rows == 0)
		add_setting("SETTING", n > 4 ? "WANTED" : "VALUE", n > 4 ? "GOT" : "", n > 4 ? "STATE" : "", "DECIDED BY", n > 4 ? "WHY" : "", "")
	if (n > 4)
		add_setting(field[2], setting_shown(field[2], field[3]), setting_shown(field[2], field[4]), word_of[field[6]], field[5],
			unescape(field[7]), field[8])
	else
		add_setting(field[2], field[3], "", "", field[4], "", "")
}

# A connection and what follows it is a block; blocks are folded, and come out when the first other record comes.
function take_block(line, field) {
	split(line, field, FS)
	if (field[1] == "connection") {
		id = ++block_count
		head[id] = line
		pids[id] = field[2]
		alike[id] = field[8]
	} else if (field[1] == "setting" || field[1] == "left_alone")
		body[id] = body[id] line "\n"
	else
		tail[id] = tail[id] line "\n"
}

function fold_blocks(i, field, key, first) {
	for (i = 1; i <= block_count; i++) {
		split(head[i], field, FS)
		key = field[3] FS field[4] FS field[5] FS field[6] FS field[7] "\n" body[i]
		if (!(key in block_of)) {
			block_of[key] = i
			processes_of[i] = 1
			continue
		}
		first = block_of[key]
		processes_of[first]++
		pids[first] = pids[first] " " pids[i]
		alike[first] += alike[i]
		tail[first] = tail[first] tail[i]
		head[i] = ""
	}
}

# The sums of the lines that count, of all processes.
function put_tail(text, line, n, i, field, key, order, count, sum, most, kind, keys) {
	n = split(text, line, "\n")
	for (i = 1; i < n; i++) {
		split(line[i], field, FS)
		key = field[1] == "open" ? "open" FS field[3] : field[1] == "begins" ? "begins" FS field[2] FS field[4] : "transactions" FS field[2]
		if (!(key in sum))
			order[++count] = key
		sum[key] += field[1] == "open" ? field[2] : field[3]
		if (field[1] == "transactions" && field[4] != "-" && field[4] + 0 >= most[key] + 0)
			most[key] = field[4] + 0
	}
	for (i = 1; i <= count; i++) {
		split(order[i], field, FS)
		if (field[1] == "open")
			text = sum[order[i]] " " field[2]
		else if (field[1] == "begins")
			text = "BEGIN " (field[2] == "rewritten" ? "rewritten" : "not upgraded") ": " sum[order[i]] (field[3] == "" ? "" : " (" unescape(field[3]) ")")
		else {
			kind = field[2]
			gsub("_", " ", kind)
			text = "transactions " kind ": " sum[order[i]] (order[i] in most ? " (the longest " time_shown(most[order[i]]) ")" : "")
		}
		printf "  "
		wrap(text, 2, 4)
	}
}

function put_block(i, field, n, line, j, text) {
	split(head[i], field, FS)
	printf "\n%s%s%s\n  ", bold, (field[4] == "" ? "(in memory or temporary)" : unescape(field[4])), plain
	text = field[3] (processes_of[i] > 1 ? " × " processes_of[i] ", pids " : ", pid ") pids[i]
	text = text (alike[i] > processes_of[i] ? ", " alike[i] " connections alike" : "") ": SQLite" (field[5] == "" ? "" : " " field[5]) " in " field[6] ", " \
		(field[7] == "" ? "not reached" : "reached by " field[7])
	wrap(text, 2, 4)
	n = split(body[i], line, "\n")
	for (j = 1; j < n; j++) {
		split(line[j], field, FS)
		if (field[1] == "setting") {
			put_setting(line[j])
			continue
		}
		printf "  %s", yellow
		wrap("left alone: " unescape(field[2]) plain, 2, 4)
		put_step(field[3])
	}
	flush_settings()
	put_tail(tail[i])
}

function flush_blocks(i) {
	fold_blocks()
	for (i = 1; i <= block_count; i++)
		if (head[i] != "")
			put_block(i)
	block_count = 0
	split("", body)
	split("", tail)
	split("", block_of)
}

$1 == "connection" || $1 == "left_alone" || $1 == "open" || $1 == "begins" || $1 == "transactions" || ($1 == "setting" && block_count) {
	take_block($0)
	next
}

$1 == "setting" {
	put_setting($0)
	next
}

{
	flush_blocks()
	flush_settings()
	if ($1 != "user" && $1 != "uses")
		flush_users()
}

$1 == "advisory" {
	if ($3 == "note" && !all)
		notes++
	else {
		printf "%sadvisory:%s ", bold, plain
		wrap(unescape($2), 10, 10)
	}
	next
}

($1 == "temp_store" || $1 == "readers") && !all {
	notes++
	next
}

$1 == "sums" {
	if (!sums++ || database != $2)
		printf "%s%s%s%s\n  %s%-10s %4s %6s %6s %5s %6s %5s %5s %5s %5s %6s %4s%s\n", (sums > 1 ? "\n" : ""), bold, ($2 == "" ? "(in memory or temporary)" : unescape($2)), plain, \
			bold, "PROGRAM", "CONN", "BEGUN", "IMMED", "RESV", "LAPSED", "READ", "WAITS", "P50", "P99", "MAX", "BUSY", plain
	database = $2
	printf "  %-10s %4d %6d %6d %5d %6d %5d %5d %5s %5s %6s %s%4d%s\n", $3, $4, $6, $7, $8, $9, $13, $14, wait_shown($15), wait_shown($16), wait_shown($17), \
		($18 > 0 ? red : ""), $18, ($18 > 0 ? plain : "")
	next
}

$1 == "unapplied" {
	printf "    "
	wrap(yellow ($4 == "all" ? "left alone" : $4) plain ($4 == "all" ? "" : ": " setting_shown($4, $6) ", not " setting_shown($4, $5)) " on " $7 ($7 == 1 ? " connection" : " connections") \
		($8 == "" || $8 == "the program decided" ? "" : ": " unescape($8)), 4, 6)
	put_step($9)
	next
}

# check --all: processes of one program and unit with the same databases are one.
$1 == "user" {
	user_pid = $2
	user_head[user_pid] = $0
	user_order[++user_count] = user_pid
	next
}

$1 == "uses" {
	user_paths[$2] = user_paths[$2] unescape($3) "\n"
	next
}

function flush_users(i, field, key, first, n, path, j) {
	for (i = 1; i <= user_count; i++) {
		split(user_head[user_order[i]], field, FS)
		key = field[3] FS field[4] FS field[5] FS field[6] FS user_paths[user_order[i]]
		if (!(key in user_of)) {
			user_of[key] = user_order[i]
			user_pids[user_order[i]] = user_order[i]
			user_alike[user_order[i]] = 1
		} else {
			first = user_of[key]
			user_pids[first] = user_pids[first] " " user_order[i]
			user_alike[first]++
		}
	}
	for (i = 1; i <= user_count; i++) {
		if (!(user_order[i] in user_pids))
			continue
		split(user_head[user_order[i]], field, FS)
		printf "\n%s%s%s", bold, field[4] (user_alike[user_order[i]] > 1 ? " × " user_alike[user_order[i]] : ""), plain
		printf " (%s%s, %s%s)\n", (field[6] == "-" ? "" : field[6] ", "), field[3], (user_alike[user_order[i]] > 1 ? "pids " : "pid "), user_pids[user_order[i]]
		n = split(user_paths[user_order[i]], path, "\n")
		for (j = 1; j < n; j++)
			printf "  %s\n", path[j]
		printf "  library: %s%s%s\n", (field[5] == "yes" ? green : field[5] == "no" ? red : yellow), (field[5] == "no" ? "missing" : field[5] == "yes" ? "ok" : field[5]), plain
		if (field[7] != "") {
			printf "      %smend:%s ", bold, plain
			wrap(unescape(field[7]), 12, 12)
			if (field[8] ~ /^\[Service\] /)
				printf "            [Service]\n            %s\n", unescape(substr(field[8], 11))
			else if (field[8] != "")
				printf "            %s\n", unescape(field[8])
		}
	}
	user_count = 0
}

$1 == "wal_frames" {
	printf "  %-14s %d, of which %d are in the database\n", "wal frames", $2, $3
	next
}

$1 == "process" {
	if (!processes++)
		printf "\n  %s%-8s %-10s %-24s %-8s %-8s %s%s\n", bold, "PID", "USER", "PROGRAM", "LIBRARY", "WAITS", "LOCKS", plain
	mark = $6 ~ /(^|,)(write|exclusive|reserved|pending)(,|$)/ ? bold : ""
	printf "  %s%-8s %-10.10s %-24.24s %-8s %-8s %s%s\n", mark, $2, $3, $4, $5, $7, $6, (mark == "" ? "" : plain)
	next
}

$1 == "verdict" {
	printf "\n%s", ($2 ~ /^(whole|loaded|covered|dry)$/ ? green : red)
	wrap(unescape($3) plain, 0, 2)
	next
}

$1 == "database" {
	printf "\n%s%s%s%s\n", bold, unescape($2), plain, ($3 == "" ? "" : ": " $3 ($4 > 0 ? ", -wal " size_shown($4) : ""))
	next
}

{
	name = $1
	gsub(/_/, " ", name)
	printf "  %-14s ", name
	wrap(name ~ /size$/ && $2 ~ /^[0-9]+$/ ? size_shown($2) : unescape($2), 17, 17)
}

END {
	flush_blocks()
	flush_settings()
	if (notes)
		printf "(%d more, on what no setting changes: --all-rows)\n", notes
}
