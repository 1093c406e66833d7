"""client.py - asks a store of stores.py for one thing: what the tests look at a store with, besides the programs."""
import base64
import http.client
import re
import ssl
import threading
import time
import urllib.parse
from xml.sax.saxutils import unescape

import objkinds
import sigv4


IDLE = 2  # seconds; servers close what was idle for 5


class Client:
    """One connection a thread. An answer is (status, body)."""

    def __init__(self, store):
        self.store, self.lines = store, threading.local()
        self.root = "/dav/" if store.kind == "dav" else "/%s/" % objkinds.BUCKET

    def line(self):
        if hasattr(self.lines, "line") and time.monotonic() - self.lines.used > IDLE:
            self.lines.line.close()
            del self.lines.line
        self.lines.used = time.monotonic()
        if not hasattr(self.lines, "line"):
            where = ("127.0.0.1", self.store.port)
            if self.store.tls:
                context = ssl.create_default_context(cafile=self.store.directory + "/ca.pem")
                self.lines.line = http.client.HTTPSConnection(*where, timeout=60, context=context)
            else:
                self.lines.line = http.client.HTTPConnection(*where, timeout=60)
        return self.lines.line

    def ask(self, method, name, body=b"", query="", **headers):
        target = self.root + urllib.parse.quote(name) + query
        headers = {key.replace("_", "-"): value for key, value in headers.items()}
        if self.store.kind == "dav":
            login = objkinds.USER + ":" + objkinds.PASSWORD
            headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        else:
            host = "127.0.0.1:%d" % self.store.port
            headers.update(sigv4.headers_of(method, host, target, body, self.store.user, objkinds.PASSWORD, objkinds.REGION, time.time()))
        try:
            self.line().request(method, target, body or (b"" if method == "PUT" else None), headers)
            answer = self.line().getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.line().close()
            del self.lines.line
            raise

    def put(self, name, body, only_new=True):
        if self.store.kind == "dav":  # folders first
            parts = name.split("/")
            for i in range(1, len(parts)):
                self.ask("MKCOL", "/".join(parts[:i]) + "/")
        return self.ask("PUT", name, body, **({"If_None_Match": "*"} if only_new else {}))[0]

    def get(self, name, said=None):
        return self.ask("GET", name, **({"Range": "bytes=" + said} if said else {}))

    def delete(self, name):
        return self.ask("DELETE", name)[0]

    def list(self, folder, page=1000):
        """{name: size} of what is in the folder, which ends in /."""
        if self.store.kind == "dav":
            text = self.ask("PROPFIND", folder, Depth="1")[1].decode()
            found = re.findall(r"<\w+:href>[^<]*?([^/<]+)</\w+:href>.*?getcontentlength>(\d+)<", text, re.S)
            return {urllib.parse.unquote(name): int(size) for name, size in found}
        found, token = {}, ""
        while True:
            text = self.ask("GET", "", query="?%slist-type=2&max-keys=%d&prefix=%s" % (token, page, sigv4.encode(folder)))[1].decode()
            for entry in re.findall(r"<Contents>(.*?)</Contents>", text, re.S):
                name = unescape(re.search(r"<Key>(.*?)</Key>", entry)[1])
                found[name[len(folder):]] = int(re.search(r"<Size>(\d+)<", entry)[1])
            more = re.search(r"<NextContinuationToken>(.*?)</", text)
            if not more:
                return found
            token = "continuation-token=%s&" % sigv4.encode(unescape(more[1]))
