# report.jq - joins the lines of a report with the settings in force ($table).

# The state of one setting: ok, kept (left to the program by a setting), unused (the connection was never used), exempt (in
# memory), program (the program set something else), failed.
def state($name; $in_memory; $left_alone):
	($table[0].settings[] | select(.pragma == $name) | .value) as $force
	| if $force == "keep" then "kept"
	  elif (.got | tostring) == $force then "ok"
	  elif $in_memory then "exempt"
	  elif $left_alone then "failed"
	  elif .decided_by == "nobody" and .got == null then "unused"
	  elif $name == "busy_timeout" and .decided_by != "operator" and (.got | type) == "number" and .got >= ($force | tonumber) then "ok"
	  elif .decided_by == "program" then "program"
	  else "failed"
	  end;

def identity: [.pid, .connection, .program, .database];

# The last line of each connection: one that was still open when its process ended has no other.
def latest:
	(map(select(.open | not))) as $ended
	| ($ended | map(identity)) as $known
	| $ended + (map(select(.open)) | group_by(identity) | map(.[-1] | select(identity as $mine | any($known[]; . == $mine) | not)));

def connections:
	[[inputs | fromjson? | select(type == "object" and has("settings"))] | latest[]
		| (.database == "") as $in_memory
		| (.left_alone != null) as $left_alone
		| .settings |= with_entries(.key as $name | .value.state = (.value | state($name; $in_memory; $left_alone)))
		| .whole = ($left_alone | not) and ([.settings[].state | select(. == "failed" or . == "program")] == [])];

def verdict_of:
	map(select(.database != "" or .left_alone != null))
	| if length == 0 then "none" elif all(.whole) then "whole" else "missing" end;

def verdict: connections | verdict_of;
def any: connections | if length > 0 then "yes" else empty end;

def uses_wal: .settings.journal_mode.got == "wal";

def versions:
	connections | map(select(uses_wal)) | group_by(.sqlite) | .[]
	| [.[0].sqlite.version, .[0].sqlite.library, any(.settings.mmap_size.got | . != null and . > 0)] | @tsv;

def databases:
	connections | map(select(.database != "")) | group_by(.database) | .[]
	| select(.[0].database | test("[\t\n\\\\]") | not)
	| "\(any(uses_wal))\t\(.[0].database)";

def advice: $advisories | split("\n") | map(select(. != "") | split("\t")[1] | gsub("\\\\\\\\"; "\\"));

def document:
	connections as $all
	| {status: $status, verdict: ($all | verdict_of), reason: (if $reason == "" then null else $reason end), connections: $all,
	   advisories: advice};

def shown: if . == null then "-" else tostring end;

def why: .reason // {"kept": "left to the program by the settings", "unused": "the connection was not used", "program": "the program decided"}[.state] // "";

def connection_records:
	(["connection", .[0].pid, .[0].program, .[0].database, .[0].sqlite.version, .[0].sqlite.library, .[0].reached, length]),
	(.[0].left_alone | select(. != null) | ["left_alone", .]),
	(.[0].settings | to_entries[]
		| ["setting", .key, (.value.wanted | shown), (.value.got | shown), .value.decided_by, .value.state, (.value | why)]),
	(map(select(.open)) | length | select(. > 0) | ["open", ., "open when the process ended: later BEGINs are not counted"]),
	["begins", "rewritten", (map(.begins_rewritten) | add)],
	(map(.begins_not_upgraded | to_entries) | add | group_by(.key)[] | ["begins", "not_upgraded", (map(.value) | add), .[0].key]);

def sentence($count):
	if . == "whole" then "every connection has the whole recipe (\($count) seen)"
	elif . == "missing" then "something of the recipe is missing (\($count) connections seen)"
	else "no connection was seen: \($reason)"
	end;

# Connections that differ in nothing but their BEGINs are shown once.
def records:
	connections as $all
	| ($all | verdict_of) as $verdict
	| ($all | group_by([.database, .program, .pid, .sqlite, .reached, .left_alone, .settings])[] | connection_records),
	  ($status | select(. != 0) | ["status", "the command ended with \(.)"]),
	  (advice[] | ["advisory", .]),
	  ["verdict", $verdict, ($verdict | sentence($all | length))]
	| @tsv;
