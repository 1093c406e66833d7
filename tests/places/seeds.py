"""seeds.py - a node whose log has a mirror in a file and one over ssh, with a quorum of two. In each seed one of the three is
killed, filled, hung, taken away or cut off at a moment of the seed's choice, while the node plays calls. The node goes on
(killed, it is started again); when the fault is over all three come level, byte for byte, and nothing was healed: what was
acknowledged was there.

Run in a directory by run.sh, which has an sshd. One line a failure, which names the seed: seeds.py --first SEED --seeds 1.
"""
import argparse
import filecmp
import glob
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

BIN = os.environ["BK_BIN"]
CLI = BIN + "/cli/backup-cli"
SIMNODE = BIN + "/tests/support/simnode"
TORTURE = 1000
WORLD = 20  # seeds on one log
CALLS = 40  # in each seed, under the fault, and as many again without


def run(*words, **how):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, **how)


def processes(part):
    """The ids of processes whose command line has PART."""
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                if part.encode() in file.read().replace(b"\0", b" "):
                    found.append(int(path.split("/")[2]))
        except OSError:
            pass
    return found


def signal_all(part, number):
    for pid in processes(part):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


class Fault:
    """What goes wrong, from begin() to end()."""

    def __init__(self, name, chance):
        self.name, self.chance = name, chance
        self.server = "server --stdio --root %s/srv" % os.getcwd()
        self.line = "-F %s/ssh/ssh_config" % os.getcwd()

    def fill(self, place):
        """Takes all room but a little."""
        with open(place + "/filler", "wb") as file:
            room = os.statvfs(place)
            try:
                file.write(b"\0" * max(0, room.f_bavail * room.f_frsize - self.chance.randrange(20000)))
            except OSError:
                pass

    def begin(self):
        if self.name == "server killed":
            signal_all(self.server, signal.SIGKILL)
        elif self.name == "line cut":
            signal_all(self.line, signal.SIGKILL)
        elif self.name == "server hung":
            signal_all(self.server, signal.SIGSTOP)
        elif self.name == "server filled":
            self.fill("srv")
        elif self.name == "file filled":
            self.fill("m1")
        elif self.name == "file gone" and os.path.exists("m1/node.bkp"):
            os.rename("m1/node.bkp", "m1/away")
            os.mkdir("m1/node.bkp")

    def end(self):
        if self.name == "server hung":
            signal_all(self.server, signal.SIGCONT)
        elif self.name in ("server filled", "file filled"):
            os.unlink(("srv" if self.name == "server filled" else "m1") + "/filler")
        elif self.name == "file gone" and os.path.exists("m1/away"):
            os.rmdir("m1/node.bkp")
            os.rename("m1/away", "m1/node.bkp")


def faults():
    names = ["node killed", "plugin killed", "server killed", "line cut", "server hung", "file gone"]
    return names + [name + " filled" for name in ("server", "file") if os.path.ismount("srv" if name == "server" else "m1")]


class World:
    def __init__(self, seed):
        for path in glob.glob("srv/*") + glob.glob("m1/*") + ["node", "log.bkp"]:
            shutil.rmtree(path) if os.path.isdir(path) else os.path.exists(path) and os.unlink(path)
        os.mkdir("node")
        done = run(CLI, "init", "--lightning-dir", "node", "--mirror", "m1/node.bkp", "--mirror", "ssh://127.0.0.1/node.bkp",
                   "--quorum", "2", "--on-outage", "20", "log.bkp")
        assert done.returncode == 0, done.stdout
        self.seed, self.calls = seed, 0

    def node(self, calls, *words):
        self.calls += calls
        return [SIMNODE, "--plugin", BIN + "/plugin/backup", "--dir", "node", "--generate", str(self.calls), "--seed",
                str(self.seed), "--log", *words]

    def level(self):
        return filecmp.cmp("log.bkp", "m1/node.bkp", False) and filecmp.cmp("log.bkp", "srv/node.bkp", False)

    def settle(self):
        """Plays without a fault until all three are level."""
        for _ in range(3):
            done = run(*self.node(CALLS))
            assert done.returncode == 0, "without a fault: exit %d\n%s" % (done.returncode, done.stdout)
            for wrong in ("healing", "older than its backup", "refuses", "not the log that it was"):
                assert wrong not in done.stdout, done.stdout
            if self.level():
                return
        raise AssertionError("the three do not come level\n" + done.stdout)

    def play(self, seed):
        chance = random.Random(seed)
        name = chance.choice(faults())
        fault, words, codes = Fault(name, chance), [], (0,)
        if name in ("node killed", "plugin killed"):
            words = ["--kill-" + name.split()[0], "%s:%d" % (chance.choice(["before", "during", "after"]), chance.randrange(1, CALLS))]
            codes = (0, 4, -signal.SIGKILL)
        began = threading.Event()

        def go_wrong():
            time.sleep(chance.random() * 0.4)
            fault.begin()
            began.set()
            time.sleep(0.05 + chance.random() * 0.6)
            fault.end()

        thread = threading.Thread(target=go_wrong)
        thread.start()
        done = run(*self.node(CALLS, *words))
        thread.join()
        assert done.returncode in codes, "%s: exit %d\n%s" % (name, done.returncode, done.stdout)
        self.settle()
        return name


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=TORTURE if os.environ.get("BK_TORTURE") else 16)
    options = parser.parse_args()
    count, world = {}, None
    for seed in range(options.first, options.first + options.seeds):
        if not world or (seed - options.first) % WORLD == 0:
            world = World(seed)
        try:
            name = world.play(seed)
        except (AssertionError, subprocess.TimeoutExpired) as why:
            sys.exit("seed %d: %s" % (seed, why))
        count[name] = count.get(name, 0) + 1
    done = run(CLI, "verify", "--deep", "log.bkp")
    assert done.returncode == 0, done.stdout
    print("%d seeds: %s; all three places the same bytes after each"
          % (options.seeds, ", ".join("%s %d" % item for item in sorted(count.items()))))


main()
