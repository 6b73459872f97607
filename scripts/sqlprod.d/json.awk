# json.awk - reads and writes JSON, for awk scripts beside it. Any POSIX awk will do; LC_ALL=C keeps bytes as they are.
#
# json_read(TEXT) fills json_type, json_value, json_raw and json_keys, by path: keys, each after a SUBSEP. False if that is no JSON.

function json_read(text) {
	split("", json_type)
	split("", json_value)
	split("", json_raw)
	split("", json_keys)
	json_text = text
	json_sound = 1
	json_parse("")
	return json_sound && json_next() == ""
}

# The next token's first character.
function json_next() {
	sub(/^[ \t\r\n]+/, "", json_text)
	return substr(json_text, 1, 1)
}

function json_take(regular_expression, found) {
	if (!match(json_text, regular_expression)) {
		json_sound = 0
		json_text = ""
		return ""
	}
	found = substr(json_text, 1, RLENGTH)
	json_text = substr(json_text, RLENGTH + 1)
	return found
}

function json_parse(path, first, key, count, close_by) {
	first = json_next()
	if (first == "{" || first == "[") {
		json_type[path] = first
		close_by = first == "{" ? "}" : "]"
		json_text = substr(json_text, 2)
		while (json_sound && json_next() != close_by) {
			if (count)
				json_take("^,")
			json_next()
			key = first == "{" ? json_decode(json_take("^\"([^\"\\\\]|\\\\.)*\"")) : count + 1
			json_next()
			if (first == "{")
				json_take("^:")
			json_keys[path, ++count] = key
			if (json_sound)
				json_parse(path SUBSEP key)
		}
		json_text = substr(json_text, 2)
		json_keys[path, 0] = count + 0
	} else if (first == "\"") {
		json_type[path] = "string"
		json_raw[path] = json_take("^\"([^\"\\\\]|\\\\.)*\"")
		json_value[path] = json_decode(json_raw[path])
	} else {
		json_raw[path] = json_value[path] = json_take("^(-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?|true|false|null)")
		json_type[path] = json_raw[path] ~ /^[-0-9]/ ? "number" : json_raw[path]
	}
}

function json_hex(digits, i, number) {
	for (i = 1; i <= length(digits); i++)
		number = number * 16 + index("0123456789abcdef", tolower(substr(digits, i, 1))) - 1
	return number + 0
}

# A literal without its quotes and escapes.
function json_decode(literal, out, at, c) {
	literal = substr(literal, 2, length(literal) - 2)
	while ((at = index(literal, "\\")) > 0) {
		out = out substr(literal, 1, at - 1)
		c = substr(literal, at + 1, 1)
		literal = substr(literal, at + 2)
		if (c == "u") {
			out = out json_character(json_hex(substr(literal, 1, 4)))
			literal = substr(literal, 5)
		} else
			out = out (c == "n" ? "\n" : c == "t" ? "\t" : c == "r" ? "\r" : c == "b" ? "\b" : c == "f" ? "\f" : c)
	}
	return out literal
}

function json_character(code) {
	if (code < 128)
		return sprintf("%c", code)
	if (code < 2048)
		return sprintf("%c%c", 192 + int(code / 64), 128 + code % 64)
	return sprintf("%c%c%c", 224 + int(code / 4096), 128 + int(code / 64) % 64, 128 + code % 64)
}

function json_string(text, out, i, c) {
	gsub(/\\/, "&&", text)
	gsub(/"/, "\\\"", text)
	gsub(/\t/, "\\t", text)
	gsub(/\n/, "\\n", text)
	gsub(/\r/, "\\r", text)
	if (text !~ /[\001-\037\177]/)
		return "\"" text "\""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c ~ /[\001-\037\177]/)
			c = sprintf("\\u%04x", json_code[c])
		out = out c
	}
	return "\"" out "\""
}

BEGIN {
	for (json_i = 1; json_i < 128; json_i++)
		json_code[sprintf("%c", json_i)] = json_i
}

# The JSON string of a field of a record, in which a tab, a newline, a return and a backslash are escaped: records.sh.
function json_field(text, out, at, c) {
	while ((at = index(text, "\\")) > 0) {
		c = substr(text, at + 1, 1)
		out = out substr(text, 1, at - 1) (c == "t" ? "\t" : c == "n" ? "\n" : c == "r" ? "\r" : c)
		text = substr(text, at + 2)
	}
	return json_string(out text)
}

# A text as a field of a record: records are lines, their fields end at tabs.
function field(text) {
	gsub(/\\/, "&&", text)
	gsub(/\t/, "\\t", text)
	gsub(/\n/, "\\n", text)
	gsub(/\r/, "\\r", text)
	gsub(/[\001-\010\013\014\016-\037\177]/, "?", text)
	return text
}
