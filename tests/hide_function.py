"""hide_function.py FROM TO NAME - a copy of a library of 64 bits in which the loader finds no such function; the library's own calls of it
still work. The symbol becomes a local and hidden one: some loaders ask for the one, some for the other."""

import struct
import sys

source, target, name = sys.argv[1:]
with open(source, "rb") as file:
    elf = bytearray(file.read())
at, = struct.unpack_from("<Q", elf, 0x28)
size, count = struct.unpack_from("<HH", elf, 0x3A)
sections = [struct.unpack_from("<IIQQQQIIQQ", elf, at + size * n) for n in range(count)]
SHT_DYNSYM, STV_HIDDEN = 11, 2
symbols = next(section for section in sections if section[1] == SHT_DYNSYM)
names = sections[symbols[6]][4]
hidden = 0
for symbol in range(symbols[4], symbols[4] + symbols[5], 24):
    start = names + struct.unpack_from("<I", elf, symbol)[0]
    if elf[start : start + len(name) + 1] == name.encode() + b"\0":
        elf[symbol + 4] &= 0x0F
        elf[symbol + 5] = STV_HIDDEN
        hidden += 1
if hidden > 1:
    sys.exit(f"{source}: {hidden} functions {name}")
with open(target, "wb") as file:
    file.write(elf)
