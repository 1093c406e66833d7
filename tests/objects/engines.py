"""engines.py - what stores.py has of whole engines that speak S3: Ceph's radosgw, OpenStack Swift's s3api."""
import json
import os
import pwd
import subprocess
import uuid

import objkinds
from client import Client
from real import SECONDS, Missing, Real, find, free_port, listens, write

PASSWORD, USER = objkinds.PASSWORD, objkinds.USER


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
        if not all(listens(port) for port in self.ports.values()):
            return False
        status, said = Client(self).ask("PUT", "")
        if status not in (200, 409):
            with open(self.directory + "/said", "ab") as file:
                file.write(said)
        return status in (200, 409)

    def url(self, path="place/"):
        return "s3://%s/%s?endpoint=http://127.0.0.1:%d" % (objkinds.BUCKET, path, self.port)

    user = "test:user"


class Ceph(Real):
    """One of each: monitor, OSD (in memory, so what it holds is gone when it stops), radosgw."""

    kind, user, url = "s3", USER, Swift.url
    keeps = False

    def prepare(self):
        if self.tls:
            raise Missing("radosgw is tried without TLS")
        for program in ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool", "ceph"):
            find(program, "objects")
        self.ports = {"radosgw": self.port}
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
