# page.awk - fills a manual page: -v version=… TABLE PAGE, the table as the library prints it.
#
# A line @SETTINGS@ becomes one entry a setting, @VERSION@ the version.

function plain(text) {
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	return text
}

function entry(field) {
	printf ".TP\n.B %s\n%s.\n", plain(field[1]), plain(toupper(substr(field[7], 1, 1)) substr(field[7], 2))
	printf "Allowed: %s.\n", plain(field[6])
	if (field[3] == "-")
		print "Recipe: none."
	else
		printf "Recipe:\n.BR %s .\n", plain(field[3])
}

FILENAME == "-" {
	rows[++count] = $0
	next
}

/^@SETTINGS@$/ {
	for (i = 1; i <= count; i++) {
		split(rows[i], field, "\t")
		entry(field)
	}
	next
}

{
	gsub(/@VERSION@/, version)
	print
}
