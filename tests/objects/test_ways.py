"""test_ways.py - the ways to and from a place in a store that need to be tried on one store only, the tests' own: TLS, credentials, logs in
the clear, outages, successors, mount and extension.

Run by run.sh, or: BK_BIN=build/dev python3 tests/objects/test_ways.py [TEST...]
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import tempfile
import time

import kit
import objkinds
import real
import stores
from place import EXTENSION, FUSE, Node, dump, environment, folder_bytes

VERSION = "SELECT intval FROM vars WHERE name = 'data_version'"


def same(node):
    with open(node.log, "rb") as file:
        assert file.read() == folder_bytes(node.store), "the store has other bytes than the log"


def on_an_empty_machine(node):
    """Nothing is left of the node but its twelve words, and where its log is; there is no home, and nothing in the environment."""
    was = dump(node.dir + "/lightningd.sqlite3")
    with open(node.dir + "/hsm_secret", "rb") as file:
        secret = file.read()
    shutil.rmtree(node.dir)
    os.unlink(node.log)
    machine = tempfile.mkdtemp(dir=node.work)
    node.env = {name: node.env[name] for name in node.env if name == "PATH" or name.startswith(("AWS_", "BACKUP_DAV"))}
    node.env["HOME"] = node.work = machine
    os.mkdir(machine + "/node")
    said = node.cli("restore", "--words-fd", "{words}", "--with-hsm-secret", node.url, "node")
    assert dump(machine + "/node/lightningd.sqlite3") == was, "restored is another database:\n" + said
    with open(machine + "/node/hsm_secret", "rb") as file:
        assert file.read() == secret
    assert objkinds.PASSWORD not in said and os.listdir(machine) == ["node"], os.listdir(machine)


def tls_of(kind, work):
    os.mkdir(work)
    store = kind(work + "/store", True).start()
    try:
        node = Node(work, store, "node", None, "--quorum", "2")
        node.play(10)
        same(node)
        kit.has(node.cli("verify", "--words-fd", "{words}", node.url), "No damage found")
        unknown, ca = re.fullmatch(r"(.*)[?&]ca=([^&]*)", node.url).groups()
        real.make_certificate(work)  # of the same name, and another's
        for url in (unknown, node.url.replace(ca, work + "/ca.pem")):
            kit.has(node.cli("copy", url, "no.bkp", expect=1), "the store at 127.0.0.1 cannot be asked", "certificate")
        assert not os.path.exists(work + "/no.bkp")
        on_an_empty_machine(node)
    finally:
        store.stop()


def tls(directory):
    """davs (real servers too) and s3 over TLS: refused without the certificates of ca= or by others; twelve words and the URL"""
    os.chmod(directory, 0o711)  # Apache has a user of its own
    kinds = (stores.Own, stores.OwnS3, real.Lighttpd, real.Apache)
    with concurrent.futures.ThreadPoolExecutor() as pool:  # mostly waits
        for done in [pool.submit(tls_of, kind, directory + "/" + kind.__name__) for kind in kinds]:
            try:
                done.result()
            except stores.Missing as why:
                print("skipped: %s" % why)


def credentials(directory):
    """From a file of mode 0600, not from one that others may read; from .netrc; never told"""
    store = stores.OwnS3(directory + "/store").start()
    path = real.write(directory + "/secret", "aws_access_key_id = %s\naws_secret_access_key = %s\n" % (objkinds.USER, objkinds.PASSWORD), 0o600)
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BACKUP_DAV"))}
    bare["HOME"] = directory

    def check(url, expect):
        said = kit.cli("mirror", "check", url, env=bare, expect=expect)
        assert objkinds.PASSWORD not in said, said
        return said

    kit.has(check(store.url(), 1), "403")
    check(store.url() + "&credentials=" + path, 0)
    os.chmod(path, 0o644)
    kit.has(check(store.url() + "&credentials=" + path, 1), path)
    real.write(directory + "/.netrc", "machine 127.0.0.1 login %s password %s\n" % (objkinds.USER, objkinds.PASSWORD), 0o600)
    check(store.url(), 0)
    real.write(directory + "/.netrc", "machine 127.0.0.1 login %s password wrong\n" % objkinds.USER, 0o600)
    kit.has(check(store.url(), 1), "403")
    check("dav://%s:%s@127.0.0.1:%d/dav/place/" % (objkinds.USER, objkinds.PASSWORD, store.port), 2)
    assert store.server.store.list() == {}, "check leaves something: %s" % store.server.store.list()
    store.stop()


def clear(directory):
    """A log in the clear is refused, but by a long flag"""
    store = stores.Own(directory + "/store").start()
    node = Node(directory, store)
    os.mkdir(directory + "/open")
    said = node.cli("init", "--lightning-dir", "open", "--mirror", store.url("clear/"), "clear.bkp", expect=None)
    assert "sealed" in said and "in-the-clear" in said, said
    if not os.path.exists(directory + "/clear.bkp"):
        node.cli("init", "--lightning-dir", "open", "clear.bkp")
    kit.has(node.cli("mirror", "--lightning-dir", "open", "add", store.url("clear/"), expect=1), "--in-the-clear")
    assert not store.server.store.list("clear/")
    for word in ("add", "remove", "reset"):  # a URL with a password in it is refused, and not repeated
        said = node.cli("mirror", "--lightning-dir", "open", word, "dav://me:%s@127.0.0.1/x/" % objkinds.PASSWORD, expect=2)
        assert objkinds.PASSWORD not in said, said
    node.cli("mirror", "--lightning-dir", "open", "add", "--in-the-clear", store.url("clear/"))
    kit.has(open(directory + "/open/backup.lock").read(), "in-the-clear=yes")
    store.stop()


def outage(directory):
    """Away for long: the node goes on, and what it missed comes in few large pieces"""
    store = stores.Own(directory + "/store").start()
    node = Node(directory, store)
    node.play(20)
    store.stop()
    said = node.play(500)
    kit.has(said, "is away")
    store.start()
    node.play(5)
    same(node)
    pieces = [size for name, size, _, _ in store.server.acknowledged if re.fullmatch(r"place/[0-9a-f]{32}/\d{20}-\d{10}", name)]
    assert len(pieces) <= 8 and max(pieces) > 50000, pieces
    node.cli("restore", "--words-fd", "{words}", node.url, "out.sqlite3")
    assert dump(directory + "/out.sqlite3") == dump(node.dir + "/lightningd.sqlite3")
    store.stop()


def successor(directory):
    """A compaction takes the place's next turn; who restores has it from there"""
    store = stores.OwnS3(directory + "/store").start()
    node = Node(directory, store, "node", None, "--quorum", "2")
    node.play(60)
    node.cli("compact", "--lightning-dir", node.dir, "--hsm-secret", node.dir + "/hsm_secret", "--keep-all", "1s")
    node.play(10)
    same(node)
    assert sorted(name for name in store.server.store.list("place/turn-")) == ["place/turn-%010d" % i for i in (1, 2)]
    node.cli("restore", "--words-fd", "{words}", node.url, "out.sqlite3")
    assert dump(directory + "/out.sqlite3") == dump(node.dir + "/lightningd.sqlite3")
    store.stop()


def read_as_files(directory):
    """The mount and the extension read from it"""
    store = stores.Own(directory + "/store").start()
    node = Node(directory, store)
    os.mkdir(directory + "/open")
    node.cli("init", "--lightning-dir", "open", "clear.bkp")
    url = store.url("clear/") + "?in-the-clear=yes"
    node.cli("mirror", "--lightning-dir", "open", "add", "--in-the-clear", store.url("clear/"))
    node.dir, node.log, node.url, node.version = directory + "/open", directory + "/clear.bkp", url, 0
    node.play(60)
    loads = subprocess.run(["sqlite3", "-cmd", ".load " + EXTENSION, ":memory:", ""], capture_output=True).returncode == 0
    for version in ("20", "40") if loads else ():
        opened = ".open file:%s&vfs=backup&version=%s" % (url, version)
        done = subprocess.run(["sqlite3", "-cmd", ".load " + EXTENSION, "-cmd", opened, ":memory:", VERSION], env=node.env,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.stdout.split() == [version], done.stdout
    if not loads:
        print("skipped: the sqlite3 here loads no extension")
    os.mkdir(directory + "/mnt")
    mounted = subprocess.run([FUSE, url, directory + "/mnt"], env=node.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if mounted.returncode:
        print("skipped: nothing can be mounted here: %s" % mounted.stdout.strip())
    else:
        try:
            path = directory + "/mnt/versions/0/20.sqlite3"
            done = subprocess.run(["sqlite3", "-readonly", "file:%s?immutable=1" % path, VERSION], capture_output=True, text=True)
            assert done.stdout == "20\n", done
        finally:
            subprocess.run(["fusermount3", "-u", directory + "/mnt"], check=True)
    store.stop()


def racy(directory):
    """A store that tells both of two yes, as WebDAV on files may: one of two goes on, and not for one change the other"""
    store = stores.Own(directory + "/store").start()
    node = Node(directory, store, "node", None, "--quorum", "2", "--on-outage", "wait")
    node.play(10)
    both = [node, node.copy("twin")]
    store.server.options.faults = ["racy"]
    procs = [one.begin(10, "--each") for one in both]
    told = [re.findall(r"^acknowledged (\d+)$", proc.communicate(timeout=240)[0], re.M) for proc in procs]
    assert not (told[0] and told[1]), told
    if told[0] or told[1]:
        same(both[not told[0]])
    kit.has(node.cli("mirror", "check", node.url), "puts at one moment takes both, 12 times of 12, which is allowed for")
    other = stores.OwnS3(directory + "/other")
    other.words = ("--faults", "racy")
    other.start()
    kit.has(kit.cli("mirror", "check", other.url(), env=environment(other), expect=1), "would keep a second node out")
    other.stop()
    store.stop()


def odd(directory):
    """A store that compresses what it is not asked to; one that lists no sizes, which is told, and is no empty log"""
    for kind in (stores.Own, stores.OwnS3):
        work = "%s/%s" % (directory, kind.__name__)
        os.mkdir(work)
        store = kind(work + "/store").start()
        store.server.options.faults = ["gzip"]
        node = Node(work, store, "node", None, "--quorum", "2")
        node.play(20)
        node.cli("mirror", "check", node.url)
        kit.has(node.cli("verify", "--words-fd", "{words}", node.url), "No damage found")
        node.cli("restore", "--words-fd", "{words}", node.url, "out.sqlite3")
        assert dump(work + "/out.sqlite3") == dump(node.dir + "/lightningd.sqlite3")
        store.server.options.faults = ["nosize"]
        kit.has(node.cli("mirror", "check", node.url, expect=1), "not how large it is")
        kit.has(node.cli("verify", "--words-fd", "{words}", node.url, expect=1), "how large 0")
        kit.has(node.cli("restore", "--words-fd", "{words}", node.url, "no.sqlite3", expect=1), "how large 0")
        store.server.options.faults = []
        same(node)
        store.stop()


def narrow(directory):
    """A store that takes nothing large, which an outage or a merge would need, is told by a check, and leaves nothing there"""
    store = stores.Own(directory + "/store").start()
    kit.has(kit.cli("mirror", "check", store.url(), env=environment(store)), "ok   takes 8 MiB at once")
    store.server.options.most = 1 << 20
    said = kit.cli("mirror", "check", store.url(), env=environment(store), expect=1)
    kit.has(said, "no   does not take 8 MiB at once", "413", "12 times of 12")
    assert not store.server.store.list("place/"), store.server.store.list("place/")
    store.server.options.faults = ["nodelete"]
    kit.cli("mirror", "check", store.url(), env=environment(store))
    assert max(size for size, _ in store.server.store.list("place/").values()) <= 1000
    store.stop()


def left_alone(directory):
    """A store that wants to be left alone for longer than we wait is asked again after a minute, and not at once"""
    store = stores.Own(directory + "/store").start()
    store.server.fault = lambda kind: ("503", 0)
    for said in ("100000", "99999999999999999999", "Fri, 27 Nov 2099 11:30:15 GMT"):
        store.server.options.retry_after = said
        store.server.counts.clear()
        proc = subprocess.Popen([kit.CLI, "mirror", "check", store.url()], env=environment(store), stdout=subprocess.DEVNULL)
        time.sleep(2)
        proc.kill()
        proc.wait()
        assert [count[0] for count in store.server.counts.values()] == [1], (said, store.server.text())
    store.stop()


def lag(directory):
    """What comes while a piece is sent does not wait anew for more: a piece each 0.7 s, however long a request takes up to that"""
    store = stores.OwnS3(directory + "/store")
    store.words = ("--delay", "600")
    store.start()
    node = Node(directory, store)
    node.play(700, "--pause", "15")
    times = sorted(when for name, _, _, when in store.server.acknowledged if re.fullmatch(r"place/[0-9a-f]{32}/\d{20}", name))
    gaps = sorted(then - when for when, then in zip(times, times[1:]))
    assert len(gaps) >= 5 and gaps[len(gaps) // 2] < 1, gaps
    store.stop()


def merged(directory):
    """Small objects become large ones, in the background; what a listing says stays the same"""
    store = stores.Own(directory + "/store").start()
    node = Node(directory, store)
    for _ in range(4):
        node.play(5000, "--pause", "1")
    same(node)
    listed = store.server.store.list("place/")
    assert [name for name in listed if "/merged-" in name], sorted(listed)
    store.stop()


kit.run([tls, credentials, clear, outage, successor, read_as_files, racy, odd, narrow, left_alone, lag] + ([merged] if os.environ.get("BK_TORTURE") else []))
