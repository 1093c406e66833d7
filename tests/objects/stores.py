"""stores.py - real stores on loopback, for tests: lighttpd and Apache for WebDAV, Ceph and OpenStack Swift for S3, and our own.

    stores.py NAME DIRECTORY [--tls]      starts one there, prints its URL, and ends with SIGTERM

USER and PASSWORD are those of objserver.py; S3's bucket is there. As root or not; of each store's processes none is left.
"""
import base64
import hashlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

import objserver

USER, PASSWORD = objserver.USER, objserver.PASSWORD
APACHE_MODULES = "/usr/lib/apache2/modules"
SECONDS = 120  # in which a store must answer


class Missing(Exception):
    """A store cannot be here, and why."""


def find(program, package):
    path = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not path:
        raise Missing("there is no %s here: sh docs/deps.sh %s" % (program, package))
    return path


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def write(path, text, mode=0o644):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def make_certificate(directory):
    """A file with a key and a certificate of 127.0.0.1's, which certifies itself."""
    path = directory + "/tls.pem"
    if not os.path.exists(path):
        subprocess.run([find("openssl", "tests"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "30", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
                        "-keyout", path, "-out", directory + "/ca.pem"], check=True, capture_output=True)
        with open(directory + "/ca.pem") as file:
            certificate = file.read()
        with open(path, "a") as file:
            file.write(certificate)
    return path


class Real:
    """A store in DIRECTORY. start() and stop() any number of times; what it holds stays."""

    kind = "dav"
    keeps = True  # what it holds, when it stops

    def __init__(self, directory, tls=False):
        self.directory, self.processes, self.port = os.path.abspath(directory), [], free_port()
        os.makedirs(self.directory, exist_ok=True)
        self.tls = make_certificate(self.directory) if tls else None
        self.prepare()

    def url(self, path="place/"):
        """What backup-cli takes."""
        ca = "?ca=%s/ca.pem" % self.directory if self.tls else ""
        return "dav%s://%s@127.0.0.1:%d/dav/%s%s" % ("s" if self.tls else "", USER, self.port, path, ca)

    def base(self):
        """Where names begin, by http."""
        return "http%s://127.0.0.1:%d/dav/" % ("s" if self.tls else "", self.port)

    def run(self, *words, **how):
        with open(self.directory + "/said", "ab") as said:
            self.processes.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                                   start_new_session=True, **how))

    def start(self):
        self.launch()
        end = time.monotonic() + SECONDS
        while not self.answers():
            if time.monotonic() > end or any(process.poll() is not None for process in self.processes):
                self.stop()
                with open(self.directory + "/said", errors="replace") as said:
                    raise Missing("%s does not start: %s" % (type(self).__name__, said.read()[-1000:]))
            time.sleep(0.05)
        return self

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def stop(self):
        for process in self.processes:
            try:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
        self.processes = []


class Lighttpd(Real):
    def prepare(self):
        self.program = find("lighttpd", "tests")
        if not os.path.exists("/usr/lib/lighttpd/mod_webdav.so"):
            raise Missing("lighttpd has no mod_webdav here: sh docs/deps.sh tests")
        os.makedirs(self.directory + "/root/dav", exist_ok=True)
        os.makedirs(self.directory + "/tmp", exist_ok=True)
        write(self.directory + "/users", "%s:%s\n" % (USER, PASSWORD), 0o600)
        tls = 'ssl.engine = "enable"\nssl.pemfile = "%s"\n' % self.tls if self.tls else ""
        write(self.directory + "/conf", """
server.modules = ("mod_auth", "mod_authn_file", "mod_webdav"%s)
server.bind = "127.0.0.1"
server.port = %d
server.document-root = "%s/root"
server.upload-dirs = ("%s/tmp")
server.errorlog = "%s/log"
server.tag = "lighttpd"
auth.backend = "plain"
auth.backend.plain.userfile = "%s/users"
auth.require = ("/dav" => ("method" => "basic", "realm" => "objects", "require" => "valid-user"))
$HTTP["url"] =~ "^/dav($|/)" { webdav.activate = "enable" }
%s""" % (', "mod_openssl"' if self.tls else "", self.port, *(self.directory,) * 4, tls))

    def launch(self):
        self.run(self.program, "-D", "-f", self.directory + "/conf")


class Apache(Real):
    def prepare(self):
        self.program = find("apache2", "tests")
        modules = "mpm_event authn_core authn_file auth_basic authz_core authz_user dav dav_fs" + (" ssl socache_shmcb" if self.tls else "")
        os.makedirs(self.directory + "/root/dav", exist_ok=True)
        digest = base64.b64encode(hashlib.sha1(PASSWORD.encode()).digest()).decode()
        write(self.directory + "/users", "%s:{SHA}%s\n" % (USER, digest))
        tls = "SSLEngine on\nSSLCertificateFile %s\n" % self.tls if self.tls else ""
        if os.getuid() == 0:
            tls += "User www-data\nGroup www-data\n"
            os.chmod(os.path.dirname(self.directory), 0o711)  # a test's own directory is for its user alone
            for path, _, _ in os.walk(self.directory):
                os.chown(path, pwd.getpwnam("www-data").pw_uid, -1)
        write(self.directory + "/conf", "".join("LoadModule %s_module %s/mod_%s.so\n" % (name, APACHE_MODULES, name)
                                                for name in modules.split()) + """
ServerRoot {0}
ServerName 127.0.0.1
Listen 127.0.0.1:{1}
PidFile {0}/pid
DefaultRuntimeDir {0}
ErrorLog {0}/log
DocumentRoot {0}/root
DavLockDB {0}/lock
KeepAlive On
MaxKeepAliveRequests 0
StartServers 1
<Directory {0}/root/dav>
  Dav On
  AuthType Basic
  AuthName objects
  AuthUserFile {0}/users
  Require valid-user
</Directory>
{2}""".format(self.directory, self.port, tls))

    def launch(self):
        self.run(self.program, "-DFOREGROUND", "-f", self.directory + "/conf")


RINGS = """
import json, sys
from swift.cli.ringbuilder import main
for words in json.loads(sys.argv[1]):
    try:
        main(["swift-ring-builder"] + words)
    except SystemExit as end:
        if end.code not in (0, 1):  # 1 is a warning
            raise
"""


class Swift(Real):
    """One of each: proxy with s3api and tempauth, account, container, object, and the memcached that tempauth insists on."""

    kind = "s3"
    keeps = False  # it does; but it takes ten seconds of processor time to start
    services = ("account", "container", "object")

    def prepare(self):
        if self.tls:
            raise Missing("Swift's own TLS is for its tests alone")
        for service in ("proxy",) + self.services:
            find("swift-%s-server" % service, "objects")
        find("swift-ring-builder", "objects")
        self.memcached = find("memcached", "objects")
        self.ports = {"proxy": self.port, **{service: free_port() for service in self.services + ("memcached",)}}
        os.makedirs(self.directory + "/devices/d", exist_ok=True)
        try:
            os.setxattr(self.directory + "/devices/d", "user.test", b"1")
        except OSError as why:
            raise Missing("Swift keeps what it knows of an object in extended attributes: %s" % why) from None
        write(self.directory + "/swift.conf", "[swift-hash]\nswift_hash_path_suffix = tests\nswift_hash_path_prefix = tests\n")
        for service in self.services:
            self.prepare_service(service)
        self.make_rings()
        common = self.common("proxy") + "account_autocreate = true\n"
        write(self.directory + "/proxy.conf", common + """
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats s3api tempauth proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:%d
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
allow_multipart_uploads = false
[filter:tempauth]
use = egg:swift#tempauth
user_test_user = %s .admin
""" % (self.ports["memcached"], PASSWORD))

    def common(self, service):
        return """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {1}
swift_dir = {0}
devices = {0}/devices
user = {2}
mount_check = false
workers = 0
log_level = WARNING
""".format(self.directory, self.ports[service], pwd.getpwuid(os.getuid()).pw_name)

    def prepare_service(self, service):
        write("%s/%s.conf" % (self.directory, service), self.common(service) + """
[pipeline:main]
pipeline = {0}-server
[app:{0}-server]
use = egg:swift#{0}
""".format(service))

    def make_rings(self):
        """What swift-ring-builder does, nine times; started once, as it takes its time to start."""
        words = [["%s/%s.builder" % (self.directory, service), *rest] for service in self.services
                 for rest in (["create", "1", "1", "1"], ["add", "r1z1-127.0.0.1:%d/d" % self.ports[service], "1"], ["rebalance"])]
        done = subprocess.run(["/usr/bin/python3", "-c", RINGS, json.dumps(words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise Missing("swift-ring-builder: %s" % done.stdout[-1000:])

    def launch(self):
        self.run(self.memcached, "-l", "127.0.0.1", "-p", str(self.ports["memcached"]), *(["-u", "root"] if os.getuid() == 0 else []))
        for service in self.services + ("proxy",):
            self.run(find("swift-%s-server" % service, "objects"), "%s/%s.conf" % (self.directory, service), "-v", cwd=self.directory)

    def answers(self):
        """Once the bucket is there."""
        if not Real.answers(self):
            return False
        status, said = curl_s3(self, "PUT", "")
        if status not in (200, 409):
            with open(self.directory + "/said", "ab") as file:
                file.write(said)
        return status in (200, 409)

    def url(self, path="place/"):
        return "s3://%s/%s?endpoint=http://127.0.0.1:%d" % (objserver.BUCKET, path, self.port)

    def base(self):
        return "http://127.0.0.1:%d/%s/" % (self.port, objserver.BUCKET)

    user = "test:user"


class Ceph(Real):
    """One of each: monitor, OSD (in memory, so what it holds is gone when it stops), radosgw."""

    kind, user, base, url = "s3", USER, Swift.base, Swift.url
    keeps = False

    def prepare(self):
        if self.tls:
            raise Missing("radosgw is tried without TLS")
        for program in ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool", "ceph"):
            find(program, "objects")
        self.fsid, self.osd, monitor = str(uuid.uuid4()), str(uuid.uuid4()), free_port()
        for name in ("mon", "osd", "rgw"):
            os.makedirs("%s/%s" % (self.directory, name))
        where = "[v2:127.0.0.1:%d/0]" % monitor
        write(self.directory + "/conf", """[global]
fsid = {1}
mon host = {2}
mon initial members = a
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
mon data = {0}/mon
osd data = {0}/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = {0}
admin socket = {0}/$name.asok
log file = {0}/$name.log
rgw data = {0}/rgw
rgw frontends = beast endpoint=127.0.0.1:{3}
rgw enable apis = s3
""".format(self.directory, self.fsid, where, self.port))
        self.do("monmaptool", "--create", "--fsid", self.fsid, "--addv", "a", where, "monmap")
        self.do("ceph-mon", "-c", "conf", "-i", "a", "--mkfs", "--monmap", "monmap")

    def do(self, *words):
        done = subprocess.run([find(words[0], "objects"), *words[1:]], cwd=self.directory, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=SECONDS)
        if done.returncode:
            raise Missing("%s: %s" % (" ".join(words), done.stdout[-1000:]))

    def launch(self):
        conf = ("-c", self.directory + "/conf")
        self.run(find("ceph-mon", "objects"), *conf, "-i", "a", "-f")
        self.do("ceph", *conf, "osd", "new", self.osd, "0")
        self.do("ceph-osd", *conf, "-i", "0", "--mkfs", "--osd-uuid", self.osd)
        self.run(find("ceph-osd", "objects"), *conf, "-i", "0", "-f")
        self.do("radosgw-admin", *conf, "user", "create", "--uid=" + USER, "--display-name=" + USER, "--access-key=" + USER,
                "--secret-key=" + PASSWORD)
        self.run(find("radosgw", "objects"), *conf, "-n", "client.admin", "-f")

    answers = Swift.answers


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
    base, answers = Swift.base, Real.answers

    def url(self, path="place/"):
        ca = "&ca=%s/ca.pem" % self.directory if self.tls else ""
        return "s3://%s/%s?endpoint=%s127.0.0.1:%d%s" % (objserver.BUCKET, path, "" if self.tls else "http://", self.port, ca)


REAL = {"own-dav": Own, "own-s3": OwnS3, "lighttpd": Lighttpd, "apache": Apache, "ceph": Ceph, "swift": Swift}


def curl_s3(store, method, name, body=b"", *words):
    """(status, answer) of one request, signed by curl."""
    given = ["-X", method]
    if body:  # curl signs no body that it cannot measure
        with tempfile.NamedTemporaryFile(delete=False) as file:
            file.write(body)
        given = ["-T", file.name]
    # A user's name with a colon is no -u.
    url = store.base().replace("://", "://%s:%s@" % (store.user.replace(":", "%3A"), PASSWORD))
    done = subprocess.run(["curl", "-sS", "-w", "\n%{http_code}", "--max-time", "30", "--aws-sigv4", "aws:amz:us-east-1:s3",
                           "-H", "x-amz-content-sha256: " + hashlib.sha256(body).hexdigest(),
                           *given, *words, url + name], capture_output=True)
    if body:
        os.unlink(file.name)
    answer, _, status = done.stdout.rpartition(b"\n")
    return int(status or 0), answer


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
