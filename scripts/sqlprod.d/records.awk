# records.awk - formats records for a terminal: tables for settings, a line for everything else.

BEGIN { plain_states = "^(ok|kept|unused|exempt)$" }

function flush_settings(i, j) {
	for (i = 0; i < rows; i++) {
		printf "  %s", (i == 0 || state[i] !~ plain_states ? bold : "")
		for (j = 1; j < 5; j++)
			printf "%-" (width[j] + 2) "s", cell[i, j]
		printf "%s%s\n", cell[i, 5], (i == 0 || state[i] !~ plain_states ? plain : "")
	}
	rows = 0
	split("", width)
}

function add_setting(name, wanted, got, by, why, what, j) {
	cell[rows, 1] = name
	cell[rows, 2] = wanted
	cell[rows, 3] = got
	cell[rows, 4] = by
	cell[rows, 5] = why
	state[rows] = what
	for (j = 1; j < 5; j++)
		if (length(cell[rows, j]) > width[j])
			width[j] = length(cell[rows, j])
	rows++
}

$1 == "setting" {
	if (rows == 0)
		add_setting("SETTING", NF > 4 ? "WANTED" : "VALUE", NF > 4 ? "GOT" : "DECIDED BY", NF > 4 ? "DECIDED BY" : "", NF > 4 ? "WHY" : "", "ok")
	if (NF > 4)
		add_setting($2, $3, $4, $5, $7, $6)
	else
		add_setting($2, $3, $4, "", "", $4 == "operator" ? "changed" : "ok")
	next
}

{ flush_settings() }

$1 == "connection" {
	printf "\n%s%s%s\n", bold, ($4 == "" ? "(in memory or temporary)" : $4), plain
	printf "  %s, pid %s%s: SQLite%s in %s, %s\n", $3, $2, ($8 > 1 ? ", " $8 " connections alike" : ""), ($5 == "" ? "" : " " $5), $6,
		($7 == "" ? "not reached" : "reached by " $7)
	next
}

$1 == "left_alone" {
	printf "  %sleft alone: %s%s\n", red, $2, plain
	next
}

$1 == "open" {
	printf "  %s %s\n", $2, $3
	next
}

$1 == "begins" {
	printf "  BEGIN %s: %s%s\n", ($2 == "rewritten" ? "rewritten" : "not upgraded"), $3, ($4 == "" ? "" : " (" $4 ")")
	next
}

$1 == "transactions" {
	gsub("_", " ", $2)
	printf "  transactions %s: %s%s\n", $2, $3, ($4 == "-" ? "" : " (the longest " $4 " ms)")
	next
}

$1 == "advisory" {
	printf "%sadvisory:%s %s\n", bold, plain, $2
	next
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
	printf "\n%s%s%s\n", ($2 == "whole" || $2 == "loaded" ? bold : red), $3, plain
	next
}

$1 == "database" {
	printf "\n%s%s%s%s\n", bold, $2, plain, ($3 == "" ? "" : ": " $3 ($4 > 0 ? ", -wal " $4 " bytes" : ""))
	next
}

{
	gsub(/_/, " ", $1)
	printf "  %-14s %s\n", $1, $2
}

END { flush_settings() }
