"""Prints one value of each JSON line in a report: report.py FILE KEY...

A dictionary or a list is printed as JSON, a missing key as "missing"."""

import json
import sys


def look(value, keys):
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            return "missing"
        value = value[key]
    return value


def main(path, *keys):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            value = look(json.loads(line), keys)
            plain = isinstance(value, str)
            print(value if plain else json.dumps(value, sort_keys=True))


main(*sys.argv[1:])
