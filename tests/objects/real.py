"""real.py - what the stores of stores.py share: they are started in a directory, on loopback, and stopped."""
import base64
import hashlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time

import objkinds

USER, PASSWORD = objkinds.USER, objkinds.PASSWORD
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


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


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
        return listens(self.port)

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
        for module in ("webdav", "openssl") if self.tls else ("webdav",):
            if not os.path.exists("/usr/lib/lighttpd/mod_%s.so" % module):
                raise Missing("lighttpd has no mod_%s here: sh docs/deps.sh tests" % module)
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


