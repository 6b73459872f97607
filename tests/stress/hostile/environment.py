"""Runs a victim in made-up environments: environment.py SEED COUNT LAUNCH VICTIM LIBRARY.

Whatever the variables SQLPROD_… hold, and however often they occur: the program prints what it always prints, and each bad one is
one line of printable ASCII, bounded in length, that names the variable and what is allowed. What is bad is said here a second time, from
the manual and not from the library. Works in the current folder; ends with a line of what was tried."""

import collections
import glob
import json
import os
import random
import re
import subprocess
import sys

NUMBERS = {
    "SQLPROD_BUSY_TIMEOUT": (0, 2**31 - 1, False),
    "SQLPROD_CACHE_SIZE": (1 - 2**31, 2**31 - 1, False),
    "SQLPROD_RESERVE": (10, 60000, False),
    "SQLPROD_LOG_WAIT": (0, 2**31 - 1, False),
    "SQLPROD_LOG_TRANSACTION": (0, 2**31 - 1, False),
    "SQLPROD_REPORT_INTERVAL": (0, 86400, False),
    "SQLPROD_WAL_AUTOCHECKPOINT": (0, 2**31 - 1, False),
    "SQLPROD_MMAP_SIZE": (0, 2**63 - 1, True),
    "SQLPROD_JOURNAL_SIZE_LIMIT": (-1, 2**63 - 1, True),
}
PATTERNS = {"SQLPROD_PROGRAMS", "SQLPROD_SKIP_PROGRAMS", "SQLPROD_DATABASES", "SQLPROD_SKIP_DATABASES"}
FILES = {"SQLPROD_LOG", "SQLPROD_REPORT"}
SUFFIXES = {b"k": 10, b"m": 20, b"g": 30}
KEPT_COMPLAINTS = 24
ALPHABET = [bytes([n]) for n in range(1, 256)] + [b"\x1b[31m", b"\xc2\x9b", b"\xe2\x80\xae", b"%p", b"%s", b"%n", b"\r\n"] * 8
LINES = [
    "open a t.db",
    "exec a CREATE TABLE t(x)",
    "exec a BEGIN; INSERT INTO t VALUES(1); COMMIT",
    "exec a SELECT x FROM t",
    "close a",
]
OUTPUT = b"open 0\nexec 0\nexec 0\n1\nexec 0\nclose 0\n"
COMPLAINT = re.compile(rb"is not understood|is not a setting and has no effect")
OF_PATTERNS = re.compile(rb"sqlprod: SQLPROD_(SKIP_)?(PROGRAMS|DATABASES)(: \"[ -~]*\" can match nothing: |=\"[ -~]*\" has no pattern in it)")


def known_settings(library):
    table = json.loads(subprocess.run([library, "--settings=json"], env={}, stdout=subprocess.PIPE, check=True).stdout)
    settings = {row["variable"]: row["allowed"] for row in table["settings"]}
    measured = {name for name, allowed in settings.items() if allowed.startswith(("bytes", "KiB", "milliseconds", "pages", "seconds"))}
    assert measured == set(NUMBERS), f"not known here: {measured ^ set(NUMBERS)}"
    return settings


def is_number(text, least, greatest, sized):
    match = re.fullmatch(rb"(-?[0-9]+)([kmg]?)" if sized else rb"(-?[0-9]+)()", text, re.I)
    if not match:
        return False
    # the library gives up where 64 bits end, zeros in front or not
    return least <= int(match[1].decode()) * 2 ** SUFFIXES.get(match[2].lower(), 0) <= greatest


def is_cache(text):
    """With K, M or G it is a size, kept in KiB."""
    match = re.fullmatch(rb"([0-9]+)([kmg])", text, re.I)
    size = int(match[1].decode()) << SUFFIXES[match[2].lower()] if match else 0
    return 0 < size < 2**63 and size // 1024 < 2**31


def is_good(name, text, allowed):
    words = [word.encode() for word in re.split(", ", allowed)]
    if name in PATTERNS | FILES:
        return True
    if name == "SQLPROD_CACHE_SIZE" and is_cache(text):
        return True
    if name in NUMBERS:
        keeps = "keep" in allowed and text.lower() == b"keep"
        return keeps or is_number(text, *NUMBERS[name])
    return text.lower() in [word.split()[0] for word in words]


def make_noise(choose, longest):
    size = choose.choice([0, 1, 2, 5, 20, 79, 80, 81, 500, 4096, longest])
    if choose.random() < 0.5:
        return (choose.choice(ALPHABET) * size)[:size]
    return b"".join(choose.choice(ALPHABET) for _ in range(min(size, 600)))


def make_number(choose):
    base = choose.choice([0, 1, -1, 2**31, -(2**31), 2**32, 2**63, -(2**63), 2**64, 2**53, 2**33, 10**18, 10**19, 10**30, 30000])
    text = b"%d" % (base + choose.choice([-1, 0, 1]))
    before = choose.choice([b""] * 6 + [b"0", b"00", b"+", b"-", b"--", b" ", b"\t", b"0x", b"0" * 300, b"\xc2\xa0"])
    behind = choose.choice([b""] * 6 + [b"k", b"M", b"G", b"T", b"KB", b" ", b"\n", b".0", b"e3", b"_", b"ms", b"k ", b"\xef\xbc\x90"])
    return before + text + behind


def make_pattern(choose, longest):
    parts = [b"*", b"?", b"[", b"]", b"[a-", b"[!a]", b"[[:alpha:]]", b"[[.a.]]", b"[[=", b"\\", b"a", b"*a", b",", b" ", b"/", b"+(a", b"\xff"]
    chosen = [choose.choice(parts) for _ in range(choose.choice([1, 3, 10]))]
    return (b"".join(chosen) * choose.choice([1, 2, 50, 100000]))[: choose.choice([40, 3000, longest])]


def make_file(choose):
    return choose.choice([b"", b".", b"/dev/null", b"/dev/full", b"/nowhere/x", b"%p", b"%p" * 2500, b"f", b"f%", b"f" * 5000, b"./" * 2047 + b"f",
                          b"f" + make_noise(choose, 200).replace(b"/", b"")])


def make_value(choose, name, allowed, longest):
    if name in FILES:
        return make_file(choose) if choose.random() < 0.8 else choose.choice([b"stderr", b"STDERR"])
    if name in PATTERNS:
        return make_pattern(choose, longest)
    kind = choose.random()
    if kind < 0.35:
        return make_number(choose)
    if kind < 0.75:
        word = choose.choice(allowed.split(", ")).split()[0].encode()
        return choose.choice([word, word.upper(), word.title(), word + b" ", b" " + word, word + word, word[:-1], word.replace(b"i", b"\xc4\xb0")])
    return make_noise(choose, longest)


def make_entry(choose, settings, longest):
    kind = choose.random()
    name = choose.choice(sorted(settings))
    if kind < 0.72:
        return name.encode() + b"=" + make_value(choose, name, settings[name], longest)
    if kind < 0.80:
        return b"SQLPROD" + choose.choice([b"_", b"", b"X", b"_JOURNAL", b"_JOURNALMODE", b"_BUSY_TIMEOUTS", b"_" + make_noise(choose, 300)]) + choose.choice(
            [b"=1", b"=", b"", b"==", b"=\x1b[2J"])
    if kind < 0.85:
        return name.encode() + choose.choice([b"", b"\n=1", b" =1", b"=", b"=="])
    return choose.choice([b"", b"=", b"=x", b"x", b"sqlprod=off", b"PATH=/", b"LC_ALL=C.UTF-8", make_noise(choose, longest)])


def show(text):
    """As the library shows it: cut at 80 columns."""
    out = ""
    for byte in text:
        piece = chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else "\\x%02x" % byte
        if len(out) + len(piece) > 80:
            return out + "..."
        out += piece
    return out


def expected_complaints(entries, settings):
    """(variable, what of the value is shown or None) of each complaint in order; how many patterns there are, each of which may be one
    more; and whether anything is logged."""
    seen, complaints, patterns, level = set(), [], 0, b"warn"
    for entry in entries:
        name, equals, value = entry.partition(b"=")
        if not entry.startswith(b"SQLPROD") or not equals or not value:
            continue
        text = name.decode("latin-1")
        if text not in settings:
            if name[7:8] == b"_":
                complaints.append((show(name), None))
        elif text not in seen:
            seen.add(text)
            if not is_good(text, value, settings[text]):
                complaints.append((text, show(value)))
            elif text == "SQLPROD_LOG_LEVEL":
                level = value.lower()
            elif text in PATTERNS:
                patterns += value.count(b",") + 1
    return complaints, patterns, level != b"off"


def outputs():
    return [name for name in glob.glob("*") + glob.glob(".*") if not name.startswith("t.db") and name != "environment" and os.path.isfile(name)]


def check(entries, settings, run):
    expected, patterns, logged = expected_complaints(entries, settings)
    wanted = list(dict.fromkeys(expected[:KEPT_COMPLAINTS]))
    assert run.returncode == 0, f"exit status {run.returncode}"
    assert run.stdout == OUTPUT, f"printed {run.stdout!r}"
    lines = run.stderr.split(b"\n")
    for name in outputs():
        with open(name, "rb") as file:
            lines += file.read().split(b"\n")
    if any(entry.startswith((b"SQLPROD_LOG=/dev", b"SQLPROD_REPORT=/dev")) for entry in entries):
        return len(wanted)
    of_patterns = [line for line in lines if OF_PATTERNS.match(line)]
    assert all(re.fullmatch(rb"[ -~]{1,520}", line) for line in of_patterns), of_patterns
    complaints = [line for line in lines if line.startswith(b"sqlprod: SQLPROD") and COMPLAINT.search(line) and line not in of_patterns]
    if of_patterns and len(complaints) < len(wanted):  # these took the place of some
        kept = next(n for n in range(len(expected)) if len(set(expected[: n + 1])) > len(complaints))
        assert kept + patterns >= KEPT_COMPLAINTS, f"{len(complaints)} complaints, and {of_patterns}"
        wanted = wanted[: len(complaints)]
    assert len(complaints) == (len(wanted) if logged else 0), f"{len(complaints)} complaints, not {len(wanted)}: {complaints}"
    for line, (variable, value) in zip(complaints, wanted if logged else []):
        assert re.fullmatch(rb"[ -~]{1,520}", line), line
        assert line.startswith(b"sqlprod: " + variable.encode()), (line, variable)
        assert value is None or f'="{value}" '.encode() in line and settings[variable].encode() in line, (line, value)
    return len(wanted)


def main():
    sys.set_int_max_str_digits(0)
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    launch, victim, library = (os.path.abspath(path) for path in sys.argv[3:6])
    settings = known_settings(library)
    tried = collections.Counter()
    for number in range(seed, seed + count):
        choose = random.Random(number)
        longest = choose.choice([200, 4096, 100_000, 131_000])
        entries = [make_entry(choose, settings, longest) for _ in range(choose.choice([1, 2, 5, 30, 60]))]
        entries = [entry.replace(b"\0", b"") for entry in entries if not entry.startswith(b"LD_")]
        entries.insert(choose.randrange(len(entries) + 1), b"LD_PRELOAD=" + library.encode())
        for name in outputs() + glob.glob("t.db*"):
            os.remove(name)
        with open("environment", "wb") as file:
            file.write(b"".join(entry + b"\0" for entry in entries))
        run = subprocess.run([launch, "environment", victim, *LINES], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        if run.returncode == 100:
            tried["refused by the kernel"] += 1
            continue
        try:
            tried["bad values"] += check(entries, settings, run)
        except AssertionError as problem:
            sys.exit(f"seed {number}: {problem}\n{[entry[:200] for entry in entries]}")
        tried["environments"] += 1
        tried["variables"] += len(entries)
        tried["bytes"] += sum(map(len, entries))
    print(", ".join(f"{tried[what]} {what}" for what in ("environments", "variables", "bytes", "bad values", "refused by the kernel")))


main()
