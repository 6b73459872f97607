"""Copies a shared library as if it had been linked with -Bsymbolic, as Ubuntu's is: symbolic.py FROM TO. Its references to its own
functions lead to these, not to another library's of the same name."""
import os
import struct
import sys

SHT_DYNAMIC = 6
DT_FLAGS = 30
DF_SYMBOLIC = 2


def sections(data):
    start, size, count = (struct.unpack_from(*place)[0] for place in (("<Q", data, 40), ("<H", data, 58), ("<H", data, 60)))
    return [struct.unpack_from("<IIQQQQIIQQ", data, start + i * size) for i in range(count)]


def main(source, target):
    with open(source, "rb") as file:
        data = bytearray(file.read())
    dynamic = next(section for section in sections(data) if section[1] == SHT_DYNAMIC)
    entries = range(dynamic[4], dynamic[4] + dynamic[5], 16)
    flags = next(at for at in entries if struct.unpack_from("<Q", data, at)[0] in (DT_FLAGS, 0))
    value = struct.unpack_from("<Q", data, flags + 8)[0]
    struct.pack_into("<QQ", data, flags, DT_FLAGS, value | DF_SYMBOLIC)
    with open(target + ".new", "wb") as file:
        file.write(data)
    os.rename(target + ".new", target)


main(*sys.argv[1:])
