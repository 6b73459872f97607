# elf.awk - reads the start of an ELF file, given as od -An -v -tu1 prints bytes: its kind (class, byte order, machine) and its loader.
#
# Prints "KIND LOADER", "KIND -" if it has none, "KIND @ PLACE LENGTH" if the loader's name lies further on, "more N" if N bytes of the
# file are needed.

function number(at, length_, i, value) {
	for (i = 0; i < length_; i++)
		value = value * 256 + byte[at + (byte[5] == 1 ? length_ - 1 - i : i)]
	return value
}

{ for (i = 1; i <= NF; i++) byte[count++] = $i }

END {
	wide = byte[4] == 2
	table = wide ? number(32, 8) : number(28, 4)
	size = number(wide ? 54 : 42, 2)
	entries = number(wide ? 56 : 44, 2)
	end = table + size * entries
	if (end > count && !asked) {
		print "more", end
		exit
	}
	kind = byte[4] "." byte[5] "." number(18, 2)
	for (at = table; at < end && number(at, 4) != 3; at += size)
		;
	if (at >= end) {
		print kind, "-"
		exit
	}
	place = wide ? number(at + 8, 8) : number(at + 4, 4)
	length_ = wide ? number(at + 32, 8) : number(at + 16, 4)
	if (place + length_ > count) {
		print kind, "@", place, length_
		exit
	}
	printf "%s ", kind
	for (i = place; i < place + length_ && byte[i] > 0; i++)
		printf "%c", byte[i] + 0
	print ""
}
