"""bench_objects.py - a place in a store that takes --delay ms for each request: run by bench_objects.sh, which sets BK_BIN.

follow   a node with --rate changes a second for --seconds: how late each is in the store, requests and bytes a change
restore  a log with a database of --megabytes: `restore` against `curl` of the whole log as one object, over a line of --line MB/s
open     a log of --versions: any version opened

With --sealed the log is one that a key file opens: made so by `compact --seal`, beside --file as FILE.sealed, once.
"""
import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

import kit
import objkinds
import objserver
import stores
from place import Node

GENLOG = kit.BIN + "/tests/bench/genlog"
PIECE = 1 << 22
CHANGE = 1


def frames(log):
    """(offset, end, kind, time in s) of each frame."""
    at = 128
    while log[at + 8:at + 12] == b"\xb7BKF":
        end = at + 48 + int.from_bytes(log[at + 16:at + 20], "little")
        yield at, end, log[at + 12], int.from_bytes(log[at + 24:at + 32], "little") / 1e6
        at = end


def quantile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def lay_out(path, place):
    """The log as a writer that was brought level has it there: docs/objects.md, 2."""
    with open(path, "rb") as file:
        log = file.read()
    folder = place + "/" + log[32:48].hex()
    os.makedirs(folder)

    def put(name, body):
        with open(name, "wb") as file:
            file.write(body)

    put(place + "/turn-%010d" % 1, log[32:48].hex().encode() + b"\n")
    put(folder + "/%020d" % 0, log[:128])
    begin = last = 128
    for at, end, _, _ in frames(log):
        if end - begin > PIECE and begin < at:
            put(folder + "/%020d" % begin, log[begin:at])
            begin = at
        while end - begin > PIECE:
            put(folder + "/%020d" % begin, log[begin:begin + PIECE])
            begin += PIECE
        last = end
    if begin < last:
        put(folder + "/%020d" % begin, log[begin:last])
    put(place + "/../whole", log[:last])
    return last


class Serving:
    """objserver.py in a process of its own, as a store is."""

    def __init__(self, directory, options, *words):
        self.log = options.log or directory + "/requests"
        words += ("--log", self.log)
        words = [sys.executable, objserver.__file__, "--delay", str(options.delay), *words, directory + "/store"]
        self.proc = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        self.port = int(self.proc.stdout.readline().split()[1])
        self.base = "http://127.0.0.1:%d/" % self.port
        self.url = "dav://%s@127.0.0.1:%d/dav/place/?in-the-clear=yes" % (objkinds.USER, self.port)
        self.before, self.read = self.counts(), 0

    def counts(self):
        """(requests, bytes out) so far."""
        text = subprocess.run(["curl", "-sS", self.base + "counts"], capture_output=True, text=True, check=True).stdout
        rows = re.findall(r"^(?!counts)\w+ +(\d+) requests +\d+ bytes in +(\d+) bytes out", text, re.M)
        return [sum(int(row[i]) for row in rows) for i in range(2)]

    def since(self):
        """(requests, bytes out, rounds) since it was asked last. Rounds: the most requests of which each came when the one before it
        was answered."""
        now = self.counts()
        gone = [one - other for one, other in zip(now, self.before)]
        self.before = now
        with open(self.log) as file:
            file.seek(self.read)
            lines = [line.split() for line in iter(file.readline, "")]
            self.read = file.tell()
        times = [tuple(map(float, line[:2])) for line in lines if line[4] not in ("-", "dav/whole")]
        rounds, free = 0, 0
        for came, answered in sorted(times, key=lambda both: both[1]):
            if came >= free:
                rounds, free = rounds + 1, answered
        return gone + [rounds]

    def end(self):
        self.proc.terminate()
        self.proc.communicate()


def timed(*words):
    began = time.monotonic()
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={**os.environ, "BACKUP_DAV_USER": objkinds.USER, "BACKUP_DAV_PASSWORD": objkinds.PASSWORD})
    if done.returncode:
        sys.exit("%s: exit %d\n%s" % (" ".join(words), done.returncode, done.stdout))
    return time.monotonic() - began


def seal(log, sealed):
    """SEALED is LOG's successor under a key: a file beside it."""
    node = sealed + ".node"
    shutil.rmtree(node, ignore_errors=True)
    os.mkdir(node)
    shutil.copy(log, sealed + ".new")
    with open(node + "/backup.lock", "w") as file:
        file.write('{"backend_url": "file://%s.new"}\n' % sealed)
    subprocess.run([kit.CLI, "compact", "--seal=key-file", "--lightning-dir", node], check=True, stdout=subprocess.DEVNULL)
    os.rename(node + "/backup.key", sealed + ".key")
    os.rename(sealed + ".new", sealed)
    shutil.rmtree(node)


def make(directory, options, *words):
    """A log, and what opens it. The one that --file names is there already."""
    log = os.path.abspath(options.file or directory + "/log.bkp")
    if not options.file:
        subprocess.run([GENLOG, *words, log], check=True)
    if not options.sealed:
        return log, []
    sealed = log + ".sealed"
    if not os.path.exists(sealed):
        seal(log, sealed)
    return sealed, ["--key-file", sealed + ".key"]


def follow(directory, options):
    store = stores.Own(directory + "/store")
    store.words = ("--delay", str(options.delay))
    store.start()
    node = Node(directory, store)
    node.play(options.rate)
    store.server.acknowledged, before = [], dict((kind, list(count)) for kind, count in store.server.counts.items())
    began = time.time()
    node.play(int(options.rate * options.seconds), "--pause", str(round(1000 / options.rate)))
    took = time.time() - began
    with open(node.log, "rb") as file:
        log = file.read()
    named = [(re.fullmatch(r"place/[0-9a-f]{32}/(\d{20})(-\d{10})?", name), size, when) for name, size, _, when in store.server.acknowledged]
    puts = [(int(name[1]) + size, when) for name, size, when in named if name]
    late, put = [], iter(sorted(puts))
    end, when = next(put)
    for _, behind, kind, came in frames(log):
        if kind == CHANGE and came >= began:
            while end < behind:
                end, when = next(put)
            late.append(when - came)
    requests = {kind: [one - other for one, other in zip(count, before.get(kind, [0, 0, 0]))] for kind, count in store.server.counts.items()}
    changes = len(late)
    print("follow: %d changes, %.0f a second, %.0f ms a request: late by %.2f s (half of them), %.2f (99 of 100), %.2f at most"
          % (changes, changes / took, options.delay, quantile(late, 0.5), quantile(late, 0.99), max(late)))
    print("        a change: %.4f requests (%s), %.0f bytes in, of which the log has %.0f"
          % (sum(count[0] for count in requests.values()) / changes, ", ".join("%s %d" % (kind, count[0]) for kind, count in sorted(requests.items())),
             sum(count[1] for count in requests.values()) / changes, sum(size for _, size, _, _ in store.server.acknowledged) / changes))
    store.stop()


def restore(directory, options):
    log, key = make(directory, options, "--versions", "2000", "--database", str(options.megabytes))
    size = lay_out(log, directory + "/store/objects/place")
    serving = Serving(directory, options, "--line", str(options.line))
    for turn in range(options.turns):
        curl = timed("curl", "-sS", "-u", objkinds.USER + ":" + objkinds.PASSWORD, "-o", "/dev/null", serving.base + "dav/whole")
        serving.since()
        out = "%s/out%d.sqlite3" % (directory, turn)
        took = timed(kit.CLI, "restore", *key, serving.url, out)
        requests, sent, _ = serving.since()
        file = timed(kit.CLI, "restore", *key, log, "%s/file%d.sqlite3" % (directory, turn))
        print("restore: a log of %.1f MB: curl %.2f s (%.1f MB/s); restore %.2f s: %d requests, %.1f MB, %.1f MB/s: %.0f %% of curl's; a database of %.1f MB; "
              "from a file %.2f s" % (size / 1e6, curl, size / 1e6 / curl, took, requests, sent / 1e6, sent / 1e6 / took,
                                      100 * (sent / took) / (size / curl), os.path.getsize(out) / 1e6, file))
    serving.end()


def open_any(directory, options):
    log, key = make(directory, options, "--versions", str(options.versions))
    lay_out(log, directory + "/store/objects/place")
    serving, chance = Serving(directory, options), random.Random(7)
    times, counts = [], []
    for _ in range(options.turns * 6):
        version = str(chance.randrange(2, options.versions))
        serving.since()
        times.append(1000 * timed(kit.CLI, "query", *key, "--version", version, serving.url, "SELECT count(*) FROM sqlite_schema"))
        counts.append(serving.since())
    file = [1000 * timed(kit.CLI, "query", *key, "--version", str(chance.randrange(2, options.versions)), log,
                         "SELECT count(*) FROM sqlite_schema") for _ in range(6)]
    print("open: a version of %d, %.0f ms a request: %.0f ms (half of them), %.0f to %.0f; rounds %d, %d at most; requests %d, %d at most; "
          "KB %d, %d at most; from a file %.0f ms"
          % (options.versions, options.delay, quantile(times, 0.5), min(times), max(times),
             *(of([c[i] for c in counts]) for i in (2, 0) for of in (lambda all: quantile(all, 0.5), max)),
             *(of([c[1] / 1000 for c in counts]) for of in (lambda all: quantile(all, 0.5), max)), quantile(file, 0.5)))
    serving.end()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("parts", nargs="*", default=["follow", "restore", "open"])
    for name, value, kind in (("delay", 50, float), ("rate", 300, int), ("seconds", 20, float), ("megabytes", 100, int), ("line", 50, float),
                              ("versions", 100000, int), ("turns", 2, int)):
        parser.add_argument("--" + name, type=kind, default=value)
    parser.add_argument("--file", help="of restore and open: a log as they make it, that is there already")
    parser.add_argument("--sealed", action="store_true", help="of restore and open")
    parser.add_argument("--log", help="gets a line for each request to the store, of the last part")
    options = parser.parse_args()
    for part in options.parts:
        with tempfile.TemporaryDirectory(prefix="bk-") as directory:
            {"follow": follow, "restore": restore, "open": open_any}[part](directory, options)


main()
