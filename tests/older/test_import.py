"""test_import.py - backup-cli import, on files with each fault that the older plugin left in its own.

    BK_BIN=build/dev python3 tests/older/test_import.py [TEST...]

Each version of the log that comes of it is restored, and its .dump compared with the node's at that version."""
import difflib
import os
import random
import sqlite3

from kit import Plugin, cli, has, run
from oldermake import SNAPSHOT, dump, fresh, play, play_struck, without_blank


def import_(backup, directory, expect=0, name="new.bkp"):
    log = os.path.join(directory, name)
    if os.path.exists(log):
        os.unlink(log)
    return log, cli("import", backup.path, log, expect=expect)


def same(ours, theirs, version):
    if ours != theirs:
        lines = difflib.unified_diff(theirs.decode().split("\n"), ours.decode().split("\n"), "node", "log", lineterm="")
        raise AssertionError("version %s is not what the node had:\n%s" % (version, "\n".join(lines)[:2000]))


def check(log, node, directory, versions=None, head=None):
    """The log gives each of VERSIONS back as the node had it, and stands at HEAD."""
    head = head or node.version
    for version in [*(versions or sorted(node.dumps)), None]:
        out = os.path.join(directory, "out.sqlite3")
        words = ["--version", str(version)] if version else []
        has(cli("restore", *words, log, out), "Restored version %d," % (version or head))
        same(dump(out), node.dumps[version or head], version)
        os.unlink(out)
    has(cli("verify", "--deep", log), "No damage found")


def test_whole(directory):
    """A file without a fault: schema, lone pragmas, changes over several intervals."""
    node, backup = fresh(directory, "node", 1)
    play(node, backup, 1)
    for statement in ("PRAGMA foreign_keys = OFF;", "PRAGMA foreign_keys = ON;"):
        backup.change(node.version, [statement])
        node.pragma(statement)
        play(node, backup, 1)
    play(node, backup, 300)
    backup.write()
    log, said = import_(backup, directory)
    has(said, "Imported 305 changes and 0 snapshots", "version 303")
    assert "Mended" not in said and "Warning" not in said, said
    check(log, node, directory, [1, 2, 3, 127, 128, 129, 130, 131, 260, 303])


def test_struck(directory):
    """Fault 1: struck-out records stay, the later one of a version is right; the header's offsets are off."""
    for seed in range(6):
        node, backup = fresh(os.path.join(directory, str(seed)), "node", seed)
        dice, struck = random.Random(seed), 0
        play(node, backup, 2)
        for _ in range(60):
            times = dice.choice([0, 0, 0, 1, 1, 2])
            play_struck(node, backup, times)
            struck += times
        if seed % 2:  # the pragma that repeats a version is no second change of it
            backup.change(node.version, ["PRAGMA foreign_keys = OFF;"])
            node.pragma("PRAGMA foreign_keys = OFF;")
            play_struck(node, backup)
            struck += 1
        backup.write()
        log, said = import_(backup, directory)
        assert said.count("struck out") == struck, (struck, said)
        check(log, node, directory, sorted(node.dumps)[::7])
        assert cli("log", "--all", "--json", log).count("struck out") == struck, "not told in the log"


def test_torn(directory):
    """Fault 2: the last record is cut at every byte; missing whole; and the header is behind."""
    node, backup = fresh(directory, "node", 3)
    play(node, backup, 12)
    whole, (at, size) = backup.bytes(), backup.records[-1]
    for cut in range(0, size):
        with open(backup.path, "wb") as file:
            file.write(whole[:at + cut])
        log, said = import_(backup, directory, expect=3)
        has(said, "the file's header names version 12 as the newest", "it stands at version 11")
        if cut:
            has(said, "ends in %d bytes that are no whole record" % cut)
        if cut % 16 == 0:
            check(log, node, directory, [11], head=11)
    backup.header_version = 9
    backup.write()
    log, said = import_(backup, directory)
    check(log, node, directory, [9, 10, 11])
    # Zeros, as a file that had grown when the power went has them.
    with open(backup.path, "wb") as file:
        file.write(whole[:at] + bytes(size))
    backup.header_version = 11
    log, said = import_(backup, directory, expect=3)
    has(said, "no whole record", "version 11")


def test_blanks(directory):
    """Fault 3: the blank that old nodes left out, and what only looks like that."""
    node, backup = fresh(directory, "node", 4)
    play(node, backup, 1)
    good = [
        ["INSERT INTO peers (id, alias) VALUES (7, 'reserved_til=5WHERE and peer_id=1WHERE channels.id=')",
         "INSERT INTO outputs (id, status) VALUES (1, 0)"],
        ["UPDATE outputs SET status=123, reserved_til=1891733 WHERE id=1"],
        ["INSERT INTO channels (id, peer_id) VALUES (5, NULL)"],
        ["UPDATE channels SET state=x'00', peer_id=7 WHERE channels.id=5", "UPDATE outputs SET reserved_til=1 WHERE id=1"],
        ["UPDATE peers SET alias='x reserved_til=7WHERE' WHERE id=7 -- reserved_til=8WHERE"],
    ]
    for statements in good:
        statements = statements + [node.bump()]
        written = [s if "alias" in s else without_blank(s) for s in statements]
        backup.change(node.version + 1, written)
        node.commit(statements)
    backup.write()
    log, said = import_(backup, directory)
    has(said, "a blank that old nodes left out before WHERE was put in, 3 times")
    check(log, node, directory)


def test_snapshots(directory):
    """A file that begins with a snapshot; one that was begun anew; a database in WAL mode."""
    node, backup = fresh(directory, "node", 5)
    _, unwatched = fresh(directory, "unwatched", 5)
    play(node, unwatched, 40)
    backup.add(node.version, node.image(), SNAPSHOT)
    play(node, backup, 5)
    play(node, unwatched, 3)
    backup.add(node.version, node.image(), SNAPSHOT)
    play_struck(node, backup)
    backup.write()
    log, said = import_(backup, directory)
    has(said, "6 changes and 2 snapshots")
    check(log, node, directory, [40, 41, 45, 48, 49])
    has(cli("restore", "--version", "46", log, os.path.join(directory, "x"), expect=1), "46")
    # An older one: whoever ran init anew began with another state, and that is what counts.
    wal, backup = fresh(directory, "wal", 6)
    play(wal, backup, 9)
    play(node, backup, 3)
    image = wal.image()
    backup.add(wal.version, image[:18] + b"\2\2" + image[20:], SNAPSHOT)  # as a database in WAL mode has it
    play(wal, backup, 4)
    backup.write()
    log, said = import_(backup, directory, expect=0 if wal.version > node.version else 3)
    has(said, "does not follow version 9")
    wal.dumps = {v: d for v, d in wal.dumps.items() if v >= 9}
    check(log, wal, directory)


def test_lacking(directory):
    """Fault 4 and more: the snapshot was too large to be written, or is no database; kinds there are none of."""
    node, backup = fresh(directory, "node", 7)
    _, unwatched = fresh(directory, "unwatched", 7)
    play(node, unwatched, 30)
    play(node, backup, 3)
    backup.write()
    log, said = import_(backup, directory, expect=3)
    has(said, "nothing can be rebuilt")
    assert not os.path.exists(log) and sorted(os.listdir(directory)) == [
        "node.dbak", "node.sqlite3", "unwatched.sqlite3"], "something was left behind"
    # Half a database, then a whole one.
    backup.add(node.version, node.image()[:5000], SNAPSHOT)
    play(node, backup, 2)
    backup.add(node.version, node.image(), SNAPSHOT)
    play(node, backup, 2)
    backup.write()
    log, said = import_(backup, directory, expect=3)
    has(said, "is no database that can be read", "records could not be taken over", "1 snapshots")
    check(log, node, directory, [35, 36, 37])
    # A kind that there is none of.
    backup.add(node.version + 1, b"?", 3)
    backup.write()
    log, said = import_(backup, directory, expect=3)
    has(said, "no whole record", "it stands at version 37")


def test_unreplayable(directory):
    """A change that fails, and one that draws on chance."""
    node, backup = fresh(directory, "node", 8)
    play(node, backup, 10)
    backup.change(11, ["INSERT INTO nowhere VALUES (1)", node.bump()])
    backup.change(12, ["DELETE FROM peers"])
    backup.write()
    log, said = import_(backup, directory, expect=3)
    has(said, "version 11 cannot be replayed", "no such table", "2 records could not be taken over")
    check(log, node, directory, [9, 10], head=10)
    node, backup = fresh(directory, "chance", 9)
    play(node, backup, 10)
    statements = ["INSERT INTO peers (alias) VALUES (hex(randomblob(8)))", node.bump()]
    backup.change(11, statements)
    node.commit(statements)
    statements = ["UPDATE peers SET alias='not by chance'", node.bump()]
    backup.change(12, statements)
    node.commit(statements)
    backup.write()
    log, said = import_(backup, directory)
    has(said, "version 11 may not be what the node had")
    check(log, node, directory, [10, 12])


def test_places(directory):
    """What is no such file; where something stands; an empty one; restore and init that meet one; nothing left."""
    node, backup = fresh(directory, "node", 10)
    backup.write()
    log, said = import_(backup, directory)
    has(said, "there is nothing yet")
    has(cli("import", backup.path, log, expect=1), "exists already")
    has(cli("import", log, os.path.join(directory, "x.bkp"), expect=1), "is no file of the older backup plugin")
    has(cli("import", os.path.join(directory, "none"), log, expect=1), "there is no")
    play(node, backup, 5)
    node.db.close()
    backup.write()
    out = os.path.join(directory, "restored.sqlite3")
    has(cli("restore", backup.path, out), "Restored version 5,", "the older plugin's file", "backup-cli import")
    assert dump(out) == node.dumps[5]
    has(cli("log", backup.path, expect=1), "a file of the older Python plugin", "backup-cli import")
    lightning = os.path.join(directory, "lightning")
    os.mkdir(lightning)
    os.rename(node.path, os.path.join(lightning, "lightningd.sqlite3"))
    has(cli("init", "--lightning-dir", lightning, backup.path, expect=1), "a file of the older Python plugin", "backup-cli import")
    # The plugin refuses, and names the commands.
    with open(os.path.join(lightning, "backup.lock"), "w") as file:
        file.write('{"backend_url": "file://%s"}' % backup.path)
    plugin = Plugin(lightning)
    has(plugin.write(6, [node.bump()]), "the file of the older backup plugin", "nothing is lost",
        "backup-cli import file://%s " % backup.path, "backup-cli init --lightning-dir %s" % lightning)
    plugin.kill()
    # The change-over: import, then init.
    os.unlink(log)
    cli("import", backup.path, log)
    has(cli("init", "--lightning-dir", lightning, log), "is at version 5, as the database is")
    # The older file knows of a newer state than the node has: a new backup must not hide that.
    with open(os.path.join(lightning, "backup.lock"), "w") as file:
        file.write('{"backend_url": "file://%s"}' % backup.path)
    db = sqlite3.connect(os.path.join(lightning, "lightningd.sqlite3"))
    db.execute("UPDATE vars SET intval = 3 WHERE name = 'data_version'")
    db.commit()
    db.close()
    has(cli("init", "--lightning-dir", lightning, os.path.join(directory, "another.bkp"), expect=1), "lost some state")


run([test_whole, test_struck, test_torn, test_blanks, test_snapshots, test_lacking, test_unreplayable, test_places])
