# locks_json.awk - makes a document of the records of sqlprod locks. Needs json.awk beside it.

BEGIN { FS = "\t" }

function unescape(text, out, at, c) {
	while ((at = index(text, "\\")) > 0) {
		c = substr(text, at + 1, 1)
		out = out substr(text, 1, at - 1) (c == "t" ? "\t" : c == "n" ? "\n" : c)
		text = substr(text, at + 2)
	}
	return json_string(out text)
}

function known(word) {
	return word == "yes" ? "true" : word == "no" ? "false" : "null"
}

function list(words, n, i, word, out) {
	n = words == "none" ? 0 : split(words, word, ",")
	for (i = 1; i <= n; i++)
		out = out (i > 1 ? "," : "") json_string(word[i])
	return "[" out "]"
}

$1 == "database" { database = unescape($2) }
$1 == "journal_mode" { mode = json_string($2) }
$1 == "wal_size" { size = $2 }
$1 == "wal_frames" { frames = "{\"written\":" $2 ",\"checkpointed\":" $3 "}" }

$1 == "process" {
	processes = processes (processes == "" ? "" : ",") "{\"pid\":" $2 ",\"user\":" unescape($3) ",\"program\":" unescape($4) ",\"library\":" known($5) \
		",\"locks\":" list($6) ",\"waiting\":" known($7) "}"
}

END {
	printf "{\"database\":%s,\"journal_mode\":%s,\"wal_size\":%s,\"wal_frames\":%s,\"processes\":[%s]}\n", database, mode,
		(size == "" ? "null" : size), (frames == "" ? "null" : frames), processes
}
