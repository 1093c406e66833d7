#!/usr/bin/env python3
"""Each text with which the plugin can stop a node has its paragraph in docs/operations.md, found by its words; each fault
that status names is there, and in its manual page, by its name.

    operations.py SOURCE

The texts are what refuses a change (refusal_set), what is wrong with backup.lock or a message (bk_fail in lockfile and
wire), and what core's writer fails with. One is found where four words of it that follow each other, or all of
them where there are fewer, stand in a message that the document quotes."""
import re
import sys
from pathlib import Path

CALL = re.compile(r"\b(?:refusal_set|bk_fail)\s*\(")
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"|\b(PRI[a-zA-Z0-9]+)\b')
PLACE = re.compile(r'%[-0-9.*]*(?:ll|l|z|h)?[a-zA-Z%]|\\n|\\?"')


# These stop no node: backup-cli's, and what is tried again.
NO_STOP = ("is a mirror already", "is no mirror of this log", "mirrors already, which is the limit", "run backup-cli init first",
           "was written meanwhile", "the log moved on meanwhile", "cannot tell the free space", "cannot start a thread",
           "the log does not hold version", "a full keyframe takes its place", "SQLite's backup", "has %d bytes, and had",
           "no random bytes", "is in the clear, and has no slots", "has not ended yet", "cannot lock", "cannot rename", "cannot compress",
           "take the successor", "taken the successor", "the compaction was given up", "slots, and can have")


def calls(text):
    """The arguments of each call, as they stand there."""
    for match in CALL.finditer(text):
        depth, at, quoted = 1, match.end(), False
        while depth and at < len(text):
            if text[at] == "\\":
                at += 1
            elif text[at] == '"':
                quoted = not quoted
            elif not quoted:
                depth += {"(": 1, ")": -1}.get(text[at], 0)
            at += 1
        yield text[match.end():at - 1]


def texts_of(arguments):
    """The texts that a call can have: one for each literal that stands by itself; literals that follow each other,
    with macros of formats between them, are one."""
    text, end, texts = "", None, []
    for match in LITERAL.finditer(arguments):
        if end is not None and arguments[end:match.start()].strip() not in ("", "%"):
            texts.append(text)
            text = ""
        text += match.group(1) if match.group(1) is not None else "d"
        end = match.end()
    return [one for one in texts + [text] if one]


def fragments(text):
    """Its words, without what is put in."""
    return [words for part in PLACE.split(text.replace('\\"', '"')) if (words := re.findall(r"[\w.'’/-]+", part))]


def windows(text):
    parts = fragments(text)
    size = min(4, max((len(words) for words in parts), default=0))
    return {" ".join(words[i:i + size]) for words in parts if len(words) >= size for i in range(len(words) - size + 1)} if size else set()


def main(source):
    document = (source / "docs" / "operations.md").read_text()
    quoted = [" ".join(re.findall(r"[\w.'’/-]+", one)) for one in re.findall(r"``(.+?)``|`([^`\n]+)`", document) for one in one if one]
    files = [*(source / "plugin").glob("hook/*.c"), *(source / "plugin").glob("say/*.c"),
             *(source / "plugin").glob("lockfile/*.c"), *(source / "plugin").glob("wire/*.c"),
             *(source / "core" / "src" / "write").glob("*.c"), source / "core" / "src" / "log" / "take.c"]
    count, missing = 0, []
    for file in sorted(files):
        for arguments in calls(file.read_text()):
            for text in texts_of(arguments):
                wanted = windows(text)
                if any(one in text for one in NO_STOP) or text.startswith("no memory"):
                    continue
                if len(re.findall(r"[a-z]+", text)) < 2 or not wanted:
                    continue
                count += 1
                if not any(window in one for window in wanted for one in quoted):
                    missing.append(f"{file.relative_to(source)}: {text}")
    print(f"{count} texts, {len(missing)} without a paragraph")
    kinds = {kind for file in (source / "plugin" / "look").glob("faults*.c")
             for kind in re.findall(r'faults_(?:add|command|on)\(\s*out,\s*(?:look,\s*)?"([a-z-]+)"', file.read_text())}
    page = (source / "docs" / "backup-cli-status.1").read_text()
    missing += [f"{kind}: not in operations.md" for kind in sorted(kinds) if f"`{kind}`" not in document]
    missing += [f"{kind}: not in backup-cli-status.1" for kind in sorted(kinds) if not re.search(rf"^\.It .*(?<![a-z-]){kind}(?![a-z-])", page, re.M)]
    for one in missing:
        print(one)
    return 1 if missing or count < 30 or len(kinds) < 30 else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
