"""Checks what a command prints with --json against its description: jsonpage.py SECTION PAGE... <OUTPUT

SECTION is a .Ss of one of the manual pages PAGE, or "-": a page that is about that command alone. Each key that is
printed must be described there; those that are described and not printed are named, for the case to judge. Names
that come from a database are keys of no description."""
import json
import re
import sys

# What holds the database's own names, or objects by them.
ROWS = {"diff": {"key", "before", "after"}, "history": {"key", "before", "after"}, "extract": {"row"}}
BY_TABLE = {"log": {"tables", "rows"}}


def described(section, page):
    lines, on, keys = open(page, encoding="utf-8").read().split("\n"), section == "-", set()
    for line in lines:
        if section != "-" and re.match(r"\.S[hs] ", line):
            on = line == ".Ss " + section
        if not on:
            continue
        names = re.match(r"\.(?:It )?Va (.*)", line)
        if names:
            keys |= {word for word in names.group(1).split() if re.fullmatch(r"[a-z_]+(\[\])?(\.[a-z_]+(\[\])?)*", word)}
        if line == ".Sx diff":  # history has what diff has
            keys |= described("diff", page)
    return keys


def printed(value, section, path=""):
    if isinstance(value, list):
        return set().union(*[printed(one, section, path + "[]") for one in value], set())
    if not isinstance(value, dict):
        return set()
    keys, top = set(), path.split(".")[-1]
    for key, below in value.items():
        if path in BY_TABLE.get(section, ()):
            keys |= {inner for inner in below}
            continue
        whole = f"{path}.{key}" if path else key
        keys.add(whole)
        if whole not in ROWS.get(section, ()):
            keys |= printed(below, section, whole)
    return keys


def objects(text):
    decoder, at = json.JSONDecoder(), 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        value, at = decoder.raw_decode(text, at)
        yield value


def main():
    section, pages = sys.argv[1], sys.argv[2:]
    wanted = set().union(*[described(section, page) for page in pages])
    name, count, seen = section.split()[0] if "--" not in section else section, 0, set()
    for value in objects(sys.stdin.read()):
        count += 1
        seen |= printed(value, name)
    parents = {part for key in wanted for part in (re.split(r"\[|\.", key)[0], key.rsplit(".", 1)[0].removesuffix("[]"))}
    unknown = sorted(seen - wanted - parents - {key for key in seen if key.split(".")[-1] in wanted})
    if not count or unknown:
        print(f"{section}: {count} objects; not described: {' '.join(unknown)}")
    ends = {key.split(".")[-1].removesuffix("[]") for key in seen} | seen
    missing = sorted(key for key in wanted if key.removesuffix("[]") not in seen and key.split(".")[-1] not in ends)
    print(f"{section}: described and not seen: {' '.join(missing) or 'nothing'}")


main()
