"""objserver.py - a small store for tests, on loopback: the same objects by WebDAV below /dav/, and by S3 in the bucket "bucket".

    objserver.py [OPTIONS] DIRECTORY       the objects are files below DIRECTORY/objects, and stay there

S3 is signed (key and secret are "user" and "sesame-7391", the region is us-east-1), WebDAV has basic authentication with the
same two. Prints "ready PORT", and at the end (SIGTERM), or for GET /counts, what came: requests and bytes by kind.

Faults are drawn from --seed: at each request one of --faults happens with a chance of --rate.
    500         that answer, and nothing is done
    503         the same, with Retry-After: 1 (--retry-after)
    slow        the answer comes up to 0.3 s later
    cut         the connection ends in the middle of a body: the request's or the answer's
    lost        what was put or deleted is, but no answer comes
    stale       a listing as it was up to 5 s ago
    forget      a delete is answered, and does nothing
and for the whole run:
    clock       the store's clock is wrong, by up to 14 minutes (WebDAV alone: --skew of any size)
    nodelete    deleting is forbidden: 403
    refuse-if   a put with If-None-Match is answered with 501
    ignore-if   If-None-Match is not looked at
    gzip        what is read comes compressed, but to who wants it as it is (Accept-Encoding: identity)
    nosize      a listing does not say how large an object is
    racy        it is looked at, and the object put a moment later: of two puts at once both may succeed, and the second stands
"""
import argparse
import collections
import gzip
import hashlib
import http.server
import random
import re
import signal
import socket
import ssl
import sys
import threading
import time
import urllib.parse

from objkinds import BUCKET, Dav, S3
from objstore import Store

BODY_MAX = 1 << 26
PIECE = 1 << 16
ENDS = {signal.SIGTERM, signal.SIGINT}
SIZES = re.compile(b"<D:getcontentlength>[0-9]*</D:getcontentlength>|<Size>[0-9]*</Size>")
RANGE = re.compile(r"bytes=(\d*)-(\d*)")
KINDS = {"PUT": "put", "GET": "get", "HEAD": "get", "DELETE": "delete", "MKCOL": "mkcol"}
BOTH = ("500", "503", "slow", "cut")
AT = {"put": BOTH + ("lost",), "get": BOTH, "list": BOTH + ("stale",), "delete": BOTH + ("lost", "forget"),
      "mkcol": BOTH + ("lost",)}


class Cut(Exception):
    """The connection is to end here."""


class Server(http.server.ThreadingHTTPServer):
    """OPTIONS is what main() parses; its faults may be changed while the server runs."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, options):
        super().__init__(("127.0.0.1", options.port), Handler)
        self.options, self.store = options, Store(options.directory)
        self.lock, self.count, self.chance = threading.Lock(), 0, random.Random(options.seed)
        self.counts = collections.defaultdict(lambda: [0, 0, 0])  # kind: requests, bytes in, bytes out
        self.acknowledged = []  # (name, size, sha256, when) of each put that is answered with yes
        self.line_free = 0.0
        self.live = set()  # connections
        self.skew = options.skew or ("clock" in options.faults and self.chance.uniform(-840, 840)) or 0
        if options.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(options.tls)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def fault(self, kind):
        """What goes wrong at this request, which is of KIND (None if nothing does); and how much of it, from 0 to 1."""
        with self.lock:
            self.count += 1
            chance = random.Random("%d:%d" % (self.options.seed, self.count))
        wrong = chance.choice(AT.get(kind, BOTH))
        happens = wrong in self.options.faults and chance.random() < self.options.rate
        return wrong if happens else None, chance.random()

    def note(self, kind, requests, got, sent):
        with self.lock:
            for i, more in enumerate((requests, got, sent)):
                self.counts[kind][i] += more

    def tell_put(self, name, body):
        with self.lock:
            self.acknowledged.append((name, len(body), hashlib.sha256(body).hexdigest(), time.time()))
            if self.options.puts:
                print(*self.acknowledged[-1][:3], file=self.options.puts, flush=True)

    def text(self):
        with self.lock:
            return "".join("%-8s %6d requests %12d bytes in %12d bytes out\n" % (kind, *count)
                           for kind, count in sorted(self.counts.items()))

    def carry(self, size):
        """Waits until the line, which all share, has carried SIZE bytes."""
        if self.options.line:
            with self.lock:
                self.line_free = max(self.line_free, time.monotonic()) + size / self.options.line / 1e6
                due = self.line_free
            time.sleep(max(0, due - time.monotonic()))

    def get_request(self):
        connection, address = super().get_request()
        self.live.add(connection)
        return connection, address

    def shutdown_request(self, request):
        self.live.discard(request)
        super().shutdown_request(request)

    def stop(self):
        """Nobody is answered any more, as when the power goes."""
        self.shutdown()
        self.server_close()
        for connection in list(self.live):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (OSError, Cut)):
            super().handle_error(request, client_address)


class Handler(Dav, S3, http.server.BaseHTTPRequestHandler):
    """One connection: what is common to both kinds of stores."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return super().date_time_string((time.time() if timestamp is None else timestamp) + self.server.skew)

    def answer(self, status, body=b"", pieces=None, length=None, **headers):
        """Says STATUS with BODY, or with PIECES of LENGTH bytes in all; where the fault is a cut, with half of it."""
        if self.has("nosize"):
            body = SIZES.sub(b"", body)
        if self.has("gzip") and status in (200, 206, 207) and "identity" not in self.headers.get("Accept-Encoding", ""):
            body, pieces, length = gzip.compress(b"".join(pieces or [body])[:length]), None, None
            headers["Content_Encoding"] = "gzip"
        length = len(body) if length is None else length
        if self.wrong == "lost":
            raise Cut
        if self.command == "PUT" and 200 <= status < 300:
            self.server.tell_put(self.name, self.body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        left = 0 if self.command == "HEAD" else length // 2 if self.wrong == "cut" else length
        for piece in pieces or (body[at:at + PIECE] for at in range(0, len(body), PIECE)):
            if not left:
                break
            piece = piece[:left]
            left -= len(piece)
            self.server.note(self.kind, 0, 0, len(piece))
            self.server.carry(len(piece))
            self.wfile.write(piece)
        self.wfile.flush()
        if self.server.options.log:
            print("%.4f %.4f" % (self.came, time.time()), self.command, status, self.name or "-", self.headers.get("Range", "-"),
                  file=self.server.options.log, flush=True)
        if self.wrong == "cut":
            raise Cut

    def take_body(self):
        size = int(self.headers.get("Content-Length", 0))
        if self.wrong == "cut" and size:
            self.rfile.read(size // 2)
            raise Cut
        self.server.carry(size)
        self.server.note(self.kind, 0, size, 0)
        return self.rfile.read(size)

    def serve(self):
        path, _, query = self.path.partition("?")
        self.fields = dict(urllib.parse.parse_qsl(query, True))
        self.is_dav = path.startswith("/dav/")
        kind = "list" if self.command == "PROPFIND" or "list-type" in self.fields else KINDS[self.command]
        self.name = urllib.parse.unquote(path[len("/dav/" if self.is_dav else "/" + BUCKET + "/"):])
        self.kind, self.wrong, self.body, self.came = kind, None, b"", time.time()
        if self.path == "/counts":
            self.kind = "counts"
            return self.answer(200, self.server.text().encode())
        self.wrong, self.much = self.server.fault(kind)
        self.server.note(kind, 1, len(self.raw_requestline) + sum(len(name) + len(value) + 4 for name, value in self.headers.items()) + 2, 0)
        try:
            self.meet(path)
        except Cut:
            self.close_connection = True

    def meet(self, path):
        time.sleep(self.server.options.delay / 1000)
        if "Transfer-Encoding" in self.headers or int(self.headers.get("Content-Length", 0)) > BODY_MAX:
            self.close_connection = True
            return self.answer(411)
        self.body = self.take_body()
        if len(self.body) > self.server.options.most:
            return self.answer(413, b"that is too large")
        if self.wrong == "slow":
            time.sleep(self.much * 0.3)
        if self.wrong == "500":
            return self.answer(500, b"something is wrong")
        if self.wrong == "503":
            return self.answer(503, b"too many requests", Retry_After=self.server.options.retry_after)
        if not {"", ".", ".."}.isdisjoint(self.name.rstrip("/").split("/")) and self.name:
            return self.answer(400, b"that is no name")
        if self.is_dav:
            return self.meet_dav()
        if not path.startswith("/" + BUCKET):
            return self.fail_s3(404, "NoSuchBucket", "the bucket is named " + BUCKET)
        return self.meet_s3()

    do_GET = do_HEAD = do_PUT = do_DELETE = do_MKCOL = do_PROPFIND = serve

    # What both kinds do with one object.

    def has(self, fault):
        return fault in self.server.options.faults

    def put(self):
        """The status of a put."""
        only_new = self.headers.get("If-None-Match") == "*"
        if only_new and self.has("refuse-if"):
            return 501
        if only_new and self.has("racy"):
            if self.server.store.look(self.name):
                return 412
            time.sleep(0.05)
            only_new = False
        done = self.server.store.put(self.name, self.body, only_new and not self.has("ignore-if"))
        return {"made": 201, "replaced": 204, "exists": 412}[done]

    def get(self, found):
        """Answers with the object, of which FOUND tells, or with a range of it."""
        size, when = found
        said = RANGE.fullmatch(self.headers.get("Range", ""))
        first, last = 0, size - 1
        if said and said[1]:
            first, last = int(said[1]), min(int(said[2] or last), last)
        elif said and said[2]:
            first = max(0, size - int(said[2]))
        if said and first > last:
            return self.answer(416, Content_Range="bytes */%d" % size)
        headers = {"Last_Modified": self.date_time_string(when), "ETag": '"%x-%x"' % (size, int(when * 1e6))}
        if said:
            headers["Content_Range"] = "bytes %d-%d/%d" % (first, last, size)
        with open(self.server.store.path(self.name), "rb") as file:
            file.seek(first)
            pieces = iter(lambda: file.read(PIECE), b"")
            return self.answer(206 if said else 200, pieces=pieces, length=last + 1 - first, **headers)

    def delete(self):
        """The status of a delete."""
        if self.has("nodelete"):
            return 403
        there = self.server.store.look(self.name)
        if there and self.wrong != "forget":
            self.server.store.delete(self.name, keep_folder=self.is_dav)
        return 204 if there or not self.is_dav else 404

    def listed(self, prefix, deep):
        late = self.much * 5 if self.wrong == "stale" else 0
        return self.server.store.list(prefix, late, deep)


def parser():
    parse = argparse.ArgumentParser(usage=__doc__)
    parse.add_argument("directory")
    parse.add_argument("--port", type=int, default=0)
    parse.add_argument("--seed", type=int, default=1)
    parse.add_argument("--faults", type=lambda text: text.split(","), default=[])
    parse.add_argument("--rate", type=float, default=0.2)
    parse.add_argument("--skew", type=float, default=0, help="seconds")
    parse.add_argument("--retry-after", default="1", help="what 503 says")
    parse.add_argument("--delay", type=float, default=0, help="ms before each answer")
    parse.add_argument("--line", type=float, default=0, help="MB/s that all connections share")
    parse.add_argument("--page", type=int, default=1000, help="objects in one answer of S3's listing")
    parse.add_argument("--most", type=int, default=BODY_MAX, help="bytes of a body; 413 for more")
    parse.add_argument("--tls", help="a file with a key and a certificate")
    parse.add_argument("--log", type=argparse.FileType("w"), help="gets a line for each request: when it came and was answered, method, status, name, range")
    parse.add_argument("--puts", type=argparse.FileType("w"), help="gets NAME SIZE SHA256 of each put that is answered with yes")
    return parse


def start(*words):
    """A server in a thread of this process, for a test in Python."""
    server = Server(parser().parse_args(words))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


def main():
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    server = start(*sys.argv[1:])
    print("ready %d" % server.server_port, flush=True)
    signal.sigwait(ENDS)
    print(server.text(), end="", flush=True)


if __name__ == "__main__":
    main()
