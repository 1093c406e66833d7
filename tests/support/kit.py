"""kit.py - what tests in Python share: programs, checks, a place for files."""
import faulthandler
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

BIN = os.path.abspath(os.environ.get("BK_BIN", "build/dev"))
CLI = os.path.join(BIN, "cli", "backup-cli")
TEST_SECONDS = int(os.environ.get("BK_TEST_SECONDS", "400"))  # and a test that hangs says where
PLUGIN = os.path.join(BIN, "plugin", "backup")


def cli(*words, expect=0, **how):
    """Runs backup-cli; EXPECT is its exit code (None: any). Returns what it printed."""
    how.setdefault("timeout", 120)
    done = subprocess.run([CLI, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **how)
    assert expect is None or done.returncode == expect, "backup-cli %s: exit %d, not %d:\n%s" % (
        " ".join(words), done.returncode, expect, done.stdout)
    return done.stdout


def stored(log):
    """The versions of the changes that stand in LOG, oldest first."""
    entries = [json.loads(line) for line in cli("log", "--all", "--json", "--limit", "100000", log).splitlines()]
    return sorted(e["version"] for e in entries if e["statements"] and e["note"] != "struck out")


class Serving:
    """backup-cli server over LOG, at a port of its own choice."""

    def __init__(self, log, *words, port=None, **how):
        if not port:
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
        self.port, self.said = port, []
        self.proc = subprocess.Popen([CLI, "server", "--log-level", "debug", *words, log, "127.0.0.1:%d" % port],
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **how)
        self.wait_for("Waiting for connection")
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def wait_for(self, text):
        for line in self.proc.stdout:
            self.said.append(line)
            if text in line:
                return
        raise AssertionError("the server ended:\n" + "".join(self.said))

    def read(self):
        for line in self.proc.stdout:
            self.said.append(line)

    def text(self):
        return "".join(self.said)

    def end(self, how=signal.SIGTERM):
        self.proc.send_signal(how)
        self.proc.wait(30)
        self.reader.join(5)
        self.proc.stdout.close()


class Plugin:
    """The plugin, as lightningd runs it in DIRECTORY: messages on its standard streams."""

    def __init__(self, directory, **env):
        self.log, self.id = [], 0
        self.proc = subprocess.Popen([PLUGIN], cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     env={**os.environ, "LIGHTNINGD_PLUGIN": "1", **env}, text=True)
        self.call("getmanifest", {})

    def call(self, method, params):
        """The answer's result; None if there is no answer."""
        self.id += 1
        self.proc.stdin.write(json.dumps({"jsonrpc": "2.0", "id": "cln:%s#%d" % (method, self.id), "method": method,
                                          "params": params}) + "\n\n")
        self.proc.stdin.flush()
        while True:
            text = ""
            while not text.endswith("\n\n"):
                line = self.proc.stdout.readline()
                if not line:
                    return None
                text += line
            message = json.loads(text)
            if message.get("method") == "log":
                self.log.append(message["params"]["message"])
            elif message.get("id"):
                return message.get("result", message.get("error"))

    def write(self, version, statements):
        """A db_write: None where it is to go on, else what the refusal says."""
        answer = self.call("db_write", {"data_version": version, "writes": statements})
        return None if answer == {"result": "continue"} else json.dumps(answer)

    def stop(self):
        """As lightningd stops it."""
        self.proc.stdin.write('{"jsonrpc": "2.0", "method": "shutdown", "params": {}}\n\n')
        self.proc.stdin.flush()
        for line in self.proc.stdout:
            self.log.append(line)
        self.proc.stdin.close()
        return self.proc.wait(60)

    def kill(self):
        self.proc.kill()
        self.proc.wait()
        self.proc.stdin.close()
        self.proc.stdout.close()


def has(text, *parts):
    for part in parts:
        assert part in text, "there is no %r in:\n%s" % (part, text)


def run(tests):
    """Runs each of TESTS, functions that take a directory; exits with 1 if one fails."""
    bad = 0
    only = sys.argv[1:]
    for test in tests:
        if only and test.__name__ not in only:
            continue
        directory = tempfile.mkdtemp(prefix="bk-")
        faulthandler.dump_traceback_later(TEST_SECONDS, exit=True)
        try:
            test(directory)
            print("ok    %s: %s" % (test.__name__, (test.__doc__ or "").split("\n")[0]), flush=True)
        except Exception:
            bad += 1
            import traceback
            print("FAIL  %s" % test.__name__, flush=True)
            traceback.print_exc()
        if os.environ.get("BK_KEEP"):
            print("kept: " + directory)
        else:
            shutil.rmtree(directory, ignore_errors=True)
    sys.exit(1 if bad else 0)
