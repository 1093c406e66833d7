"""objstore.py - whole objects, as files below a directory, and what they were before: for listings that are late."""
import collections
import os
import stat
import threading
import time


class Store:
    """A name is PATH/PATH/NAME. No object is ever half there."""

    def __init__(self, directory):
        self.directory, self.lock = directory, threading.Lock()
        self.fresh = 0  # for the names of files that are being written
        # (time, name, what stood there before: (size, mtime) or None)
        self.changes = collections.deque(maxlen=10000)
        os.makedirs(directory + "/objects", exist_ok=True)

    def path(self, name):
        if any(part in ("", ".", "..") for part in name.split("/")):
            raise KeyError(name)
        return self.directory + "/objects/" + name

    def look(self, name):
        """(size, mtime) of an object; None where there is none."""
        try:
            found = os.stat(self.path(name))
        except (OSError, ValueError, KeyError):
            return None
        return (found.st_size, found.st_mtime) if stat.S_ISREG(found.st_mode) else None

    def put(self, name, body, only_new):
        """"made", "replaced", or "exists" where ONLY_NEW and something is there."""
        path = self.path(name)
        with self.lock:
            self.fresh += 1
            temporary = "%s/new-%d" % (self.directory, self.fresh)
        with open(temporary, "wb") as file:
            file.write(body)
        with self.lock:
            before = self.look(name)
            if before and only_new:
                os.unlink(temporary)
                return "exists"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.rename(temporary, path)
            self.changes.append((time.time(), name, before))
        return "replaced" if before else "made"

    def delete(self, name, keep_folder=True):
        """Whether there was one. Without KEEP_FOLDER what holds nothing more goes, too."""
        with self.lock:
            before = self.look(name)
            if before:
                os.unlink(self.path(name))
                self.changes.append((time.time(), name, before))
            while before and not keep_folder and "/" in name:
                name = name.rpartition("/")[0]
                if os.listdir(self.path(name)):
                    break
                os.rmdir(self.path(name))
        return bool(before)

    def make_folder(self, name):
        os.mkdir(self.path(name))

    def is_folder(self, name):
        return not name or os.path.isdir(self.path(name))

    def delete_folder(self, name):
        """With all that is in it."""
        for one in self.list(name + "/"):
            self.delete(one)
        for path, _, _ in os.walk(self.path(name), topdown=False):
            os.rmdir(path)

    def list(self, prefix="", late=0, deep=True):
        """{name: (size, mtime)} of the objects that begin with PREFIX, as it was LATE seconds ago; only those without
        another / behind it, unless DEEP."""
        root = self.directory + "/objects"
        found = {}
        with self.lock:
            for path, folders, files in os.walk(os.path.join(root, prefix.rpartition("/")[0])):
                for file in files:
                    name = os.path.relpath(os.path.join(path, file), root)
                    if name.startswith(prefix):
                        found[name] = self.look(name)
                if not deep:
                    del folders[:]
            for when, name, before in reversed(self.changes):
                if when < time.time() - late:
                    break
                if not deep and "/" in name[len(prefix):]:
                    continue
                if name.startswith(prefix):
                    found.pop(name, None)
                    if before:
                        found[name] = before
        return found

    def folders(self, name):
        """The folders in the folder NAME, those without an object too."""
        with os.scandir(self.path(name) if name else self.directory + "/objects") as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
