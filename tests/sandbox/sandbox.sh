#!/bin/sh
# The plugin within a sandbox as operators give lightningd one with systemd: ProtectSystem=strict,
# PrivateDevices, PrivateUsers, IPAddressDeny=any, SystemCallFilter=@system-service, MemoryDenyWriteExecute.
# The same limits by bubblewrap and seccomp, which need no running systemd; the tests of the plugin run
# in it whole.
#   sandbox.sh BUILD
set -eu
build=$(cd "$1" && pwd)
skip() {
	echo "skipped: the plugin in a sandbox: $*"
	exit 77
}
command -v bwrap >/dev/null || skip "no bubblewrap"
command -v systemd-analyze >/dev/null || skip "no systemd-analyze, which knows what @system-service is"
[ -x "$build/tests/sandbox/locked" ] || skip "it was built without libseccomp"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tmp"

# The calls of a set, and of the sets in it.
calls_of() {
	systemd-analyze syscall-filter "$1" | sed -n 's/^    \([@a-z0-9_][a-z0-9_-]*\)$/\1/p' >"$work/set${1#@}"
	while read -r name; do
		case $name in
		@*) calls_of "$name" ;;
		*) echo "$name" ;;
		esac
	done <"$work/set${1#@}"
}
calls_of @system-service >"$work/calls"

sandbox() {
	bwrap --ro-bind / / --dev /dev --proc /proc --bind "$work/tmp" /tmp --unshare-user --unshare-net --unshare-ipc \
		--die-with-parent --chdir /tmp --setenv TMPDIR /tmp -- "$build/tests/sandbox/locked" "$@" <"$work/calls"
}
sandbox true 2>"$work/said" || skip "none can be made here: $(tail -n 1 "$work/said")"
# That the sandbox is one.
! sandbox touch "$build/written" 2>/dev/null || { echo "it can write"; exit 1; }
! sandbox sh -c 'test -e /dev/fuse || test -e /dev/mem' || { echo "it has devices"; exit 1; }
# shellcheck disable=SC2016
sandbox sh -c '[ "$(wc -l </proc/net/dev)" = 3 ]' || { echo "it has a network"; exit 1; }
! sandbox chroot / true 2>/dev/null || { echo "it can make any system call"; exit 1; }

# What a part of a test needs beyond the plugin (mounts, other users) is not to be had here.
sandbox "$build/tests/sandbox/sandboxed" >"$work/said" 2>&1 || status=$?
sed 's/^skipped: /not in a sandbox: /' "$work/said"
exit "${status:-0}"
