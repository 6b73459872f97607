# report.awk - joins the lines of a report with the settings in force. Needs json.awk and mend.awk beside it.
#
# Input: the library's table of settings, then the report. what: verdict, any, versions, databases, records or document, as
# check_command.sh has it; the environment has sqlprod_status, sqlprod_reason and sqlprod_advisories. A torn line does not count.

BEGIN {
	FS = "\t"
	kinds = split("begun immediate reserved learnt_to_read unreserved lapsed wrote locked_and_only_read grouped idle_checkpoints", transaction_kind, " ")
}

FNR == 1 { file++ }

file == 1 {
	force[$2] = $4
	next
}

# A leaf of the line at hand.
function leaf(key) {
	return json_value[SUBSEP key]
}

function is_null(key) {
	return json_raw[SUBSEP key] == "null"
}

json_read($0) && json_type[""] == "{" && json_type[SUBSEP "settings"] == "{" {
	identity = leaf("pid") SUBSEP leaf("connection") SUBSEP leaf("program") SUBSEP leaf("database")
	if (leaf("open") == "true") {
		if (!(identity in opened))
			open_order[++open_count] = identity
		opened[identity] = $0
	} else {
		ended[identity] = 1
		lines[++count] = $0
	}
}

# The state of one setting: ok, kept (left to the program by a setting), unused (the connection was never used), exempt (in memory),
# program (the program set something else), failed.
function state(name, at, got, by) {
	at = SUBSEP "settings" SUBSEP name SUBSEP
	got = json_value[at "got"]
	by = json_value[at "decided_by"]
	if (force[name] == "keep")
		return "kept"
	if (got == force[name] || (by == "recipe" && got == json_value[at "wanted"]))
		return "ok"
	if (in_memory)
		return "exempt"
	if (left_alone)
		return "failed"
	if (by == "nobody" && json_raw[at "got"] == "null")
		return "unused"
	if (name == "busy_timeout" && by != "operator" && json_type[at "got"] == "number" && got + 0 >= force[name] + 0)
		return "ok"
	# the recipe has another value there
	if (json_value[at "reason"] ~ /^Litestream replicates/)
		return "ok"
	return by == "program" ? "program" : "failed"
}

function shown(path) {
	return json_raw[path] == "null" || !(path in json_raw) ? "-" : field(json_value[path])
}

function why(name, became, at) {
	at = SUBSEP "settings" SUBSEP name SUBSEP "reason"
	if (json_type[at] == "string")
		return field(json_value[at])
	if (became == "kept")
		return "left to the program by the settings"
	if (became == "unused")
		return "the connection was not used"
	return became == "program" ? "the program decided" : ""
}

function step_field(step) {
	return step == "" ? "" : "\t" step
}

# The step as a member of the setting, if there is one.
function mend_member(name, became, step) {
	became = state(name)
	step = mend(name, became, why(name, became), force[name])
	return step == "" ? "" : ",\"mend\":" json_string(step)
}

function write(path, i, key, out) {
	if (json_type[path] == "{") {
		for (i = 1; i <= json_keys[path, 0]; i++) {
			key = json_keys[path, i]
			out = out (i > 1 ? "," : "") json_string(key) ":" write(path SUBSEP key)
		}
		if (path ~ ("^" SUBSEP "settings" SUBSEP "[a-z_]*$"))
			out = out ",\"state\":\"" state(substr(path, 11)) "\"" mend_member(substr(path, 11))
		if (path == "")
			out = out ",\"whole\":" (whole ? "true" : "false")
		return "{" out "}"
	}
	if (json_type[path] == "[") {
		for (i = 1; i <= json_keys[path, 0]; i++)
			out = out (i > 1 ? "," : "") write(path SUBSEP i)
		return "[" out "]"
	}
	return json_raw[path]
}

# Takes in one connection: what it says for the verdict, and its group, of those that differ in nothing but their BEGINs.
function take(line, i, name, became, group, text) {
	json_read(line)
	in_memory = leaf("database") == ""
	left_alone = !is_null("left_alone")
	whole = !left_alone
	for (i = 1; i <= json_keys[SUBSEP "settings", 0]; i++) {
		name = json_keys[SUBSEP "settings", i]
		became = state(name)
		if (became == "failed" || became == "program")
			whole = 0
		text = text "setting\t" field(name) "\t" shown(SUBSEP "settings" SUBSEP name SUBSEP "wanted") "\t" \
			shown(SUBSEP "settings" SUBSEP name SUBSEP "got") "\t" leaf("settings" SUBSEP name SUBSEP "decided_by") "\t" \
			became "\t" why(name, became) step_field(mend(name, became, why(name, became), force[name])) "\n"
	}
	if (!in_memory || left_alone) {
		judged++
		wholes += whole
	}
	if (what == "document") {
		document = document (document == "" ? "" : ",") write("")
		return
	}
	if (leaf("sqlite" SUBSEP "library") !~ /[\t\n\\]/)
		sqlite_libraries[leaf("sqlite" SUBSEP "library")]
	uses_wal = leaf("settings" SUBSEP "journal_mode" SUBSEP "got") == "wal"
	note_sqlite()
	if (!in_memory)
		wal_of[leaf("database")] += uses_wal
	group = leaf("database") SUBSEP leaf("program") SUBSEP sprintf("%12d", leaf("pid")) SUBSEP leaf("sqlite" SUBSEP "version") SUBSEP \
		leaf("sqlite" SUBSEP "library") SUBSEP leaf("reached") SUBSEP json_raw[SUBSEP "left_alone"] SUBSEP text
	if (!(group in members)) {
		groups[++group_count] = group
		head[group] = field(leaf("pid")) "\t" field(leaf("program")) "\t" field(leaf("database")) "\t" \
			(is_null("sqlite" SUBSEP "version") ? "" : field(leaf("sqlite" SUBSEP "version"))) "\t" field(leaf("sqlite" SUBSEP "library")) "\t" \
			(is_null("reached") ? "" : field(leaf("reached")))
		body[group] = (left_alone ? "left_alone\t" field(leaf("left_alone")) "\t" mend_of_reason(leaf("left_alone")) "\n" : "") text
	}
	members[group]++
	still_open[group] += leaf("open") == "true"
	rewritten[group] += leaf("begins_rewritten")
	for (i = 1; i <= json_keys[SUBSEP "begins_not_upgraded", 0]; i++) {
		name = json_keys[SUBSEP "begins_not_upgraded", i]
		if (!((group, name) in begins_left))
			reasons[group, ++reason_count[group]] = name
		begins_left[group, name] += leaf("begins_not_upgraded" SUBSEP name)
	}
	if (json_type[SUBSEP "transactions"] == "{")
		note_transactions(group)
}

function note_transactions(group, i, kind, longest) {
	for (i = 1; i <= kinds; i++) {
		kind = transaction_kind[i]
		transactions[group, kind] += leaf("transactions" SUBSEP kind)
		if ((SUBSEP "transactions" SUBSEP "longest_milliseconds" SUBSEP kind) in json_value) {
			longest = leaf("transactions" SUBSEP "longest_milliseconds" SUBSEP kind) + 0
			if (!((group, kind) in longest_of) || longest > longest_of[group, kind])
				longest_of[group, kind] = longest
		}
	}
}

function note_sqlite(key) {
	if (!uses_wal)
		return
	key = leaf("sqlite" SUBSEP "version") "\t" field(leaf("sqlite" SUBSEP "library"))
	maps[key] += leaf("settings" SUBSEP "mmap_size" SUBSEP "got") + 0 > 0
}

function sort(list, first, n, i, j, moved) {
	for (i = 2; i <= n; i++) {
		moved = list[first i]
		for (j = i - 1; j > 0 && list[first j] > moved; j--)
			list[first (j + 1)] = list[first j]
		list[first (j + 1)] = moved
	}
}

function put_group(group, i, name) {
	printf "connection\t%s\t%d\n%s", head[group], members[group], body[group]
	if (still_open[group])
		printf "open\t%d\topen when the process ended: later BEGINs are not counted\n", still_open[group]
	printf "begins\trewritten\t%d\n", rewritten[group]
	sort(reasons, group SUBSEP, reason_count[group])
	for (i = 1; i <= reason_count[group]; i++) {
		name = reasons[group, i]
		printf "begins\tnot_upgraded\t%d\t%s\n", begins_left[group, name], field(name)
	}
	for (i = 1; i <= kinds; i++) {
		name = transaction_kind[i]
		if (transactions[group, name] > 0)
			printf "transactions\t%s\t%d\t%s\n", name, transactions[group, name], ((group, name) in longest_of ? longest_of[group, name] : "-")
	}
}

function sentence() {
	if (verdict == "whole")
		return "every connection has the whole recipe (" count " seen)"
	if (verdict == "missing")
		return "something of the recipe is missing (" count (count == 1 ? " connection" : " connections") " seen)"
	return "no connection was seen: " ENVIRON["sqlprod_reason"]
}

# The advisories come as records: "advisory", a tab, and the text, in which a backslash is doubled.
function put_records(i, n, advisory) {
	sort(groups, "", group_count)
	for (i = 1; i <= group_count; i++)
		put_group(groups[i])
	if (ENVIRON["sqlprod_status"] != 0)
		print "status\tthe command ended with " ENVIRON["sqlprod_status"]
	if (ENVIRON["sqlprod_advisories"] != "")
		print ENVIRON["sqlprod_advisories"]
	print "verdict\t" verdict "\t" field(sentence())
}

function put_document(i, n, advisory, list) {
	n = split(ENVIRON["sqlprod_advisories"], advisory, "\n")
	for (i = 1; i <= n; i++) {
		sub(/^advisory\t/, "", advisory[i])
		sub(/\t.*/, "", advisory[i])
		gsub(/\\\\/, "\\", advisory[i])
		if (advisory[i] != "")
			list = list (list == "" ? "" : ",") json_string(advisory[i])
	}
	printf "{\"status\":%d,\"verdict\":\"%s\",\"reason\":%s,\"connections\":[%s],\"advisories\":[%s]}\n", ENVIRON["sqlprod_status"], verdict,
		(ENVIRON["sqlprod_reason"] == "" ? "null" : json_string(ENVIRON["sqlprod_reason"])), document, list
}

END {
	# The last line of each connection: one that was still open when its process ended has no other.
	for (i = 1; i <= open_count; i++)
		if (!(open_order[i] in ended))
			lines[++count] = opened[open_order[i]]
	for (i = 1; i <= count; i++)
		take(lines[i])
	verdict = judged == 0 ? "none" : wholes == judged ? "whole" : "missing"
	if (what == "verdict")
		print verdict
	else if (what == "any" && count)
		print "yes"
	else if (what == "versions")
		for (key in maps)
			print key "\t" (maps[key] > 0 ? "true" : "false")
	else if (what == "libraries") {
		for (key in sqlite_libraries)
			print key
	} else if (what == "databases") {
		for (key in wal_of)
			if (key !~ /[\t\n\\]/)
				print (wal_of[key] > 0 ? "true" : "false") "\t" key
	} else if (what == "records")
		put_records()
	else if (what == "document")
		put_document()
}
