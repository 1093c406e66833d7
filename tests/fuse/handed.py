#!/usr/bin/env python3
"""A mount that root makes, and that a process without any privilege serves: this is the service manager between them, as
systemd is with lightning-backup-mount@.service.

    handed.py BACKUP_FUSE BACKUP_CLI SIMNODE PLUGIN

The mount is made by `backup-fuse --hand-over`; its descriptor comes here, and goes to the process that serves, which has
no capability, cannot get any, and sees no /dev/fuse. Another user than the mount's sees nothing of it."""
import array
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

NOBODY = 65534


def skip(why):
    print("skipped: " + why)
    sys.exit(77)


def run(*words, **more):
    return subprocess.run(words, text=True, capture_output=True, timeout=60, **more)


def expect(what, is_so, *seen):
    if not is_so:
        sys.exit(f"{what}: not so: {seen}")
    print(what)


def receive(manager):
    """One message of sd_notify: its lines, and the descriptor in it or None."""
    space = array.array("i", [0])
    text, control, _, _ = manager.recvmsg(4096, socket.CMSG_SPACE(space.itemsize))
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            space.frombytes(data)
            return text.decode().split("\n"), space[1]
    return text.decode().split("\n"), None


def serve(program, fd, words, environment):
    """Starts what serves, with FD as its third descriptor, and without a privilege."""
    pid = os.fork()
    if pid:
        return pid
    os.dup2(fd, 3)
    os.set_inheritable(3, True)
    os.environ.update(environment, LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="backup-fuse")
    os.execvp("setpriv", ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "--bounding-set", "-all",
                          "--inh-caps", "-all", "--no-new-privs", program, *words])


def places(mountpoint):
    """Where nothing may be mounted, and what is said of it. An empty file of SQLite's stays in MOUNTPOINT."""
    yield mountpoint + "/none", "no directory"
    yield __file__, "is no directory"
    open(mountpoint + "/some", "w").write("text")
    yield mountpoint, "is not empty"
    os.remove(mountpoint + "/some")
    open(mountpoint + "/latest.sqlite3", "w").close()
    yield mountpoint, "as sqlite3 makes one"


def main():
    fuse, cli, simnode, plugin = sys.argv[1:]
    if os.getuid() != 0:
        skip("a mount that is handed over: not root")
    if not os.path.exists("/dev/fuse") or not shutil.which("setpriv"):
        skip("a mount that is handed over: no /dev/fuse, or no setpriv")
    work = tempfile.mkdtemp(prefix="bk-handed-")
    os.chmod(work, 0o755)
    os.chdir(work)
    mountpoint = work + "/mnt"
    try:
        os.mkdir("node")
        os.mkdir(mountpoint)
        run(cli, "init", "--lightning-dir", "node", work + "/log.bkp")
        run(simnode, "--plugin", plugin, "--dir", "node", "--generate", "100")
        os.chown("log.bkp", NOBODY, NOBODY)
        alone = run(fuse, "--hand-over", "-o", f"uid={NOBODY}", mountpoint, env={"PATH": os.environ["PATH"]})
        expect("without a manager nothing is mounted", alone.returncode == 2 and "NOTIFY_SOCKET" in alone.stderr and
               not os.path.ismount(mountpoint), alone)
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        manager.bind(work + "/notify")
        os.chmod("notify", 0o777)
        manager.settimeout(30)
        environment = {"NOTIFY_SOCKET": work + "/notify"}
        hand_over = [fuse, "--hand-over", "-o", f"uid={NOBODY}"]
        for path, why in places(mountpoint):
            refused = run(*hand_over, path, env=os.environ | environment)
            expect("nothing is mounted: " + why, refused.returncode != 0 and why in refused.stderr and
                   not os.path.ismount(path), refused)
        os.remove(mountpoint + "/latest.sqlite3")
        pid = serve(fuse, os.open("/dev/null", os.O_RDWR), ["--foreground", work + "/log.bkp", mountpoint], environment)
        expect("what is no mount is not taken for one", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 2)
        made = run(*hand_over, mountpoint, env=os.environ | environment)
        lines, fd = receive(manager)
        expect("the mount is handed over", made.returncode == 0 and "FDSTORE=1" in lines and fd is not None, made, lines)
        pid = serve(fuse, fd, ["--foreground", work + "/log.bkp", mountpoint], environment)
        lines, _ = receive(manager)
        expect("who serves has taken it", "FDSTOREREMOVE=1" in lines, lines)
        os.close(fd)
        lines, _ = receive(manager)
        expect("it is ready", "READY=1" in lines, lines)
        status = open(f"/proc/{pid}/status").read()
        expect("without a capability", "CapBnd:\t0000000000000000" in status and "CapEff:\t0000000000000000" in status, status)
        vars_ = run("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "sqlite3", mountpoint + "/latest.sqlite3",
                    "SELECT count(*) FROM vars")
        expect("its user reads a version", vars_.returncode == 0 and int(vars_.stdout) > 0, vars_)
        other = run("setpriv", "--reuid", "65533", "--clear-groups", "ls", mountpoint)
        expect("another does not", other.returncode != 0, other)
        os.kill(pid, signal.SIGTERM)
        expect("it ends in order", os.waitpid(pid, 0)[1] == 0)
    finally:
        run("umount", "-l", mountpoint)
        shutil.rmtree(work, ignore_errors=True)


main()
