# records.jq - makes a document of records: settings, databases and advisories are lists.

def unescape: gsub("\\\\(?<c>.)"; if .c == "t" then "\t" elif .c == "n" then "\n" else .c end);
def value: if test("^-?[0-9]+$") then tonumber else . end;

reduce (inputs | select(. != "") | split("\t") | map(unescape)) as $record ({settings: [], databases: [], advisories: []};
	if $record[0] == "advisory" then .advisories += [$record[1]]
	elif $record[0] == "setting" then .settings += [{variable: $record[1], value: (if $record[2] == "-" then "" else $record[2] end), decided_by: $record[3]}]
	elif $record[0] == "database" and ($record | length) > 2 then
		.databases += [{database: $record[1], journal_mode: $record[2], wal_size: ($record[3] | value)}]
	elif $record[0] == "filesystem" then . + {filesystem: $record[1], shared: ($record[2] == "shared")}
	else . + {($record[0]): (if $record[0] == "database" then $record[1] else $record[1] | value end)}
	end)
| if has("pid") then . else del(.settings, .databases) end
