"""Copies a shared library, with a function hidden, if it exports that: hide_symbol.py FROM TO FUNCTION. The library itself still
reaches it."""
import os
import struct
import sys

STV_HIDDEN = 2
SHT_DYNSYM = 11


def sections(data):
    start, size, count = (struct.unpack_from(*place)[0] for place in (("<Q", data, 40), ("<H", data, 58), ("<H", data, 60)))
    return [struct.unpack_from("<IIQQQQIIQQ", data, start + i * size) for i in range(count)]


def main(source, target, function):
    with open(source, "rb") as file:
        data = bytearray(file.read())
    table = sections(data)
    symbols = next(section for section in table if section[1] == SHT_DYNSYM)
    names = table[symbols[6]][4]
    for at in range(symbols[4], symbols[4] + symbols[5], 24):
        name = names + struct.unpack_from("<I", data, at)[0]
        if data[name:data.index(b"\0", name)].decode() == function:
            data[at + 4] &= 0x0F  # STB_LOCAL, for musl
            data[at + 5] = STV_HIDDEN
    with open(target + ".new", "wb") as file:
        file.write(data)
    os.rename(target + ".new", target)


main(*sys.argv[1:])
