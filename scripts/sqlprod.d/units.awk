# units.awk - numbers as people read them.

function size_shown(bytes, unit, n, i) {
	n = split("bytes KiB MiB GiB TiB", unit, " ")
	for (i = 1; bytes >= 1024 && i < n; i++)
		bytes /= 1024
	return (bytes == int(bytes) ? bytes : sprintf("%.1f", bytes)) " " unit[i]
}

function time_shown(milliseconds) {
	if (milliseconds < 1000)
		return milliseconds " ms"
	return (milliseconds % 1000 == 0 ? milliseconds / 1000 : sprintf("%.1f", milliseconds / 1000)) " s"
}

# Of a wait: no wait is "-".
function wait_shown(milliseconds) {
	return milliseconds == "-" ? "-" : milliseconds < 1000 ? milliseconds "ms" : sprintf("%.1fs", milliseconds / 1000)
}

# The value of a setting, in its unit.
function setting_shown(name, value) {
	if (value !~ /^-?[0-9]+$/ || value == 0)
		return value
	if (name == "busy_timeout")
		return time_shown(value)
	if (name == "mmap_size" || (name == "journal_size_limit" && value > 0))
		return size_shown(value)
	if (name == "cache_size")
		return value < 0 ? size_shown(-value * 1024) : value " pages"
	if (name == "wal_autocheckpoint")
		return value " pages"
	return value
}
