"""test_seeds.py - a node whose log needs a place in the tests' own store (a quorum of two), with faults from a seed. In each seed the
store has some of its faults while the node plays; in some the node is killed, the store is away for a while, or a second node goes on
from the same state at the same moment. Then without faults, and all of this holds:

- each put that the store ever acknowledged stands in what a listing says, at its place, byte for byte;
- the store's bytes are the log's: nothing is missing, nothing is twice, and what the node was told to go on with is there;
- of two nodes that began at one state at most one was told to go on.

One line a failure, which names the seed: test_seeds.py --first SEED --seeds 1.
"""
import argparse
import collections
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import stores
from place import Node, folder_bytes

TORTURE = 1000
WORLD = 10 if os.environ.get("BK_TORTURE") else 3  # seeds on one log
CALLS = 25
AT_A_REQUEST = ["500", "503", "slow", "cut", "lost", "stale", "forget"]
KINDS = ["alone", "two", "two", "away", "killed"]


def acknowledged(said):
    return [int(version) for version in re.findall(r"^acknowledged (\d+)$", said, re.M)]


class World:
    def __init__(self, seed, directory):
        self.store = (stores.OwnS3 if seed // WORLD % 2 else stores.Own)(directory + "/store")
        self.store.words = ("--page", "7")
        self.store.start()
        self.node = Node(directory, self.store, "node0", None, "--quorum", "2", "--on-outage", "wait")
        self.seed, self.puts, self.turn, self.parted = seed, [], 0, False
        self.settle()

    def check_puts(self):
        """What the store acknowledged is there; returns all that is."""
        there = folder_bytes(self.store)
        self.puts += self.store.server.acknowledged
        self.store.server.acknowledged = []
        for name, size, digest, _ in self.puts:
            piece = re.fullmatch(r"(place/[0-9a-f]{32})/(\d{20})(?:-(\d{10}))?", name)
            # With a number it counts unless another writer began before it was looked whether one did.
            if piece and not (piece[3] and self.store.server.store.is_folder("%s/writer-%010d" % (piece[1], int(piece[3]) + 1))):
                at = int(piece[2])
                assert hashlib.sha256(there[at:at + size]).hexdigest() == digest, "%s was acknowledged, and is not there" % name
        return there

    def check(self):
        """What the store acknowledged is there; and it is the log."""
        there = self.check_puts()
        with open(self.node.log, "rb") as file:
            log = file.read().rstrip(b"\0")
        assert log == there.rstrip(b"\0"), "the log has %d bytes, the store %d" % (len(log), len(there))

    def settle(self):
        """Plays without a fault."""
        self.store.server.options.faults = []
        said = self.node.play(CALLS, seed=self.seed)
        for wrong in ("healing", "older than its backup", "refuses", "not the log that it was"):
            assert wrong not in said, said
        self.check()

    def begin(self, node, *words):
        return node.begin(CALLS, "--each", *words, seed=self.seed)

    def two(self):
        """Two nodes on one state, at once: whoever was told to go on is the node from now on."""
        self.turn += 1
        both = [self.node, self.node.copy("node%d" % self.turn)]
        said = [None, None]

        def run(i, proc):
            said[i] = proc.communicate(timeout=240)[0]

        procs = [self.begin(node) for node in both]
        threads = [threading.Thread(target=run, args=item) for item in enumerate(procs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = [acknowledged(text) for text in said]
        assert not (told[0] and told[1]), "both went on:\n%s\nand\n%s" % tuple(said)
        assert [proc.returncode for proc in procs].count(0) <= 1, "both ended well:\n%s\nand\n%s" % tuple(said)
        if not told[0] and not told[1]:  # whoever was first with what it writes when it starts
            first = folder_bytes(self.store)
            told_by = [open(node.log, "rb").read().rstrip(b"\0") == first.rstrip(b"\0") for node in both]
            assert any(told_by), "neither is what the store has:\n%s\nand\n%s" % tuple(said)
            other = both[0] if told_by[1] else both[1]
        else:
            other = both[1] if told[0] else both[0]
        self.node = both[0] if other is both[1] else both[1]
        shutil.rmtree(other.dir)
        os.unlink(other.log)
        return told[0] or told[1]

    def play(self, seed):
        chance = random.Random(seed)
        kind, before = chance.choice(KINDS), self.node.version
        options = self.store.server.options
        options.seed, options.rate, self.store.server.count = seed, chance.choice([0.1, 0.3]), 0
        options.faults = chance.sample(AT_A_REQUEST, chance.randrange(1, len(AT_A_REQUEST) + 1))
        if chance.random() < 0.2:
            options.faults.append("nodelete")
        if self.store.kind == "dav" and seed % 3 == 0:
            options.faults.append("racy")  # as Apache
        self.store.server.skew = chance.choice([0, 0, chance.uniform(-800, 800)])
        if kind == "two":
            told = self.two()
        else:
            words = ["--kill-" + chance.choice(["node", "plugin"]), "%s:%d" % (chance.choice(["before", "during", "after"]),
                     chance.randrange(1, CALLS))] if kind == "killed" else []
            proc = self.begin(self.node, *words)
            if kind == "away":
                self.away(chance, options)
            said = proc.communicate(timeout=240)[0]
            told = acknowledged(said)
            assert proc.returncode in ((0, 4, -signal.SIGKILL) if kind == "killed" else (0,)), "exit %d\n%s" % (proc.returncode, said)
            assert kind == "killed" or len(told) == CALLS, said
        self.node.version = max([before] + told)
        if kind == "two" and self.has_parted():
            return "two, parted"
        self.settle()
        return kind

    def has_parted(self):
        """Whether the other one, though refused, had put what it writes when it starts or ends where the first had not yet put its
        own: then an operator must say which of the two goes on, and this log is at its end. What was acknowledged is there."""
        self.store.server.options.faults = []
        there = self.check_puts().rstrip(b"\0")
        with open(self.node.log, "rb") as file:
            log = file.read().rstrip(b"\0")
        shorter = min(len(there), len(log))
        self.parted = there[:shorter] != log[:shorter]
        return self.parted

    def away(self, chance, options):
        time.sleep(chance.random() * 0.5)
        self.puts += self.store.server.acknowledged
        self.store.stop()
        time.sleep(chance.random())
        self.store.start()
        server = self.store.server
        server.options.faults, server.options.rate, server.options.seed = options.faults, options.rate, options.seed + 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=TORTURE if os.environ.get("BK_TORTURE") else 5)
    options = parser.parse_args()
    count, world, directory = collections.Counter(), None, None
    for seed in range(options.first, options.first + options.seeds):
        try:
            if (seed - options.first) % WORLD == 0 or world.parted:
                directory and shutil.rmtree(directory)
                directory = tempfile.mkdtemp()
                world = World(seed, directory)
            count[world.play(seed)] += 1
        except (AssertionError, subprocess.TimeoutExpired) as why:
            sys.exit("seed %d (%s): %s" % (seed, directory, why))
    shutil.rmtree(directory)
    print("%d seeds: %s; what was acknowledged was there after each" % (options.seeds, ", ".join("%s %d" % item for item in
                                                                                                 sorted(count.items()))))


main()
