# elf.awk - reads the start of an ELF file, given as od -An -v -tu1 prints bytes.
#
# Of its first 64 bytes: its kind (class, byte order, machine), then place and length of the program header table, or "?" if no kernel
# would take that. Of these bytes, a line "table" and the table: the kind, then place and length of the loader's name, or "-" if it has
# none.

function number(at, length_, i, value) {
	for (i = 0; i < length_; i++)
		value = value * 256 + byte[at + (byte[5] == 1 ? length_ - 1 - i : i)]
	return value
}

$1 == "table" {
	count = start = 64
	next
}

{ for (i = 1; i <= NF; i++) byte[count++] = $i }

END {
	wide = byte[4] == 2
	size = wide ? 56 : 32
	length_ = size * number(wide ? 56 : 44, 2)
	kind = byte[4] "." byte[5] "." number(18, 2)
	if (!start) {
		if (length_ <= 65536 && number(wide ? 54 : 42, 2) == size)
			printf "%s %.0f %d\n", kind, wide ? number(32, 8) : number(28, 4), length_
		else
			print kind, "?"
		exit
	}
	for (at = start; at < count && number(at, 4) != 3; at += size)
		;
	if (at >= count)
		print kind, "-"
	else
		printf "%s %.0f %.0f\n", kind, wide ? number(at + 8, 8) : number(at + 4, 4), wide ? number(at + 32, 8) : number(at + 16, 4)
}
