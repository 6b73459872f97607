#!/usr/bin/env bash
# tcl_number_by_reading.sh - Tcl 8.6.13 with SQLite's own Tcl interface 3.40.1 (Debian 12): a text that a script has looked at as a number
# is stored as that number.
#
# Guessed:  in Tcl everything is a text: $zip is stored as it is written, and to look at it changes nothing.
# Happens:  the interface asks for the value's inner form, and every test leaves one there: string is integer -strict $zip, $zip > 0. After
#           it 01234 is stored as 668, for a leading 0 is octal to Tcl 8; 0042 as 34, 0x10 as 16, 1e5 as 100000.0, 1.50 as 1.5, +49 as 49;
#           into a column of type TEXT too. The same goes for a parameter in WHERE.
# Seen:     2026-11-30: untouched "01234 0042 0x10 1e5 1.50 +49", validated or compared "668 34 16 100000.0 1.5 49", with
#           CAST(@code AS TEXT) as written; found by 01234: before the test 1, after it 0.
# Matters:  the check of the input is what damages it: a script that validates postal codes, article or phone numbers stores others than the
#           one that does not, and what was cut off is in no column. Which line did it is not to be seen at the INSERT; copies by
#           [format %s $code] or [string trim $code] do not help. CAST(@code AS TEXT) in the SQL does.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
here=$(echo 'package require sqlite3; puts "[info patchlevel] [sqlite3 -version]"' | tclsh 2>/dev/null) || here=none
[ "$here" = "8.6.13 3.40.1" ] || {
	echo "cannot be had here: tclsh 8.6.13 with sqlite3 3.40.1 (Debian 12's libsqlite3-tcl)"
	exit 77
}

cat >look.tcl <<'END'
package require sqlite3
sqlite3 db :memory:
db eval {CREATE TABLE item(code TEXT)}

proc look {what prepare {value {$code}}} {
	set line "$what:"
	foreach written {01234 0042 0x10 1e5 1.50 +49} {
		# As it comes from a file or a form: a new text each time.
		set code [string range "code=$written" 5 end]
		eval $prepare
		db eval "DELETE FROM item; INSERT INTO item VALUES ($value)"
		append line " " [db onecolumn {SELECT code FROM item}]
	}
	puts $line
}

look untouched {}
look validated {if {![string is double -strict $code]} {error "not a number"}}
look compared {if {$code < 0} {error "negative"}}
look "validated, CAST" {if {![string is double -strict $code]} {error "not a number"}} {CAST(@code AS TEXT)}
db eval {DELETE FROM item; INSERT INTO item VALUES ('01234')}
set code [string range code=01234 5 end]
set before [db onecolumn {SELECT count(*) FROM item WHERE code = $code}]
string is integer -strict $code
puts "found: before the test $before, after it [db onecolumn {SELECT count(*) FROM item WHERE code = $code}]"
END
tclsh look.tcl | tee seen
cat >stated <<'END'
untouched: 01234 0042 0x10 1e5 1.50 +49
validated: 668 34 16 100000.0 1.5 49
compared: 668 34 16 100000.0 1.5 49
validated, CAST: 01234 0042 0x10 1e5 1.50 +49
found: before the test 1, after it 0
END
cmp -s stated seen || {
	echo "this has changed"
	exit 1
}
