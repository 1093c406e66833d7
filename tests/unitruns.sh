#!/bin/sh
# The mount's unit under a systemd of its own, as process 1 of namespaces of its own, which starts nothing else: it is
# seen outside the unit, by its user; it comes back after a kill; it goes when it is stopped. Needs root and /dev/fuse.
#   unitruns.sh BUILD
set -eu
skip() {
	echo "skipped: the mount's unit: $*"
	exit 77
}
[ "$(id -u)" = 0 ] || skip "not root"
[ -x /lib/systemd/systemd ] && [ -e /dev/fuse ] || skip "no systemd, or no /dev/fuse"
for program in nsenter unshare setpriv sqlite3 simnode; do
	PATH=$1/tests/support:$PATH command -v $program >/dev/null || skip "no $program"
done
build=$(cd "$1" && pwd)
work=$(mktemp -d /var/tmp/bk-unit-XXXXXX)
# Its control group, in the hierarchy that systemd takes; who cannot mount that has none.
groups=$work/groups group=bk-unit-$$
cleanup() {
	if [ -n "${pid:-}" ]; then
		kill -9 "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	fi
	# What was in it ends with its first process, a moment later.
	echo 1 >"$groups/$group/cgroup.kill" 2>/dev/null || true
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		[ -d "$groups/$group" ] || break
		find "$groups/$group" -depth -type d -exec rmdir {} \; 2>/dev/null || sleep 0.5
	done
	umount "$groups" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT
mkdir "$groups"
mount -t cgroup2 none "$groups" 2>/dev/null && mkdir "$groups/$group" || skip "no control groups of its own"
cmake --install "$build" --prefix "$work/usr" >/dev/null
mkdir "$work/data" "$work/data/node"
"$build/cli/backup-cli" init --lightning-dir "$work/data/node" "$work/data/log.bkp" >/dev/null
"$build/tests/support/simnode" --plugin "$build/plugin/backup" --dir "$work/data/node" --generate 100 >/dev/null
sed -i "s|$work/data|/mnt|" "$work/data/node/backup.lock"
chown -R nobody: "$work/data"
touch "$work/machine-id"

cat >"$work/boot.sh" <<'END'
work=$1
umount -R /sys/fs/cgroup 2>/dev/null || umount -l /sys/fs/cgroup 2>/dev/null || true
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system /run/lock
mount -t tmpfs tmpfs /mnt && cp -a "$work/data/." /mnt
mount --bind "$work/machine-id" /etc/machine-id 2>/dev/null || true
mount -t tmpfs tmpfs /etc/systemd/system
sed "s|$work/usr/bin/backup-fuse|/mnt/backup-fuse|" "$work/usr/lib/systemd/system/lightning-backup-mount@.service" \
	>/etc/systemd/system/lightning-backup-mount@.service
cp "$work/usr/bin/backup-fuse" /mnt
mkdir /etc/systemd/system/lightning-backup-mount@.service.d
cat >/etc/systemd/system/lightning-backup-mount@.service.d/here.conf <<F
[Unit]
DefaultDependencies=no
[Service]
WorkingDirectory=/
Environment=LIGHTNING_DIR=/mnt/node
RestartSec=1
StandardOutput=append:$work/fuse.out
StandardError=append:$work/fuse.out
F
cat >/etc/systemd/system/probe.service <<F
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/sh $work/probe.sh
StandardOutput=append:$work/probe.out
StandardError=append:$work/probe.out
F
cat >/etc/systemd/system/here.target <<F
[Unit]
DefaultDependencies=no
Wants=probe.service
F
mount --make-rshared /
exec env container=test /lib/systemd/systemd --system --unit=here.target --log-target=null --show-status=no
END

cat >"$work/probe.sh" <<'END'
unit=lightning-backup-mount@nobody.service at=/run/lightning-backup-mount-nobody
look() { # NAME
	tries=0
	until timeout 5 setpriv --reuid nobody --regid nogroup --clear-groups sqlite3 $at/latest.sqlite3 \
		"SELECT 'version ' || intval FROM vars WHERE name = 'data_version'" 2>/dev/null; do
		[ $((tries += 1)) -lt 60 ] || break
		sleep 0.5
	done | sed "s/^/$1: /"
}
pid() { systemctl show -p MainPID --value $unit; }
systemctl start $unit
look started
grep -E 'CapBnd|NoNewPrivs' "/proc/$(pid)/status"
setpriv --reuid 65533 --clear-groups ls $at >/dev/null 2>&1 || echo 'another user: nothing'
kill -9 "$(pid)"
look killed
systemctl restart $unit
look restarted
systemctl stop $unit
grep " $at " /proc/self/mountinfo || echo 'stopped: no mount'
[ -e $at ] || echo 'stopped: no directory'
echo done
END

cat >"$work/expected" <<'END'
started: version 98
CapBnd:	0000000000000000
NoNewPrivs:	1
another user: nothing
killed: version 98
restarted: version 98
stopped: no mount
stopped: no directory
done
END
sh -c 'echo $$ >"$1/cgroup.procs" && exec unshare -m -p -C -u -i --propagation private --fork --kill-child --mount-proc sh "$2/boot.sh" "$2"' \
	sh "$groups/$group" "$work" >"$work/boot.out" 2>&1 &
pid=$!
tries=0
until grep -q '^done' "$work/probe.out" 2>/dev/null || [ $((tries += 1)) -gt 240 ] || ! kill -0 $pid 2>/dev/null; do
	sleep 0.5
done
[ -e "$work/probe.out" ] || skip "systemd does not start here: $(tail -n 1 "$work/boot.out")"
diff "$work/expected" "$work/probe.out" || { cat "$work/fuse.out"; exit 1; }
