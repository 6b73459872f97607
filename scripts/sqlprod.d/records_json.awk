# records_json.awk - makes a document of records: settings, databases and advisories are lists. Needs json.awk beside it.

BEGIN { FS = "\t" }

function unescape(text, out, at, c) {
	while ((at = index(text, "\\")) > 0) {
		c = substr(text, at + 1, 1)
		out = out substr(text, 1, at - 1) (c == "t" ? "\t" : c == "n" ? "\n" : c == "r" ? "\r" : c)
		text = substr(text, at + 2)
	}
	return json_string(out text)
}

function value(text) {
	return text ~ /^-?[0-9]+$/ ? text : unescape(text)
}

$0 == "" { next }

$1 == "pid" { process = 1 }

$1 == "advisory" {
	advisories = advisories (advisories == "" ? "" : ",") unescape($2)
	next
}

$1 == "setting" {
	settings = settings (settings == "" ? "" : ",") "{\"variable\":" unescape($2) ",\"value\":" unescape($3 == "-" ? "" : $3) \
		",\"decided_by\":" unescape($4) "}"
	next
}

$1 == "database" && NF > 2 {
	databases = databases (databases == "" ? "" : ",") "{\"database\":" unescape($2) ",\"journal_mode\":" unescape($3) ",\"wal_size\":" value($4) "}"
	next
}

$1 == "filesystem" {
	document = document "\"filesystem\":" unescape($2) ",\"shared\":" ($3 == "shared" ? "true" : "false") ","
	next
}

{ document = document json_string($1) ":" ($1 == "database" ? unescape($2) : value($2)) "," }

END {
	if (process)
		document = document "\"settings\":[" settings "],\"databases\":[" databases "],"
	print "{" document "\"advisories\":[" advisories "]}"
}
