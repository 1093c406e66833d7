"""test_objserver.py - the tests' own store, asked by curl, which signs for S3 with its own --aws-sigv4.

Run by run.sh, or: python3 tests/objects/test_objserver.py [TEST...]
"""
import base64
import hashlib
import http.client
import os
import re
import subprocess
import tempfile
import threading
import time

import kit
import objkinds
import objserver

LOGIN = objkinds.USER + ":" + objkinds.PASSWORD
EMPTY = hashlib.sha256(b"").hexdigest()


class Asker:
    """A server with the options WORDS, and who asks it. An answer is (status, body, headers); status 0: none came."""

    def __init__(self, directory, *words):
        self.work = tempfile.mkdtemp(dir=directory)
        self.server = objserver.start(*words, self.work + "/store")

    def dav(self, name, method="GET", user=LOGIN, body=None, **headers):
        headers = {key.replace("_", "-"): value for key, value in headers.items()}
        headers["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
        line = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=20)
        try:
            line.request("PUT" if body is not None else method, "/dav/" + name, body, headers)
            answer = line.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        except (OSError, http.client.HTTPException) as why:
            return 0, getattr(why, "partial", b""), {}
        finally:
            line.close()

    def curl(self, path, *words, body=None):
        open(self.work + "/answer", "wb").close()
        if body is not None:
            with open(self.work + "/body", "wb") as file:
                file.write(body)
            words += ("-T", self.work + "/body")
        done = subprocess.run(["curl", "-sS", "-o", self.work + "/answer", "-w", "%{http_code}", "--max-time", "20", *words,
                               "http://127.0.0.1:%d/bucket%s" % (self.server.server_port, path)], capture_output=True)
        with open(self.work + "/answer", "rb") as file:
            return int(done.stdout), file.read()

    def s3(self, name, *words, user=LOGIN, region="us-east-1", body=None, body_hash=None):
        body_hash = body_hash or hashlib.sha256(body or b"").hexdigest()
        return self.curl("/" + name, "--aws-sigv4", "aws:amz:%s:s3" % region, "-u", user,
                         "-H", "x-amz-content-sha256: " + body_hash, *words, body=body)


NEW = ("-H", "If-None-Match: *")
ONLY_NEW = {"If_None_Match": "*"}


def dav(directory):
    """WebDAV: puts, folders, ranges, listings, deletes"""
    c = Asker(directory)
    assert c.dav("a/x", body=b"hello")[0] == 409
    assert [c.dav("a", "MKCOL")[0] for _ in range(2)] == [201, 405]
    assert c.dav("b/c", "MKCOL")[0] == 409
    assert [c.dav("a/x", body=b"hello", **ONLY_NEW)[0] for _ in range(2)] == [201, 412]
    assert c.dav("a/x", body=b"hello again")[0] == 204
    for said, status, body in (("0-4", 206, b"hello"), ("6-", 206, b"again"), ("-2", 206, b"in"), ("6-99", 206, b"again")):
        assert c.dav("a/x", Range="bytes=" + said)[:2] == (status, body), said
    assert c.dav("a/x", Range="bytes=4-5")[2]["Content-Range"] == "bytes 4-5/11"
    assert c.dav("a/x", Range="bytes=11-")[0] == 416
    assert c.dav("a/y")[0] == 404
    assert c.dav("a/x", user="user:other")[0] == 401
    c.dav("a/d%20e%26", "MKCOL")
    status, text, _ = c.dav("a/", "PROPFIND", Depth="1")
    assert status == 207 and re.findall(rb"D:href>([^<]+)<", text) == [b"/dav/a/", b"/dav/a/d%20e%26/", b"/dav/a/x"], text
    assert re.findall(rb"getcontentlength>(\d+)<", text) == [b"11"] and text.count(b"<D:collection/>") == 2
    assert c.dav("a/", "PROPFIND")[0] == 403  # without Depth it would be all that is below
    assert [c.dav("a/x", "DELETE")[0] for _ in range(2)] == [204, 404]
    assert c.dav("a/", "DELETE")[0] == 204 and c.dav("a/", "PROPFIND", Depth="0")[0] == 404
    assert c.dav("%2e%2e/x", body=b"out")[0] == 400, "no name leads out"


def s3(directory):
    """S3: puts, ranges, listings in pages, deletes"""
    c = Asker(directory, "--page", "3")
    assert [c.s3("p/%d" % i, *NEW, body=b"%d" % i)[0] for i in range(7)] == [200] * 7
    assert c.s3("p/3", *NEW, body=b"other")[0] == 412
    assert c.s3("p/3", "-r", "0-0")[:2] == (206, b"3")
    assert c.s3("q%20%26/x", body=b"")[0] == 200
    found, token = [], ""
    for _ in range(3):
        status, text = c.s3("?%slist-type=2&prefix=p%%2F" % (token and "continuation-token=%s&" % token))
        assert status == 200
        found += re.findall(rb"<Key>([^<]*)</Key>", text)
        more = re.findall(rb"<NextContinuationToken>([^<]*)<", text)
        token = more[0].decode().replace("%", "%25") if more else ""
    assert found == [b"p/%d" % i for i in range(7)] and not token, found
    status, text = c.s3("?delimiter=%2F&list-type=2&prefix=")
    assert re.findall(rb"<Prefix>([^<]+)</Prefix>", text) == [b"p/", b"q &amp;/"], text
    assert re.findall(rb"<Key>([^<]*)<", c.s3("?list-type=2&prefix=p%2F&start-after=p%2F4")[1]) == [b"p/5", b"p/6"]
    assert [c.s3("q%20%26/x", "-X", "DELETE")[0] for _ in range(2)] == [204, 204]
    assert c.s3("q%20%26/x")[0] == 404
    assert b"q " not in c.s3("?delimiter=%2F&list-type=2&prefix=")[1]


def signatures(directory):
    """S3: what is signed wrongly is refused, and says why"""
    c = Asker(directory)
    assert c.s3("x", body=b"1")[0] == 200

    def refused(code, answer):
        assert answer[0] == 403 and code.encode() in answer[1], answer

    refused("SignatureDoesNotMatch", c.s3("x", user="user:other"))
    refused("InvalidAccessKeyId", c.s3("x", user="other:" + objkinds.PASSWORD))
    refused("AuthorizationHeaderMalformed", c.s3("x", region="eu-central-1"))
    refused("XAmzContentSHA256Mismatch", c.s3("x", body=b"2", body_hash=EMPTY))
    refused("AccessDenied", c.curl("/x"))
    for skew, well in ((-1000, False), (-800, True), (800, True), (1000, False)):
        c.server.skew = skew
        if well:
            assert c.s3("x")[0] == 200, skew
        else:
            refused("RequestTimeTooSkewed", c.s3("x"))
    c.server.skew = 0
    # What was signed, sent again with another method, name or query.
    with open(c.work + "/heard", "wb") as file:
        c.s3("x", "-v", "--stderr", file.name)
    with open(file.name) as file:
        same = [word for line in re.findall(r"> (Authorization: .*|X-Amz-Date: .*)", file.read()) for word in ("-H", line)]
    same += ["-H", "x-amz-content-sha256: " + EMPTY]
    assert c.curl("/x", *same)[:2] == (200, b"1")
    refused("SignatureDoesNotMatch", c.curl("/x", "-X", "DELETE", *same))
    refused("SignatureDoesNotMatch", c.curl("/y", *same))
    refused("SignatureDoesNotMatch", c.curl("/x?list-type=2", *same))
    refused("AccessDenied", c.curl("/x", "-H", "x-amz-acl: public-read", *same))
    # As curl 7.88 signs by itself; a newer one says what the body's hash is.
    without = [word.replace("x-amz-content-sha256;", "") for word in same]
    assert without != same
    refused("AccessDenied", c.curl("/x", *without))


def faults(directory):
    """Each fault is what it is said to be"""
    c = Asker(directory, "--rate", "1")

    def under(fault, *words, **how):
        """An answer with FAULT: of some requests, one has it."""
        c.server.options.faults = [fault]
        for _ in range(100):
            before = c.server.count
            if c.server.fault("put")[0] == fault:  # the same draw that the next one has
                c.server.count = before
                break
        answer = c.dav(*words, **how)
        c.server.options.faults = []
        return answer

    assert under("500", "x", body=b"1")[0] == 500 and c.dav("x")[0] == 404
    answer = under("503", "x", body=b"1")
    assert answer[0] == 503 and answer[2]["Retry-After"] == "1"
    assert under("cut", "x", body=b"1" * 1000)[0] == 0 and c.dav("x")[0] == 404
    assert not c.server.acknowledged
    assert under("lost", "x", body=b"1" * 1000)[0] == 0 and c.dav("x")[1] == b"1" * 1000
    assert not c.server.acknowledged
    assert under("slow", "y", body=b"1")[0] == 201
    assert [put[:3] for put in c.server.acknowledged] == [("y", 1, hashlib.sha256(b"1").hexdigest())]
    c.server.options.faults = ["nodelete"]
    assert c.dav("x", "DELETE")[0] == 403 and c.s3("x", "-X", "DELETE")[0] == 403
    c.server.options.faults = ["refuse-if"]
    assert c.dav("z", body=b"1", **ONLY_NEW)[0] == 501 and c.s3("z", *NEW, body=b"1")[0] == 501
    c.server.options.faults = ["ignore-if"]
    assert c.dav("x", body=b"2", **ONLY_NEW)[0] == 204 and c.dav("x")[1] == b"2"


def late(directory):
    """What a listing was like before; a delete that is forgotten; a body that is cut"""
    c = Asker(directory, "--rate", "1")
    store = c.server.store
    store.put("f/a", b"1", True)
    time.sleep(0.3)
    store.put("f/b", b"1", True)
    store.put("f/a", b"22", False)
    assert sorted(store.list("f/", 0.2)) == ["f/a"] and store.list("f/", 0.2)["f/a"][0] == 1
    store.delete("f/a")
    assert sorted(store.list("f/", 0.2)) == ["f/a"] and sorted(store.list("f/")) == ["f/b"] and sorted(store.list()) == ["f/b"]
    c.server.options.faults = ["forget"]
    assert c.dav("f/b", "DELETE")[0] == 204  # the first draw of this seed that is of a delete's
    seen = {bool(store.look("f/b"))}
    for i in range(40):
        store.put("f/b", b"1", False)
        c.dav("f/b", "DELETE")
        seen.add(bool(store.look("f/b")))
    assert seen == {True, False}
    c.server.options.faults = ["cut"]
    store.put("f/long", b"x" * 100000, True)
    sizes = {len(c.dav("f/long")[1]) for _ in range(20)}
    assert sizes == {50000, 100000}, sizes


def both(directory):
    """Of many that put one name at once, one is told that it did"""
    c = Asker(directory)
    for turn in range(5):
        told = []

        def put(body, turn=turn, told=told):
            told.append(c.dav("n%d" % turn, body=body, **ONLY_NEW)[0])

        threads = [threading.Thread(target=put, args=(b"%d" % i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == [201, 412, 412, 412], told


def counts(directory):
    """Counts, and what it says when it ends; what it holds is there for the next one; the line is as slow as is said"""
    words = ["python3", os.path.dirname(__file__) + "/objserver.py", "--puts", directory + "/puts", "--line", "1"]
    body = os.urandom(300000)
    for turn in range(2):
        proc = subprocess.Popen(words + [directory + "/s"], stdout=subprocess.PIPE, text=True)
        base = "http://%s@127.0.0.1:%d/" % (LOGIN, int(proc.stdout.readline().split()[1]))
        if not turn:
            subprocess.run(["curl", "-sS", "--data-binary", "@-", "-X", "PUT", base + "dav/x"], input=body, check=True)
        began = time.monotonic()
        assert subprocess.run(["curl", "-sS", base + "dav/x"], capture_output=True, check=True).stdout == body
        assert time.monotonic() - began >= 0.3
        proc.terminate()
        said = proc.communicate()[0]
        assert re.search(r"get +1 requests +\d+ bytes in +300000 bytes out", said), said
        assert turn or re.search(r"put +1 requests +300\d{3} bytes in", said), said
        with open(directory + "/puts") as file:
            assert file.read() == ("" if turn else "x 300000 %s\n" % hashlib.sha256(body).hexdigest())


kit.run([dav, s3, signatures, faults, late, both, counts])
