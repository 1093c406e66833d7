"""oldermake.py - files as the older plugin leaves them, made here, with the faults that it leaves in them.

An implementation of its own, of the layout alone (docs/older.md): a node that writes a database by
statements, and a Backup that stores them as that plugin does, its mistakes included."""
import os
import random
import sqlite3
import struct
import subprocess

CHANGE, SNAPSHOT = 1, 2


class Backup:
    """The file, written as the older plugin does: appended to, its header rewritten after each record."""

    def __init__(self, path):
        self.path = path
        self.version = self.previous = self.count = 0
        self.offset, self.previous_offset = 512, 0
        self.records = []  # (offset, size) of each, as they stand
        self.body = bytearray()
        self.header_version = 0

    def add(self, version, payload, kind=CHANGE):
        record = struct.pack("!IIB", len(payload), version, kind) + payload
        self.records.append((512 + len(self.body), len(record)))
        self.body += record  # always at the end: the seek has no effect
        self.previous, self.previous_offset = self.version, self.offset
        self.version = version
        self.offset += len(record)
        self.count += 1
        self.header_version = version

    def change(self, version, statements):
        self.add(version, b"\0".join(s.encode() for s in statements))

    def rewind(self):
        """The last change was never committed: nothing in the file tells, but the offsets behind."""
        self.version, self.offset = self.previous, self.previous_offset
        self.previous, self.previous_offset = 0, 0

    def header(self):
        text = struct.pack("!IIQIQQ", 1, self.header_version, self.offset, self.previous,
                           self.previous_offset, self.count)
        return text + bytes(512 - len(text))

    def bytes(self):
        return self.header() + bytes(self.body)

    def write(self):
        with open(self.path, "wb") as file:
            file.write(self.bytes())
        return self.path


def dump(path):
    """What a database holds, as text."""
    done = subprocess.run(["sqlite3", path, ".dump"], capture_output=True, check=True)
    return done.stdout


class Node:
    """A database that moves on by versions, and what it was at each."""

    SCHEMA = [
        "CREATE TABLE vars (name TEXT PRIMARY KEY, val TEXT, intval INTEGER)",
        "INSERT INTO vars VALUES ('data_version', NULL, 0)",
        "CREATE TABLE peers (id INTEGER PRIMARY KEY, alias TEXT)",
        "CREATE TABLE channels (id INTEGER PRIMARY KEY, peer_id INTEGER REFERENCES peers(id), state BLOB)",
        "CREATE TABLE outputs (id INTEGER PRIMARY KEY, status INTEGER, reserved_til INTEGER)",
    ]

    def __init__(self, path, seed):
        self.path = path
        self.random = random.Random(seed)
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA foreign_keys = ON")
        self.db.execute("PRAGMA synchronous = OFF")
        self.version = 0
        self.dumps = {}

    def bump(self):
        return "UPDATE vars SET intval = %d WHERE name = 'data_version' AND intval = %d" % (
            self.version + 1, self.version)

    def some(self):
        """Statements of one change, without its last."""
        r, found = self.random, []
        for _ in range(r.randrange(1, 6)):
            kind = r.randrange(5)
            if kind == 0:
                found.append("INSERT INTO peers (alias) VALUES ('it''s %d; -- not a comment')" % r.randrange(1 << 30))
            elif kind == 1:
                found.append("INSERT INTO outputs (status, reserved_til) VALUES (%d, NULL)" % r.randrange(3))
            elif kind == 2:
                found.append("UPDATE outputs SET reserved_til=%d WHERE id=%d" % (r.randrange(900000), r.randrange(1, 40)))
            elif kind == 3:
                found.append("INSERT INTO channels (peer_id, state) SELECT id, x'%s' FROM peers ORDER BY id DESC LIMIT 1"
                             % r.randbytes(r.randrange(1, 300)).hex())
            else:
                found.append("DELETE FROM outputs WHERE id=%d" % r.randrange(1, 40))
        return found

    def proposal(self):
        """The next change, which is not committed yet."""
        body = self.SCHEMA if not self.version else self.some()
        return body + [self.bump()]

    def commit(self, statements):
        self.db.execute("BEGIN")
        for statement in statements:
            self.db.execute(statement)
        self.db.execute("COMMIT")
        self.version += 1
        self.dumps[self.version] = dump(self.path)

    def pragma(self, statement):
        self.db.execute(statement)

    def image(self):
        with open(self.path, "rb") as file:
            return file.read()


def play(node, backup, count):
    """COUNT changes, all well."""
    for _ in range(count):
        statements = node.proposal()
        backup.change(node.version + 1, statements)
        node.commit(statements)


def play_struck(node, backup, times=1):
    """A change that is lost TIMES times before its commit, and comes back as another each time."""
    for _ in range(times):
        backup.change(node.version + 1, node.proposal())
        backup.rewind()
    play(node, backup, 1)


def without_blank(statement):
    """As nodes before v0.9.2 wrote it."""
    import re
    statement = re.sub(r"(reserved_til=[0-9]+) WHERE", r"\1WHERE", statement)
    return re.sub(r"(peer_id=[0-9]+) WHERE channels\.id=", r"\1WHERE channels.id=", statement)


def fresh(directory, name, seed):
    """A node and a backup in DIRECTORY."""
    os.makedirs(directory, exist_ok=True)
    return (Node(os.path.join(directory, name + ".sqlite3"), seed),
            Backup(os.path.join(directory, name + ".dbak")))
