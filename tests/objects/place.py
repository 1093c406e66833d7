"""place.py - a simulated node with a sealed log and a mirror in a store: what the tests of places share."""
import os
import re
import shutil
import subprocess

import kit
import objkinds
from client import Client

SIMNODE = kit.BIN + "/tests/support/simnode"
FUSE = kit.BIN + "/fusefs/backup-fuse"
EXTENSION = kit.BIN + "/core/backupvfs.so"
WORDS = "hockey enroll sure trip track rescue original plate abandon abandon abandon account"


def environment(store):
    """The credentials, as the programs take them."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BACKUP_DAV"))}
    if store.kind == "dav":
        return {**clean, "BACKUP_DAV_USER": objkinds.USER, "BACKUP_DAV_PASSWORD": objkinds.PASSWORD}
    return {**clean, "AWS_ACCESS_KEY_ID": store.user, "AWS_SECRET_ACCESS_KEY": objkinds.PASSWORD}


class Node:
    """A node in DIRECTORY/NAME, with its log beside it and a mirror at URL (the store's own, unless it is given)."""

    def __init__(self, directory, store, name="node", url=None, *init):
        self.work, self.store, self.url = directory, store, url or store.url()
        self.dir, self.log = "%s/%s" % (directory, name), "%s/%s.bkp" % (directory, name)
        self.env, self.version = environment(store), 0
        os.mkdir(self.dir)
        with open(self.dir + "/hsm_secret", "wb") as file:
            file.write(bytes(32) + WORDS.encode())
        self.cli("init", "--seal", "--lightning-dir", self.dir, "--mirror", self.url, *init, self.log)

    def cli(self, *words, expect=0, **how):
        """The twelve words come by a pipe where WORDS asks for them: as {words}."""
        if "{words}" not in words:
            return kit.cli(*words, expect=expect, env=self.env, cwd=self.work, **how)
        read, write = os.pipe()
        os.write(write, WORDS.encode() + b"\n")
        os.close(write)
        try:
            return kit.cli(*(str(read) if word == "{words}" else word for word in words), expect=expect, env=self.env,
                           cwd=self.work, pass_fds=[read], **how)
        finally:
            os.close(read)

    def begin(self, calls, *words, seed=1):
        self.version += calls
        return subprocess.Popen([SIMNODE, "--plugin", kit.PLUGIN, "--dir", self.dir, "--generate", str(self.version), "--seed",
                                 str(seed), "--log", *words], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def play(self, calls, *words, expect=(0,), seed=1):
        """What the plugin said while the node played so many CALLS more."""
        proc = self.begin(calls, *words, seed=seed)
        said = proc.communicate(timeout=240)[0]
        assert proc.returncode in expect, "simnode: exit %d, not %s:\n%s" % (proc.returncode, expect, said)
        return said

    def copy(self, name):
        """Another node that begins with what this one has, as a restored image of a machine would."""
        other = Node.__new__(Node)
        other.__dict__.update(self.__dict__)
        other.dir, other.log = "%s/%s" % (self.work, name), "%s/%s.bkp" % (self.work, name)
        shutil.copytree(self.dir, other.dir)
        shutil.copy(self.log, other.log)
        with open(other.dir + "/backup.lock") as file:
            text = file.read()
        with open(other.dir + "/backup.lock", "w") as file:
            file.write(text.replace(self.log, other.log))
        return other

    def listed(self):
        return self.cli("mirror", "--lightning-dir", self.dir, "--hsm-secret", self.dir + "/hsm_secret", "list")


def dump(database):
    return subprocess.run(["sqlite3", database, ".dump"], capture_output=True, check=True).stdout


def folder_bytes(store, path="place/"):
    """The log that a listing of the store says is there: pieces and merged objects, walked as docs/objects.md, 2, says."""
    client, root = Client(store), path
    turns = [name for name in client.list(root) if re.fullmatch(r"turn-\d{10}", name)]
    folder = root + client.get(root + max(turns))[1].decode().strip() + "/"
    there, out, seen = client.list(folder), client.get(folder + "0" * 20)[1], set()
    newest = {name[:20]: name for name in sorted(there) if re.fullmatch(r"\d{20}(-\d{10})?", name)}  # whoever came last counts
    at = len(out)
    while True:
        stretch = at >> 22
        merged = "merged-%020d" % (stretch << 22)
        name = merged if merged in there and stretch not in seen else newest.get("%020d" % at)
        seen.add(stretch)
        if not there.get(name):
            return out
        body = client.get(folder + name)[1]
        assert len(body) == there[name], "the listing has %d bytes of %s, which has %d" % (there[name], name, len(body))
        out += body
        at += len(body)
