"""test_server.py - backup-cli server, spoken to by an independent client of the older plugin's protocol.

    BK_BIN=build/dev python3 tests/older/test_server.py [TEST...]"""
import json
import os
import random
import resource
import signal
import socket
import struct
import subprocess
import time
import zlib

from kit import BIN, CLI, Serving, cli, has, run, stored
from oldermake import dump, fresh
from peer import (ACK, CHANGE, COMPACT, COMPACT_RES, METADATA, NACK, REQ_METADATA, RESTORE, SNAPSHOT, Client, Cutter, Ended,
                  change_payload, join, rebuild, snapshot_payload)


def begin(directory, seed=1):
    """A node, an empty log and a server."""
    node, _ = fresh(directory, "node", seed)
    log = os.path.join(directory, "log.bkp")
    cli("init", log, env={**os.environ, "HOME": directory})
    return node, log, Serving(log)


def play(client, node, count):
    for _ in range(count):
        statements = node.proposal()
        assert client.change(node.version + 1, statements) == (True, node.version + 1)
        node.commit(statements)


def check(log, node, directory, versions=(), count=None):
    """The log gives the node's versions back, and holds COUNT changes."""
    out = os.path.join(directory, "out.sqlite3")
    for version in [*versions, None]:
        words = ["--version", str(version)] if version else []
        cli("restore", *words, log, out)
        assert dump(out) == node.dumps[version or node.version], "version %s" % version
        os.unlink(out)
    has(cli("verify", "--deep", log), "No damage found")
    if count is not None:
        found = stored(log)
        assert len(found) == count, "%d changes are stored, and not %d: %s" % (len(found), count, found)


def test_kinds(directory):
    """Every kind of packet, and the bytes of each answer."""
    node, log, server = begin(directory)
    client = Client(server.port)
    client.send(REQ_METADATA)
    assert client.bytes(25) == struct.pack("!BIIIIQ", METADATA, 20, 1, 0, 0, 0)
    assert client.restore() == []
    play(client, node, 1)
    assert client.metadata() == (1, 0, 1)
    for pragma in ("PRAGMA foreign_keys = OFF;", "PRAGMA foreign_keys = ON;"):
        assert client.change(node.version, [pragma]) == (True, node.version)
        play(client, node, 1)
    assert client.metadata() == (3, 2, 5)
    # Back over the newest, which was never committed; once only.
    lost = node.proposal()
    client.send(CHANGE, change_payload(4, lost))
    assert client.bytes(9) == struct.pack("!BII", ACK, 4, 4)
    assert client.rewind(3) == (True, 3)
    assert client.metadata() == (3, 0, 5)
    assert client.rewind(2) == (False, 3)
    play(client, node, 200)
    # What the server need not answer, and what it does not do.
    for kind in (ACK, NACK):
        client.send(kind, struct.pack("!I", 7))
    client.send(METADATA, bytes(20))
    client.send(COMPACT)
    kind, said = client.receive()
    assert kind == COMPACT_RES, (kind, said, server.text())
    said = json.loads(said)
    assert set(said["before"]) == set(said["after"]) == {"backupsize", "version_count"}, said
    play(client, node, 3)
    assert rebuild(client.restore(), os.path.join(directory, "out")) == 206
    assert dump(os.path.join(directory, "out")) == node.dumps[206]
    # A snapshot, as after init; one that is older, or is none.
    image = node.image()
    assert client.snapshot(node.version, image) == (True, 206)
    assert client.metadata()[:2] == (206, 0)
    play(client, node, 5)
    assert client.snapshot(206, image) == (False, 211)
    assert client.snapshot(212, node.image()) == (False, 211)
    assert client.snapshot(212, b"no database") == (False, 211)
    # What does not follow.
    for version in (1, 210, 211, 213, 4000000000):
        assert client.change(version, node.proposal()) == (False, 211), version
    server.end()
    assert not os.path.exists(log + ".incoming")
    has(cli("log", "--all", log), "struck out")


def test_restore(directory):
    """RESTORE: a snapshot near the head and the change behind it, at each version; the database is the node's."""
    node, log, server = begin(directory, 2)
    client, out = Client(server.port), os.path.join(directory, "out.sqlite3")
    for _ in range(40):
        play(client, node, 1)
        records = client.restore()
        assert [r[0] for r in records] == ([CHANGE] if node.version == 1 else [SNAPSHOT, CHANGE]), records
        assert rebuild(records, out) == node.version and dump(out) == node.dumps[node.version]
    # With foreign keys off a client that knows nothing of that gets the head itself.
    client.change(node.version, ["PRAGMA foreign_keys = OFF"])
    node.pragma("PRAGMA foreign_keys = OFF")
    assert [r[0] for r in client.restore()] == [SNAPSHOT]
    statements = ["INSERT INTO channels (peer_id) VALUES (999)", node.bump()]
    assert client.change(node.version + 1, statements)[0]
    node.commit(statements)
    records = client.restore()
    assert [r[:2] for r in records] == [(SNAPSHOT, 41)]
    assert rebuild(records, out) == 41 and dump(out) == node.dumps[41]
    server.end()
    os.unlink(out)
    check(log, node, directory, [1, 20, 40], count=42)


def test_repeated(directory):
    """What is sent again after a connection broke is stored once: changes, pragmas, snapshots, rewinds; and after a kill."""
    node, log, server = begin(directory, 3)
    client, changes = Client(server.port), 0
    for step in range(30):
        statements = node.proposal()
        assert client.change(node.version + 1, statements)[0]
        node.commit(statements)
        changes += 1
        client.close()
        if step % 5 == 0:
            server.end(signal.SIGKILL)
            server = Serving(log)
        client = Client(server.port)
        assert client.metadata()[:2] == (node.version, node.version - 1)
        assert client.change(node.version, statements) == (True, node.version), "once more"
        if step % 7 == 0:
            pragma = ["PRAGMA foreign_keys = ON"]
            assert client.change(node.version, pragma)[0]
            client.close()
            client = Client(server.port)
            assert client.change(node.version, pragma)[0], "once more"
            changes += 1
        # Another change of that version is none that came before.
        assert client.change(node.version, ["DELETE FROM peers", node.bump()]) == (False, node.version)
    image = node.image()
    assert client.snapshot(node.version, image)[0]
    size = os.path.getsize(log)
    client.close()
    client = Client(server.port)
    assert client.snapshot(node.version, image)[0], "once more"
    assert os.path.getsize(log) == size, "it was stored twice"
    lost = node.proposal()
    assert client.change(node.version + 1, lost)[0]
    assert client.rewind(node.version)[0]
    client.close()
    client = Client(server.port)
    assert client.rewind(node.version)[0], "once more"
    play(client, node, 3)
    server.end()
    check(log, node, directory, sorted(node.dumps)[::6], count=changes + 3)


def test_cuts(directory):
    """The connection cut at every byte of a change, a rewind and a snapshot, both ways: nothing lost, nothing twice."""
    node, log, server = begin(directory, 4)
    client = Client(server.port)
    play(client, node, 3)
    changes = 3

    def cut_at(exchange, size, back_size, settle):
        """EXCHANGE, which sends SIZE bytes and gets BACK_SIZE, is cut at every byte; SETTLE brings level."""
        for forth, back in [(at, None) for at in range(size)] + [(None, at) for at in range(back_size)]:
            cutter = Cutter(server.port, forth, back)
            near = Client(cutter.port)
            try:
                answer = exchange(near)
                assert False, "it was not cut: %r" % (answer,)
            except Ended:
                pass
            near.close()
            cutter.close()
            settle()

    client.close()
    current = {"statements": node.proposal()}

    def settle_change():
        """As the older plugin does: METADATA tells whether it was stored."""
        nonlocal changes
        again = Client(server.port)
        version = again.metadata()[0]
        if version == node.version:
            assert again.change(node.version + 1, current["statements"])[0]
        else:
            assert version == node.version + 1
        node.commit(current["statements"])
        changes += 1
        current["statements"] = node.proposal()
        again.close()

    # Each exchange has a change of its own size.
    for back in (False, True):
        at = 0
        while True:
            payload = change_payload(node.version + 1, current["statements"])
            if at >= (9 if back else 5 + len(payload)):
                break
            cutter = Cutter(server.port, None if back else at, at if back else None)
            near = Client(cutter.port)
            try:
                near.change(node.version + 1, current["statements"])
                assert False, "it was not cut"
            except Ended:
                pass
            near.close()
            cutter.close()
            settle_change()
            at += 1

    def settle_rewind():
        again = Client(server.port)
        assert again.metadata()[0] in (node.version, node.version + 1)
        if again.metadata()[0] == node.version + 1:
            assert again.rewind(node.version)[0]
        assert again.change(node.version + 1, ["DELETE FROM outputs", node.bump()])[0]
        again.close()

    again = Client(server.port)
    assert again.change(node.version + 1, node.proposal())[0]
    again.close()
    cut_at(lambda near: near.rewind(node.version), 9, 9, settle_rewind)
    again = Client(server.port)
    assert again.rewind(node.version)[0]
    again.close()

    def settle_snapshot():
        again = Client(server.port)
        assert again.metadata()[0] == node.version
        assert again.snapshot(node.version, image)[0]
        again.close()

    small = node.image()
    image = small
    size = 5 + len(snapshot_payload(node.version, image))
    places = list(range(0, 40)) + list(range(40, size - 40, max(1, size // 200))) + list(range(size - 40, size))
    if os.environ.get("BK_TORTURE"):
        places = range(size)
    for at in places:
        cutter = Cutter(server.port, at)
        near = Client(cutter.port)
        try:
            near.snapshot(node.version, image)
            assert False, "it was not cut"
        except Ended:
            pass
        near.close()
        cutter.close()
        assert Client(server.port).metadata()[0] == node.version
    cut_at(lambda near: near.snapshot(node.version, image), 0, 9, settle_snapshot)
    client = Client(server.port)
    play(client, node, 2)
    server.end()
    assert not os.path.exists(log + ".incoming")
    check(log, node, directory, sorted(node.dumps)[::9], count=changes + 2)


def test_hostile(directory):
    """What makes no sense hurts nobody: kinds, sizes, packing, bombs; memory stays small."""
    node, log, server = begin(directory, 5)
    client = Client(server.port)
    play(client, node, 2)
    client.close()
    bomb = zlib.compress(bytes(1 << 30), 9)
    zeros = zlib.compress(b"SELECT 1; \0" * (1 << 20))
    packets = [
        struct.pack("!BI", 99, 0), struct.pack("!BI", 0, 4) + b"abcd", struct.pack("!BI", 3, 5) + b"abcde",
        struct.pack("!BI", 3, 0), struct.pack("!BI", 4, 1) + b"x", struct.pack("!BI", 5, 7) + bytes(7),
        struct.pack("!BI", 1, 3) + b"abc", struct.pack("!BI", 1, 4) + struct.pack("!I", 3),
        struct.pack("!BI", 1, 10) + struct.pack("!I", 3) + b"abcdef",
        struct.pack("!BI", 1, 4 + len(bomb)) + struct.pack("!I", 3) + bomb,
        struct.pack("!BI", 1, 0xffffffff), struct.pack("!BI", 7, 0xffffffff), struct.pack("!BI", 2, 2) + b"ab",
        struct.pack("!BI", 2, 8) + struct.pack("!I", 3) + b"abcd",
        struct.pack("!BI", 1, 4 + len(zeros) - 3) + struct.pack("!I", 3) + zeros[:-3],
    ]
    good = change_payload(3, node.proposal())
    packets.append(struct.pack("!BI", 1, len(good) + 2) + good + b"!!")
    dice = random.Random(5)
    for _ in range(100):
        packets.append(bytes([dice.randrange(12)]) + struct.pack("!I", dice.randrange(60)) + dice.randbytes(60))
    for packet in packets:
        near = Client(server.port, timeout=60)
        try:
            near.raw(packet)
            near.sock.shutdown(socket.SHUT_WR)
            while True:
                near.receive()
        except (Ended, OSError):
            pass
        near.close()
    with open("/proc/%d/status" % server.proc.pid) as file:
        peak = [int(line.split()[1]) for line in file if line.startswith("VmHWM")][0]
    with open(CLI, "rb") as file:
        program = file.read()
    # A sanitizer takes memory of its own.
    assert b"__asan_init" in program or b"__tsan_init" in program or peak < 200 << 10, "%d KiB at its peak" % peak
    client = Client(server.port)
    assert client.metadata()[0] == 2
    play(client, node, 2)
    server.end()
    check(log, node, directory, [1, 2, 3], count=4)


def test_idle(directory):
    """A connection whose other side is gone without a word gives way to another one."""
    node, log, server = begin(directory, 6)
    first = Client(server.port)
    play(first, node, 2)
    began = time.monotonic()
    second = Client(server.port)
    assert second.metadata()[0] == 2
    assert 5 < time.monotonic() - began < 25
    try:
        first.metadata()
        assert False, "two at once"
    except Ended:
        pass
    play(second, node, 1)
    server.end()
    has(server.text(), "idle, and another one comes")


def test_full_disk(directory):
    """A disk that has no room ends the connection without an answer; the log goes on once there is some."""
    node, _ = fresh(directory, "node", 7)
    log = os.path.join(directory, "log.bkp")
    cli("init", log, env={**os.environ, "HOME": directory})
    server = Serving(log, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 1 << 40)))
    client, sent = Client(server.port), None
    try:
        while True:
            sent = node.proposal() + ["-- " + random.Random(1).randbytes(300).hex()]
            assert client.change(node.version + 1, sent)[0]
            node.commit(sent)
    except Ended:
        pass
    client = Client(server.port)
    assert client.metadata()[0] == node.version
    resource.prlimit(server.proc.pid, resource.RLIMIT_FSIZE, (1 << 40, 1 << 40))
    assert client.change(node.version + 1, sent)[0]
    node.commit(sent)
    play(client, node, 3)
    server.end()
    check(log, node, directory, [1, 2])


def test_words(directory):
    """The command line, what is logged, systemd's socket and its READY."""
    has(cli("server", "--help"), "NO AUTHENTICATION")
    log = os.path.join(directory, "log.bkp")
    has(cli("server", log, "127.0.0.1:1", expect=1), "there is no log")
    cli("init", log, env={**os.environ, "HOME": directory})
    for words in ([], [log], [log, "x:y:z"], [log, "host"], [log, "127.0.0.1:70000"], [log, "::1:80"],
                  ["--log-mode", "x", log, ":1"], ["--log-level", "loud", log, ":1"]):
        cli("server", *words, expect=2)
    server = Serving(log, "--log-mode", "systemd")
    Client(server.port).metadata()
    has(cli("server", log, "127.0.0.1:1", expect=1), "is held by backup-cli server")
    server.end()
    has(server.text(), "<6>Waiting for connection", "<6>Servicing incoming connection")
    listening = socket.create_server(("127.0.0.1", 0))
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(os.path.join(directory, "notify"))
    notify.settimeout(30)
    # systemd's first descriptor is 3; the number of the process is known once it is there.
    proc = subprocess.Popen(["sh", "-c", 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"', "sh", CLI, "server", log],
                            preexec_fn=lambda: os.dup2(listening.fileno(), 3), pass_fds=[3],
                            env={**os.environ, "NOTIFY_SOCKET": os.path.join(directory, "notify")},
                            stdout=subprocess.DEVNULL)
    has(notify.recv(4096).decode(), "READY=1", "STATUS=")
    client = Client(listening.getsockname()[1])
    assert client.metadata()[0] == 0
    proc.terminate()
    assert proc.wait(30) == -signal.SIGTERM


if __name__ == "__main__":
    run([test_kinds, test_restore, test_repeated, test_cuts, test_hostile, test_idle, test_full_disk, test_words])
