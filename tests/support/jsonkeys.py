#!/usr/bin/env python3
"""jsonkeys.py - the keys of JSON objects, as dotted paths, each once: what a description has to name.

Usage: jsonkeys.py FILE..."""
import json
import sys


def walk(value, path, found):
    if isinstance(value, list):
        for item in value:
            walk(item, path + "[]", found)
        if not value or not isinstance(value[0], dict):
            found.add(path)
    elif isinstance(value, dict):
        for key, item in value.items():
            walk(item, path + "." + key if path else key, found)
    else:
        found.add(path)


found = set()
for name in sys.argv[1:]:
    with open(name) as text:
        walk(json.load(text), "", found)
print("\n".join(sorted(found)))
