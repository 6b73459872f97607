# locks_json.awk - makes a document of the records of sqlprod locks. Needs json.awk beside it.

BEGIN { FS = "\t" }

function known(word) {
	return word == "yes" ? "true" : word == "no" ? "false" : "null"
}

function list(words, n, i, word, out) {
	n = words == "none" ? 0 : split(words, word, ",")
	for (i = 1; i <= n; i++)
		out = out (i > 1 ? "," : "") json_string(word[i])
	return "[" out "]"
}

$1 == "database" { database = json_field($2) }
$1 == "journal_mode" { mode = json_string($2) }
$1 == "wal_size" { size = $2 }
$1 == "wal_frames" { frames = "{\"written\":" $2 ",\"checkpointed\":" $3 "}" }

$1 == "process" {
	processes = processes (processes == "" ? "" : ",") "{\"pid\":" $2 ",\"user\":" json_field($3) ",\"program\":" json_field($4) ",\"library\":" known($5) \
		",\"locks\":" list($6) ",\"waiting\":" known($7) "}"
}

END {
	printf "{\"database\":%s,\"journal_mode\":%s,\"wal_size\":%s,\"wal_frames\":%s,\"processes\":[%s]}\n", database, mode,
		(size == "" ? "null" : size), (frames == "" ? "null" : frames), processes
}
