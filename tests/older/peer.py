"""peer.py - the older plugin's protocol, both roles, made here from its description alone (docs/older.md);
and a go-between that cuts a connection at a byte."""
import os
import socket
import sqlite3
import struct
import threading
import zlib

CHANGE, SNAPSHOT, REWIND, REQ_METADATA, RESTORE, ACK, NACK, METADATA, DONE, COMPACT, COMPACT_RES = range(1, 12)


class Ended(Exception):
    """The other side ended the connection, or the connection was cut."""


class Wire:
    """Packets over a socket."""

    def __init__(self, sock):
        self.sock = sock

    def raw(self, data):
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise Ended(str(error)) from error

    def send(self, kind, payload=b""):
        self.raw(struct.pack("!BI", kind, len(payload)) + payload)

    def bytes(self, count):
        found = b""
        while len(found) < count:
            try:
                part = self.sock.recv(count - len(found))
            except OSError as error:
                raise Ended(str(error)) from error
            if not part:
                raise Ended("after %d of %d bytes" % (len(found), count))
            found += part
        return found

    def receive(self):
        kind, size = struct.unpack("!BI", self.bytes(5))
        return kind, self.bytes(size)

    def close(self):
        self.sock.close()


def join(statements):
    return b"\0".join(s.encode() for s in statements)


def change_payload(version, statements):
    return struct.pack("!I", version) + zlib.compress(join(statements))


def snapshot_payload(version, database):
    return struct.pack("!I", version) + zlib.compress(database)


class Client(Wire):
    """What the older plugin does, at its end."""

    def __init__(self, port, host="127.0.0.1", timeout=30):
        super().__init__(socket.create_connection((host, port), timeout))

    def metadata(self):
        self.send(REQ_METADATA)
        kind, payload = self.receive()
        assert kind == METADATA and len(payload) == 20, (kind, payload)
        protocol, version, previous, count = struct.unpack("!IIIQ", payload)
        assert protocol == 1
        return version, previous, count

    def answer(self):
        """(whether it is ACK, the version)."""
        kind, payload = self.receive()
        assert kind in (ACK, NACK) and len(payload) == 4, (kind, payload)
        return kind == ACK, struct.unpack("!I", payload)[0]

    def change(self, version, statements):
        self.send(CHANGE, change_payload(version, statements))
        return self.answer()

    def snapshot(self, version, database):
        self.send(SNAPSHOT, snapshot_payload(version, database))
        return self.answer()

    def rewind(self, version):
        self.send(REWIND, struct.pack("!I", version))
        return self.answer()

    def restore(self):
        """The records that come: (kind, version, unpacked)."""
        self.send(RESTORE)
        found = []
        while True:
            kind, payload = self.receive()
            if kind == DONE:
                assert not payload
                return found
            assert kind in (CHANGE, SNAPSHOT), kind
            found.append((kind, struct.unpack("!I", payload[:4])[0], zlib.decompress(payload[4:])))


def rebuild(records, path):
    """A database made of records as RESTORE gives them; its version."""
    version = 0
    if os.path.exists(path):
        os.unlink(path)
    for kind, version, data in records:
        if kind == SNAPSHOT:
            with open(path, "wb") as file:
                file.write(data)
            continue
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("PRAGMA foreign_keys = ON")
        db.execute("BEGIN")
        for statement in data.split(b"\0"):
            db.execute(statement.decode())
        db.execute("COMMIT")
        db.close()
    return version


class Server:
    """What the older plugin's server does, at its end: it takes whatever comes. One connection at a time."""

    def __init__(self, records=()):
        self.records = list(records)  # (kind, version, unpacked)
        self.version = self.previous = 0
        if self.records:
            self.version = self.records[-1][1]
        self.count = len(self.records)
        self.seen = []       # kinds of all packets
        self.refuse = False  # NACK to each change
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                sock, _ = self.listening.accept()
            except OSError:
                return
            wire = Wire(sock)
            try:
                while True:
                    self.serve(wire, *wire.receive())
            except Ended:
                pass
            wire.close()

    def add(self, kind, payload):
        version = struct.unpack("!I", payload[:4])[0]
        self.records.append((kind, version, zlib.decompress(payload[4:])))
        self.previous, self.version = self.version, version
        self.count += 1

    def serve(self, wire, kind, payload):
        self.seen.append(kind)
        if kind in (CHANGE, SNAPSHOT):
            if self.refuse:
                wire.send(NACK, struct.pack("!I", self.version))
                return
            self.add(kind, payload)
            wire.send(ACK, struct.pack("!I", self.version))
        elif kind == REWIND:
            version = struct.unpack("!I", payload)[0]
            if version != self.previous:
                wire.send(NACK, struct.pack("!I", self.version))
                return
            self.records.pop()
            self.version, self.previous = self.previous, 0
            wire.send(ACK, struct.pack("!I", self.version))
        elif kind == REQ_METADATA:
            wire.send(METADATA, struct.pack("!IIIQ", 1, self.version, self.previous, self.count))
        elif kind == RESTORE:
            for what, version, data in self.records:
                wire.send(what, struct.pack("!I", version) + zlib.compress(data))
            wire.send(DONE)
        elif kind == COMPACT:
            wire.send(COMPACT_RES, b'{"before": {"backupsize": 2, "version_count": 2}, "after": {"backupsize": 1, "version_count": 1}}')

    def close(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()


class Cutter:
    """Goes between clients and the server at PORT. When it was armed, the connection is cut once the next FORTH
    bytes have passed to the server, or BACK bytes from it: the next byte finds it cut."""

    def __init__(self, port, forth=None, back=None):
        self.target, self.cuts = port, 0
        self.lock = threading.Lock()
        self.arm(forth, back)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def arm(self, forth=None, back=None):
        with self.lock:
            self.left = [forth, back]

    def run(self):
        while True:
            try:
                near, _ = self.listening.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                near.close()
                continue
            pair = (near, far)
            for way in (0, 1):
                threading.Thread(target=self.carry, args=(pair[way], pair[1 - way], way), daemon=True).start()

    def allowed(self, way, size):
        """How many of SIZE bytes pass; whether the connection is cut then."""
        with self.lock:
            left = self.left[way]
            if left is None:
                return size, False
            if size < left:
                self.left[way] -= size
                return size, False
            self.left = [None, None]
            self.cuts += 1
            return left, True

    def carry(self, source, sink, way):
        cut = False
        try:
            while not cut:
                data = source.recv(65536)
                if not data:
                    break
                size, cut = self.allowed(way, len(data))
                sink.sendall(data[:size])
        except OSError:
            pass
        for sock in (source, sink):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listening.close()
