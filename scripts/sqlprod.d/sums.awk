# sums.awk - sums up the lines of reports, by database and program. Needs json.awk and mend.awk beside it.
#
# Input: the library's table of settings, an empty line, reports. what: records, json or prometheus. Fails if there was no line. A torn line does
# not count.

BEGIN {
	# records have no column for the last one
	kinds = split("begun immediate reserved lapsed unreserved learnt_to_read wrote locked_and_only_read" (what == "records" ? "" : " grouped"), kind_name, " ")
	wait_classes = 17
	in_table = 1
}

in_table {
	if ($0 == "")
		in_table = 0
	else if ($2 != "-")
		recipe[$2] = $3
	next
}

function leaf(key) {
	return json_value[SUBSEP key]
}

json_read($0) && json_type[""] == "{" && json_type[SUBSEP "settings"] == "{" {
	seen++
	identity = leaf("pid") SUBSEP leaf("connection") SUBSEP leaf("program") SUBSEP leaf("database")
	if (leaf("open") == "true")
		opened[identity] = $0
	else {
		delete opened[identity]
		take(0)
	}
}

# One connection, which json_read() has read.
function take(is_open, id, i, name, number) {
	id = leaf("database") SUBSEP leaf("program")
	if (!(id in connections)) {
		ids[++id_count] = id
		database_of[id] = leaf("database")
		program_of[id] = leaf("program")
	}
	connections[id]++
	open_now[id] += is_open
	if (json_type[SUBSEP "transactions"] == "{")
		for (i = 1; i <= kinds; i++)
			count[id, kind_name[i]] += leaf("transactions" SUBSEP kind_name[i])
	if (json_type[SUBSEP "waits"] == "{")
		take_waits(id)
	if (leaf("database") == "")
		return
	if (json_raw[SUBSEP "left_alone"] != "null") {
		note_unapplied(id, "all", "-", "-", leaf("left_alone"), mend_of_reason(leaf("left_alone")))
		return
	}
	for (i = 1; i <= json_keys[SUBSEP "settings", 0]; i++)
		take_setting(id, json_keys[SUBSEP "settings", i])
}

function take_waits(id, i, longest) {
	waits[id] += leaf("waits" SUBSEP "count")
	waited[id] += leaf("waits" SUBSEP "milliseconds")
	busy[id] += leaf("waits" SUBSEP "given_up")
	longest = leaf("waits" SUBSEP "longest") + 0
	if (longest > longest_of[id] + 0)
		longest_of[id] = longest
	# a report of a library that did not count them by length
	if (!((SUBSEP "waits" SUBSEP "lasted") in json_type))
		unknown[id] += leaf("waits" SUBSEP "count")
	for (i = 1; i <= wait_classes; i++)
		lasted[id, i] += leaf("waits" SUBSEP "lasted" SUBSEP i)
}

function take_setting(id, name, at, wanted, got, why) {
	at = SUBSEP "settings" SUBSEP name SUBSEP
	got = json_value[at "got"]
	wanted = json_raw[at "wanted"] == "null" ? "" : json_value[at "wanted"]
	why = json_raw[at "reason"] == "null" ? "" : json_value[at "reason"]
	if (json_value[at "decided_by"] == "program") {
		if (!(name in recipe) || recipe[name] == "keep" || got == recipe[name] || (name == "busy_timeout" && got + 0 >= recipe[name] + 0))
			return
		note_unapplied(id, name, recipe[name], got, why == "" ? "the program decided" : why, mend(name, "program", why, recipe[name]))
	} else if (wanted != "" && got != wanted)
		note_unapplied(id, name, wanted, got, why, mend(name, "failed", why, wanted))
}

function note_unapplied(id, name, wanted, got, why, step, key) {
	key = id SUBSEP name SUBSEP wanted SUBSEP got SUBSEP why
	if (!(key in unapplied)) {
		unapplied_key[id, ++unapplied_count[id]] = key
		unapplied_name[key] = name
		unapplied_wanted[key] = wanted
		unapplied_got[key] = got == "null" || got == "" ? "-" : got
		unapplied_why[key] = why
		unapplied_step[key] = step
	}
	unapplied[key]++
}

# The least time in milliseconds that this share of the waits did not pass: the end of its class, and no more than the longest.
function percentile(id, share, i, sum, number, need) {
	for (i = 1; i <= wait_classes; i++)
		number += lasted[id, i]
	if (number == 0)
		return "-"
	need = number * share
	for (i = 1; i <= wait_classes; i++) {
		sum += lasted[id, i]
		if (sum >= need)
			break
	}
	return i >= wait_classes || 2 ^ (i - 1) > longest_of[id] ? longest_of[id] + 0 : 2 ^ (i - 1)
}

function sort_ids(i, j, moved) {
	for (i = 2; i <= id_count; i++) {
		moved = ids[i]
		for (j = i - 1; j > 0 && ids[j] > moved; j--)
			ids[j + 1] = ids[j]
		ids[j + 1] = moved
	}
}

function put_records(i, j, id, key) {
	for (i = 1; i <= id_count; i++) {
		id = ids[i]
		printf "sums\t%s\t%s\t%d\t%d", field(database_of[id]), field(program_of[id]), connections[id], open_now[id]
		for (j = 1; j <= kinds; j++)
			printf "\t%d", count[id, kind_name[j]]
		printf "\t%d\t%s\t%s\t%s\t%d\n", waits[id], percentile(id, 0.5), percentile(id, 0.99), longest_of[id] + 0, busy[id]
		for (j = 1; j <= unapplied_count[id]; j++) {
			key = unapplied_key[id, j]
			printf "unapplied\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", field(database_of[id]), field(program_of[id]), unapplied_name[key], \
				unapplied_wanted[key], field(unapplied_got[key]), unapplied[key], field(unapplied_why[key]), unapplied_step[key]
		}
	}
}

function number(text) {
	return text == "-" ? "null" : text
}

function put_json(i, j, id, key, list, out) {
	for (i = 1; i <= id_count; i++) {
		id = ids[i]
		out = out (i > 1 ? "," : "") "{\"database\":" json_string(database_of[id]) ",\"program\":" json_string(program_of[id]) \
			",\"connections\":" connections[id] ",\"open\":" open_now[id] + 0 ",\"transactions\":{"
		for (j = 1; j <= kinds; j++)
			out = out (j > 1 ? "," : "") "\"" kind_name[j] "\":" count[id, kind_name[j]] + 0
		out = out "},\"waits\":{\"count\":" waits[id] + 0 ",\"milliseconds\":" waited[id] + 0 ",\"p50\":" number(percentile(id, 0.5)) ",\"p99\":" \
			number(percentile(id, 0.99)) ",\"longest\":" longest_of[id] + 0 "},\"busy\":" busy[id] + 0 ",\"not_applied\":["
		for (j = 1; j <= unapplied_count[id]; j++) {
			key = unapplied_key[id, j]
			out = out (j > 1 ? "," : "") "{\"setting\":" json_string(unapplied_name[key]) ",\"wanted\":" json_string(unapplied_wanted[key]) ",\"got\":" \
				json_string(unapplied_got[key]) ",\"connections\":" unapplied[key] ",\"reason\":" json_string(unapplied_why[key]) ",\"mend\":" \
				json_string(unapplied_step[key]) "}"
		}
		out = out "]}"
	}
	print "{\"sums\":[" out "]}"
}

# In a label a backslash, a quote and a newline are escaped. The format is UTF-8.
function label(text) {
	gsub(/\\/, "&&", text)
	gsub(/"/, "\\\"", text)
	gsub(/\n/, "\\n", text)
	return text
}

function labels(id) {
	return "database=\"" label(database_of[id]) "\",program=\"" label(program_of[id]) "\""
}

function put_head(name, type, help) {
	printf "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type
}

function put_prometheus(i, j, id, key, sum) {
	put_head("sqlprod_connections_total", "counter", "Connections in the reports.")
	for (i = 1; i <= id_count; i++)
		printf "sqlprod_connections_total{%s} %d\n", labels(ids[i]), connections[ids[i]]
	put_head("sqlprod_open_connections", "gauge", "Connections whose last line says that they are open.")
	for (i = 1; i <= id_count; i++)
		printf "sqlprod_open_connections{%s} %d\n", labels(ids[i]), open_now[ids[i]]
	put_head("sqlprod_transactions_total", "counter", "Transactions of WAL databases that took the write lock, or read in a BEGIN.")
	for (i = 1; i <= id_count; i++)
		printf "sqlprod_transactions_total{%s} %d\n", labels(ids[i]), count[ids[i], "begun"]
	put_head("sqlprod_transactions_by_kind_total", "counter", "The same by kind; one transaction may be of several.")
	for (i = 1; i <= id_count; i++)
		for (j = 2; j <= kinds; j++)
			printf "sqlprod_transactions_by_kind_total{%s,kind=\"%s\"} %d\n", labels(ids[i]), kind_name[j], count[ids[i], kind_name[j]]
	put_head("sqlprod_lock_wait_seconds", "histogram", "How long connections waited for locks.")
	for (i = 1; i <= id_count; i++) {
		id = ids[i]
		sum = 0
		for (j = 1; j < wait_classes; j++) {
			sum += lasted[id, j]
			printf "sqlprod_lock_wait_seconds_bucket{%s,le=\"%g\"} %d\n", labels(id), 2 ^ (j - 1) / 1000, sum
		}
		sum += lasted[id, wait_classes] + unknown[id]
		printf "sqlprod_lock_wait_seconds_bucket{%s,le=\"+Inf\"} %d\nsqlprod_lock_wait_seconds_sum{%s} %.3f\nsqlprod_lock_wait_seconds_count{%s} %d\n", \
			labels(id), sum, labels(id), waited[id] / 1000, labels(id), sum
	}
	put_head("sqlprod_longest_lock_wait_seconds", "gauge", "The longest wait for a lock.")
	for (i = 1; i <= id_count; i++)
		printf "sqlprod_longest_lock_wait_seconds{%s} %.3f\n", labels(ids[i]), longest_of[ids[i]] / 1000
	put_head("sqlprod_busy_total", "counter", "Waits that ended in SQLITE_BUSY.")
	for (i = 1; i <= id_count; i++)
		printf "sqlprod_busy_total{%s} %d\n", labels(ids[i]), busy[ids[i]]
	put_head("sqlprod_settings_not_applied_total", "counter", "Connections on which a setting of the recipe was not applied.")
	for (i = 1; i <= id_count; i++)
		for (j = 1; j <= unapplied_count[ids[i]]; j++) {
			key = unapplied_key[ids[i], j]
			printf "sqlprod_settings_not_applied_total{%s,setting=\"%s\",got=\"%s\",reason=\"%s\"} %d\n", labels(ids[i]), label(unapplied_name[key]),
				label(unapplied_got[key]), label(unapplied_why[key]), unapplied[key]
		}
}

END {
	for (identity in opened) {
		json_read(opened[identity])
		take(1)
	}
	if (!seen)
		exit 1
	sort_ids()
	if (what == "records")
		put_records()
	else if (what == "json")
		put_json()
	else if (what == "prometheus")
		put_prometheus()
}
