"""test_stores.py - each store that is here: what it does of what a place needs; then a node with a mirror there, brought level, restored
from words and a URL alone, fenced. Our own is left to test_seeds.py and test_ways.py, but with BK_TORTURE.

Run by run.sh, or: BK_BIN=build/dev python3 tests/objects/test_stores.py [TEST...]; STORES="lighttpd swift" names the stores.
"""
import glob
import os
import time

import kit
import objkinds
import stores
from look import look
from place import Node, dump, environment, folder_bytes

REFUSED = 3  # simnode: the plugin refused


def comes_back(node):
    """All that is left are twelve words and the URL."""
    was = node.dir + "/lightningd.sqlite3"
    url = node.url
    kit.has(node.cli("verify", "--words-fd", "{words}", url), "No damage found")
    listed = [node.cli("log", "--words-fd", "{words}", "--limit", "20", where) for where in (url, node.log)]
    assert listed[0] == listed[1] and listed[0], listed
    node.cli("copy", url, "copy.bkp")
    with open(node.log, "rb") as log, open(node.work + "/copy.bkp", "rb") as copy:
        assert log.read() == copy.read(), "copied from the store it is another log"
    os.mkdir(node.work + "/bare")
    node.cli("restore", "--words-fd", "{words}", "--with-hsm-secret", url, "bare")
    assert dump(node.work + "/bare/lightningd.sqlite3") == dump(was), "restored is another database"
    with open(node.work + "/bare/hsm_secret", "rb") as one, open(node.dir + "/hsm_secret", "rb") as other:
        assert one.read() == other.read()
    node.cli("restore", "--words-fd", "{words}", "--version", "20", url, "old.sqlite3")
    kit.has(node.cli("query", "--words-fd", "{words}", "--version", "20", url,
                     "SELECT intval FROM vars WHERE name = 'data_version'"), "20")


def tells_nothing(node, *texts):
    """The password is in no message, no argument and not in backup.lock."""
    texts += (open(node.dir + "/backup.lock").read(), open(node.work + "/ps").read())
    for text in texts:
        assert objkinds.PASSWORD not in text, text


def arguments(pid):
    """Of the process, and of all that it has started: other tests, at the same time, have the password in theirs."""
    try:
        said, children = [open("/proc/%d/cmdline" % pid).read()], []
        for path in glob.glob("/proc/%d/task/*/children" % pid):
            children += open(path).read().split()
    except OSError:
        return []
    return sum((arguments(int(child)) for child in children), said)


def whole(name, directory):
    store = stores.REAL[name](directory + "/store").start()
    try:
        look(name, store)
        if name == "swift":
            return refused_by_swift(directory, store)
        node = Node(directory, store, "node", None, "--quorum", "2")
        proc = node.begin(120)
        with open(directory + "/ps", "w") as file:
            while proc.poll() is None:
                file.write("\n".join(arguments(proc.pid)) + "\n")
                time.sleep(0.01)
        with open(directory + "/ps") as file:
            assert "/plugin/backup" in file.read(), "the plugin was not seen"
        said = proc.communicate()[0]
        assert proc.returncode == 0, said
        with open(node.log, "rb") as file:
            assert file.read() == folder_bytes(store), "the store has other bytes than the log"
        listed = node.listed()
        kit.has(listed, "  level: ")
        checked = node.cli("mirror", "check", node.url)
        kit.has(checked, "folder for one of two at one moment, 12 times of 12" if store.kind == "dav" else "takes one, 12 times of 12")
        tells_nothing(node, said, listed, checked)
        comes_back(node)
        fenced(node)
    finally:
        store.stop()


def refused_by_swift(directory, store):
    """Its s3api takes no put with a condition: nothing would keep a second writer out, so it is no place."""
    env = environment(store)
    checked = kit.cli("mirror", "check", store.url(), expect=1, env=env)
    kit.has(checked, "501")


def fenced(node):
    """Of two nodes on one state the first to go on does; the second is refused, now and later."""
    twin = node.copy("twin")
    node.play(30)
    for calls in (30, 20):
        kit.has(twin.play(calls, expect=(REFUSED,)), ": 0 acknowledged", "older than its backup")
        node.play(20)
        with open(node.log, "rb") as file:
            assert file.read() == folder_bytes(node.store), "the store has other bytes than the log"


def on_each(name):
    def run(directory):
        try:
            whole(name, directory)
        except stores.Missing as why:
            print("skipped: %s" % why)

    run.__name__ = name.replace("-", "_")
    run.__doc__ = "what it does; level; twelve words and a URL; a second writer; nothing told"
    return run


def names():
    if "STORES" in os.environ:
        return os.environ["STORES"].split()
    return [name for name in stores.REAL if os.environ.get("BK_TORTURE") or not name.startswith("own")]


kit.run([on_each(name) for name in names()])
