# records_json.awk - makes a document of records: settings, databases and advisories are lists. Needs json.awk beside it.

BEGIN { FS = "\t" }

function value(text) {
	return text ~ /^-?[0-9]+$/ ? text : json_field(text)
}

$0 == "" { next }

$1 == "pid" { process = 1 }

$1 == "advisory" {
	advisories = advisories (advisories == "" ? "" : ",") json_field($2)
	next
}

$1 == "setting" {
	settings = settings (settings == "" ? "" : ",") "{\"variable\":" json_field($2) ",\"value\":" json_field($3 == "-" ? "" : $3) \
		",\"decided_by\":" json_field($4) "}"
	next
}

$1 == "database" && NF > 2 {
	databases = databases (databases == "" ? "" : ",") "{\"database\":" json_field($2) ",\"journal_mode\":" json_field($3) ",\"wal_size\":" value($4) "}"
	next
}

$1 == "filesystem" {
	document = document "\"filesystem\":" json_field($2) ",\"shared\":" ($3 == "shared" ? "true" : "false") ","
	next
}

{ document = document json_string($1) ":" ($1 == "database" ? json_field($2) : value($2)) "," }

END {
	if (process)
		document = document "\"settings\":[" settings "],\"databases\":[" databases "],"
	else if (settings != "")
		document = document "\"settings\":[" settings "],"
	print "{" document "\"advisories\":[" advisories "]}"
}
