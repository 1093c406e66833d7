"""objkinds.py - what objserver.py answers as a WebDAV server, and as S3; its Handler is both."""
import base64
import time
import urllib.parse
from xml.sax.saxutils import escape

import sigv4

USER, PASSWORD, REGION, BUCKET = "user", "sesame-7391", "us-east-1", "bucket"
XML = '<?xml version="1.0" encoding="utf-8"?>\n'


class Dav:
    def meet_dav(self):
        said = base64.b64encode((USER + ":" + PASSWORD).encode()).decode()
        if self.headers.get("Authorization") != "Basic " + said:
            return self.answer(401, WWW_Authenticate='Basic realm="objects"')
        store, folder = self.server.store, self.name.rstrip("/")
        if self.command == "PROPFIND":
            return self.propfind(folder)
        if self.command == "MKCOL":
            return self.answer(self.make_folder(folder))
        if self.command == "PUT":
            if store.is_folder(folder):
                return self.answer(405)
            return self.answer(self.put() if store.is_folder(folder.rpartition("/")[0]) else 409)
        if self.command == "DELETE" and folder and store.is_folder(folder):
            if not self.has("nodelete"):
                store.delete_folder(folder)
            return self.answer(403 if self.has("nodelete") else 204)
        if self.command == "DELETE":
            return self.answer(self.delete())
        found = store.look(self.name)
        return self.get(found) if found else self.answer(404, b"there is nothing")

    def make_folder(self, folder):
        store = self.server.store
        if store.look(folder) or store.is_folder(folder):
            return 405
        if not store.is_folder(folder.rpartition("/")[0]):
            return 409
        store.make_folder(folder)
        return 201

    def propfind(self, name):
        """A file, or a folder and (Depth: 1) what is in it."""
        store, depth = self.server.store, self.headers.get("Depth")
        if depth not in ("0", "1"):
            return self.answer(403, b"Depth is 0 or 1")
        found, folders = store.look(name), []
        if not found and not store.is_folder(name):
            return self.answer(404, b"there is nothing")
        entries = {name: found} if found else {}
        if not found:
            prefix = name + "/" if name else ""
            folders = [prefix]
            if depth == "1":
                folders += [prefix + one + "/" for one in store.folders(name)]
                entries = self.listed(prefix, False)
        text = "".join(self.response(one, "<D:resourcetype><D:collection/></D:resourcetype>", time.time()) for one in folders)
        text += "".join(self.response(one, "<D:resourcetype/><D:getcontentlength>%d</D:getcontentlength>" % size, when)
                        for one, (size, when) in sorted(entries.items()))
        return self.answer(207, (XML + '<D:multistatus xmlns:D="DAV:">\n%s</D:multistatus>\n' % text).encode(),
                           Content_Type="application/xml; charset=utf-8")

    def response(self, name, properties, when):
        return ("<D:response><D:href>/dav/%s</D:href><D:propstat><D:prop>%s<D:getlastmodified>%s</D:getlastmodified></D:prop>"
                "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>\n"
                % (urllib.parse.quote(name), properties, self.date_time_string(when)))


class S3:
    def fail_s3(self, status, code, why):
        return self.answer(status, (XML + "<Error><Code>%s</Code><Message>%s</Message></Error>\n" % (code, escape(why))).encode(),
                           Content_Type="application/xml")

    def meet_s3(self):
        store = self.server.store
        try:
            sigv4.check(self.command, self.path, self.headers, self.body, USER, PASSWORD, REGION, time.time() + self.server.skew)
        except sigv4.Refused as why:
            return self.fail_s3(403, why.code, str(why))
        if "list-type" in self.fields:
            return self.list_s3()
        if self.command == "PUT":
            status = self.put()
            if status == 412:
                return self.fail_s3(412, "PreconditionFailed", "it is there")
            return self.fail_s3(501, "NotImplemented", "If-None-Match") if status == 501 else self.answer(200)
        if self.command == "DELETE":
            status = self.delete()
            return self.answer(204) if status == 204 else self.fail_s3(403, "AccessDenied", "no delete")
        found = store.look(self.name)
        return self.get(found) if found else self.fail_s3(404, "NoSuchKey", "there is no such object")

    def list_s3(self):
        """ListObjectsV2: a page of names, and of the folders between PREFIX and the delimiter."""
        prefix, delimiter = self.fields.get("prefix", ""), self.fields.get("delimiter", "")
        after = urllib.parse.unquote(self.fields.get("continuation-token", "")) or self.fields.get("start-after", "")
        most = min(int(self.fields.get("max-keys", 1000)), self.server.options.page)
        found, entries = self.listed(prefix, True), {}
        for name, what in found.items():
            head, cut, _ = name[len(prefix):].partition(delimiter) if delimiter else (name, "", "")
            entries[prefix + head + cut if cut else name] = None if cut else what
        names = sorted(name for name in entries if name > after)
        page, more = names[:most], len(names) > most
        text = "<Name>%s</Name><Prefix>%s</Prefix><KeyCount>%d</KeyCount><MaxKeys>%d</MaxKeys><IsTruncated>%s</IsTruncated>\n" % (
            BUCKET, escape(prefix), len(page), most, "true" if more else "false")
        if more:
            text += "<NextContinuationToken>%s</NextContinuationToken>\n" % urllib.parse.quote(page[-1], safe="")
        text += "".join(self.entry_s3(name, entries[name]) for name in page)
        text = '%s<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s</ListBucketResult>\n' % (XML, text)
        return self.answer(200, text.encode(), Content_Type="application/xml")

    def entry_s3(self, name, what):
        if not what:
            return "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>\n" % escape(name)
        when = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(what[1] + self.server.skew))
        return ("<Contents><Key>%s</Key><LastModified>%s</LastModified><Size>%d</Size><StorageClass>STANDARD</StorageClass>"
                "</Contents>\n" % (escape(name), when, what[0]))
