"""test_client.py - the plugin and backup-cli as clients of an independent server of the older plugin's protocol,
and of backup-cli server.

    BK_BIN=build/dev python3 tests/older/test_client.py [TEST...]"""
import json
import os
import socket
import struct
import threading
import time

from kit import Plugin, Serving, cli, has, run, stored
from oldermake import Node, dump
from peer import CHANGE, REQ_METADATA, REWIND, SNAPSHOT, Client, Cutter, Ended, Server, Wire, change_payload, rebuild


class World:
    """A node's directory, a server, and what goes between them."""

    def __init__(self, directory, seed, changes=0, server=None, **extra):
        self.directory = directory
        self.dir = os.path.join(directory, "lightning")
        os.makedirs(self.dir)
        self.node = Node(os.path.join(self.dir, "lightningd.sqlite3"), seed)
        for _ in range(changes):
            self.node.commit(self.node.proposal())
        self.server = server or Server()
        self.cutter = Cutter(self.server.port)
        self.url = "socket:127.0.0.1:%d" % self.cutter.port
        self.plugin = None
        self.extra = extra

    def init(self, **how):
        said = cli("init", "--lightning-dir", self.dir, self.url, **how)
        if self.extra:
            path = os.path.join(self.dir, "backup.lock")
            with open(path) as file:
                keys = json.load(file)
            keys.update(self.extra)
            with open(path, "w") as file:
                json.dump(keys, file)
        return said

    def start(self):
        self.plugin = Plugin(self.dir)

    def send(self, statements):
        return self.plugin.write(self.node.version + 1, statements)

    def play(self, count=1):
        for _ in range(count):
            statements = self.node.proposal()
            refused = self.send(statements)
            assert refused is None, refused
            self.node.commit(statements)

    def pragma(self, statement):
        refused = self.plugin.write(self.node.version, [statement])
        assert refused is None, refused
        self.node.pragma(statement)

    def stop(self):
        assert self.plugin.stop() == 0
        text = "".join(self.plugin.log)
        self.plugin = None
        return text

    def check(self):
        """Server and log have the node's database."""
        out = os.path.join(self.directory, "out.sqlite3")
        if isinstance(self.server, Server):
            assert rebuild(self.server.records, out) == self.node.version
            assert dump(out) == self.node.dumps[self.node.version], "the server has another database"
        cli("verify", "--against", self.node.path, os.path.join(self.dir, "backup-primary.bkp"))
        if os.path.exists(out):
            os.unlink(out)
        has(cli("restore", "socket:127.0.0.1:%d" % self.server.port, out), "Restored version %d," % self.node.version)
        assert dump(out) == self.node.dumps[self.node.version], "restore gave another database"
        os.unlink(out)


def changes(server):
    return [version for kind, version, _ in server.records if kind == CHANGE]


def test_new(directory):
    """A new node, lone pragmas, restarts; init and what it says; a second init."""
    world = World(directory, 1)
    os.unlink(world.node.path)
    world.node = Node(world.node.path, 1)
    has(world.init(), "Database does not exist yet", "Initialized backup backend " + world.url)
    world.start()
    world.play(1)
    world.pragma("PRAGMA foreign_keys = OFF;")
    world.play(1)
    world.pragma("PRAGMA foreign_keys = ON;")
    world.play(20)
    world.stop()
    world.start()
    world.play(1)
    has(world.stop(), "Versions match up: 22")
    assert world.server.records[1][2] == b"PRAGMA foreign_keys = OFF;"
    assert changes(world.server) == [1, 1, 2, 2] + list(range(3, 24))
    world.check()
    has(world.init(), "is at version 23, as the database is")
    has(cli("import", "socket:127.0.0.1:%d" % world.server.port, os.path.join(directory, "taken.bkp")), "25 changes")


def test_existing(directory):
    """A node that has a database: the server gets a snapshot; one that is behind does, too; one that is ahead refuses."""
    world = World(directory, 2, 30)
    has(world.init(), "Found an existing database", "Successfully written initial snapshot to " + world.url, "keeps a day")
    with open(os.path.join(world.dir, "backup.lock")) as file:
        assert json.load(file)["keep"] == {"all": "1d"}
    assert "keeps a day" not in world.init()
    assert [r[:2] for r in world.server.records] == [(SNAPSHOT, 30)]
    world.start()
    world.play(5)
    world.stop()
    world.check()
    # The node runs on unwatched.
    world.node.commit(world.node.proposal())
    world.node.commit(world.node.proposal())
    world.start()
    world.play(3)
    has(world.stop(), "Backup is out of date, healing it", "the backup server has a snapshot of version 37")
    assert [r[:2] for r in world.server.records][-4:] == [(SNAPSHOT, 37), (CHANGE, 38), (CHANGE, 39), (CHANGE, 40)]
    world.check()
    # The server lost something, the log beside the node did not.
    del world.server.records[-2:]
    world.server.version, world.server.previous = 38, 37
    world.start()
    world.play(2)
    has(world.stop(), "Versions match up: 40", "the node is at version 40, the backup server at 38")
    world.check()
    # The server is ahead: the node lost some state.
    world.server.version, world.server.previous = 50, 49
    world.start()
    has(world.send(world.node.proposal()), "lost some state", "at version 42, the backup at 50", "backup-cli restore socket:")
    world.plugin.kill()
    has(world.init(expect=1), "older than what")


def test_halt(directory):
    """With on_gap halt nothing is healed."""
    world = World(directory, 3, 5, on_gap="halt")
    world.init()
    world.start()
    world.play(2)
    world.stop()
    world.server.version = 5
    world.start()
    has(world.send(world.node.proposal()), "Backup is out of date, we cannot continue safely", "the backup server at 5")
    world.plugin.kill()


def test_crashes(directory):
    """lightningd dies before its commit, once the change is at both, and once at the server alone."""
    world = World(directory, 4, 3)
    world.init()
    world.start()
    world.play(2)
    for both in (True, False, True):
        if both:
            assert world.send(world.node.proposal()) is None
        world.plugin.kill()
        if not both:
            world.server.add(CHANGE, change_payload(world.node.version + 1, world.node.proposal()))
        world.start()
        world.play(2)
    has(world.stop(), "rewinding non-committed transaction")
    assert changes(world.server) == list(range(4, world.node.version + 1))
    assert world.server.seen.count(REWIND) == 3
    world.check()


def test_cuts(directory):
    """The connection cut at every byte of a change, a lone pragma, a rewind and a snapshot, both ways: nothing lost, nothing twice."""
    world = World(directory, 5, 3)
    world.init()
    world.start()
    world.play(1)
    at = 0
    while True:  # each change has a size of its own, and none is much larger than another
        before = world.cutter.cuts
        world.cutter.arm(forth=at)
        world.play(1)
        if world.cutter.cuts == before:
            break
        at += 1
    assert at > 50, at
    for back in range(9):
        world.cutter.arm(back=back)
        world.play(1)
    for pragma, way in (("PRAGMA foreign_keys = OFF", "forth"), ("PRAGMA foreign_keys = ON", "back")):
        for at in range(44 if way == "forth" else 9):
            world.cutter.arm(**{way: at})
            world.pragma(pragma)
        world.cutter.arm()
        world.play(1)
    assert changes(world.server) == sorted(changes(world.server))
    twice = [v for v in set(changes(world.server)) if changes(world.server).count(v) > 1]
    assert len(twice) <= 2 and len(changes(world.server)) <= world.node.version - 3 + 44 + 9, twice
    # A rewind: of 9 bytes, and 9 of an answer. The connection that finds it is made at the start.
    for way in ("forth", "back"):
        for at in range(9):
            assert world.send(world.node.proposal()) is None
            world.plugin.kill()
            world.cutter.arm(**{way: at + (5 if way == "forth" else 25)})
            world.start()
            world.play(1)
    # A snapshot.
    for way, places in (("forth", [*range(5, 40, 2), *range(40, 700, 80)]), ("back", range(25, 34, 2))):
        for at in places:
            world.plugin.kill()
            world.node.commit(world.node.proposal())
            world.cutter.arm(**{way: at})
            world.start()
            world.play(1)
    world.cutter.arm()
    world.play(3)
    world.stop()
    assert world.server.records[-1][1] == world.node.version
    world.check()


def test_ours(directory):
    """backup-cli server at the other end: the same, and a kill of it at any time."""
    log = os.path.join(directory, "served.bkp")
    cli("init", log, env={**os.environ, "HOME": directory})
    serving = Serving(log)
    world = World(directory, 6, 10, server=serving)
    has(world.init(), "Successfully written initial snapshot")
    world.start()
    for at in range(0, 120, 3):
        world.cutter.arm(forth=at)
        world.play(1)
    for back in range(9):
        world.cutter.arm(back=back)
        world.play(1)
    world.cutter.arm()
    for _ in range(5):
        world.play(2)
        serving.proc.kill()
        serving.proc.wait()
        serving = Serving(log, port=serving.port)
        world.server = serving
    world.play(3)
    assert world.send(world.node.proposal()) is None
    world.plugin.kill()
    world.start()
    world.play(3)
    world.stop()
    assert stored(log) == list(range(11, world.node.version + 1)), stored(log)
    cli("verify", "--against", world.node.path, log)
    serving.end()


def test_refusals(directory):
    """A server that refuses; that speaks nothing of ours; that comes back; that does not."""
    world = World(directory, 7, 3)
    world.init()
    world.start()
    world.play(1)
    world.server.refuse = True
    has(world.send(world.node.proposal()), "refuses the change of version 5", "the backup stays as it is", "To go on:")
    world.plugin.kill()
    world.server.refuse = False
    world.start()
    world.play(1)
    # It is away for some seconds.
    world.server.close()
    world.cutter.arm(forth=3)
    away = world.server

    def come_back():
        time.sleep(2)
        world.server.listening = socket.create_server(("127.0.0.1", away.port))
        threading.Thread(target=away.run, daemon=True).start()

    threading.Thread(target=come_back, daemon=True).start()
    world.play(2)
    has(world.stop(), "lightningd waits")
    world.check()
    for url in ("socket:127.0.0.1", "socket:::1:80", "socket:127.0.0.1:80?proxy=http:x:1", "socket:127.0.0.1:80?x=y", "socket:"):
        cli("init", "--lightning-dir", world.dir, url, expect=2)
    has(cli("restore", "socket:127.0.0.1:1", os.path.join(directory, "x"), expect=1), "cannot reach")
    # What answers with rubbish.
    rubbish = socket.create_server(("127.0.0.1", 0))

    def babble():
        while True:
            sock, _ = rubbish.accept()
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
            sock.close()

    threading.Thread(target=babble, daemon=True).start()
    has(cli("restore", "socket:127.0.0.1:%d" % rubbish.getsockname()[1], os.path.join(directory, "x"), expect=2),
        "does not speak the older plugin's protocol")


class Socks:
    """A SOCKS5 proxy that knows one name."""

    def __init__(self, name, port):
        self.name, self.target, self.asked = name, port, []
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            sock, _ = self.listening.accept()
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        wire = Wire(sock)
        assert wire.bytes(3) == b"\5\1\0"
        wire.raw(b"\5\0")
        head = wire.bytes(4)
        assert head[:3] == b"\5\1\0"
        if head[3] == 3:
            host = wire.bytes(wire.bytes(1)[0]).decode()
        else:
            host = socket.inet_ntop(*((socket.AF_INET, wire.bytes(4)) if head[3] == 1 else (socket.AF_INET6, wire.bytes(16))))
        port = struct.unpack("!H", wire.bytes(2))[0]
        self.asked.append((host, port))
        if host not in (self.name, "::1", "127.0.0.1"):
            wire.raw(b"\5\4\0\1" + bytes(6))
            wire.close()
            return
        wire.raw(b"\5\0\0\3\4away" + bytes(2))
        far = socket.create_connection(("127.0.0.1", self.target))
        for source, sink in ((sock, far), (far, sock)):
            threading.Thread(target=self.carry, args=(source, sink), daemon=True).start()

    def carry(self, source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def test_ways(directory):
    """By a proxy, which finds the name; IPv6 in brackets; a name."""
    world = World(directory, 8, 3)
    proxy = Socks("backup.onion", world.server.port)
    world.url = "socket:backup.onion:8700?proxy=socks5:127.0.0.1:%d" % proxy.port
    world.init()
    world.start()
    world.play(3)
    world.stop()
    assert set(proxy.asked) == {("backup.onion", 8700)}
    world.check()
    world.url = "socket:[::1]:99?proxy=socks5:localhost:%d" % proxy.port
    world.init()
    world.url = "socket:nowhere.onion:8700?proxy=socks5:127.0.0.1:%d" % proxy.port
    has(world.init(expect=1), "the proxy 127.0.0.1", "the host cannot be reached")
    world.url = "socket:localhost:%d" % world.server.port
    world.init()
    world.start()
    world.play(1)
    world.stop()
    world.check()
    try:
        six = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        print("skipped: there is no IPv6 here to connect by")
        return
    world.server.listening.close()
    world.server.listening = six
    threading.Thread(target=world.server.run, daemon=True).start()
    world.url = "socket:[::1]:%d" % six.getsockname()[1]
    world.init()
    world.start()
    world.play(1)
    world.stop()


if __name__ == "__main__":
    run([test_new, test_existing, test_halt, test_crashes, test_cuts, test_ours, test_refusals, test_ways])
