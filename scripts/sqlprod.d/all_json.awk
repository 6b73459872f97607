# all_json.awk - makes a document of the records of sqlprod check --all. Needs json.awk beside it.

BEGIN { FS = "\t" }

$1 == "user" {
	flush_user()
	head = "{\"pid\":" $2 ",\"user\":" json_field($3) ",\"program\":" json_field($4) ",\"library\":" ($5 == "yes" ? "true" : $5 == "no" ? "false" : "null") \
		",\"unit\":" ($6 == "-" ? "null" : json_field($6)) ",\"way\":" ($7 == "" ? "null" : json_field($7)) ",\"text\":" ($8 == "" ? "null" : json_field($8))
	list = ""
	next
}

$1 == "uses" { list = list (list == "" ? "" : ",") json_field($3) }
$1 == "verdict" { verdict = json_string($2) }

function flush_user() {
	if (head != "")
		users = users (users == "" ? "" : ",") head ",\"databases\":[" list "]}"
	head = ""
}

END {
	flush_user()
	print "{\"verdict\":" verdict ",\"processes\":[" users "]}"
}
