"""stores.py - real stores on loopback, for tests: lighttpd and Apache for WebDAV, Ceph and OpenStack Swift for S3, and our own.

    stores.py NAME DIRECTORY [--tls]      starts one there, prints its URL, and ends with SIGTERM

USER and PASSWORD are those of objserver.py; S3's bucket is there. As root or not; of each store's processes none is left.
"""
import signal
import sys

import objkinds
import objserver
from engines import Ceph, Swift
from real import Apache, Lighttpd, Missing, Real

USER = objkinds.USER


class Own(Real):
    """objserver.py in a thread of this process; .server is it, and WORDS its options."""

    words = ()

    def prepare(self):
        self.server = None

    def launch(self):
        tls = ("--tls", self.tls) if self.tls else ()
        self.server = objserver.start("--port", str(self.port), *tls, *self.words, self.directory + "/store")

    def stop(self):
        if self.server:
            self.server.stop()
        self.server = None


class OwnS3(Own):
    kind, user = "s3", USER

    def url(self, path="place/"):
        ca = "&ca=%s/ca.pem" % self.directory if self.tls else ""
        return "s3://%s/%s?endpoint=%s127.0.0.1:%d%s" % (objkinds.BUCKET, path, "" if self.tls else "http://", self.port, ca)


REAL = {"own-dav": Own, "own-s3": OwnS3, "lighttpd": Lighttpd, "apache": Apache, "ceph": Ceph, "swift": Swift}


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, objserver.ENDS)
    try:
        store = REAL[sys.argv[1]](sys.argv[2], "--tls" in sys.argv).start()
    except Missing as why:
        print("skipped: %s" % why)
        return
    print(store.url(), flush=True)
    signal.sigwait(objserver.ENDS)
    store.stop()


if __name__ == "__main__":
    main()
