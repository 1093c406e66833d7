#!/bin/sh
# The Debian package, from the source to its removal, in roots of their own: built and looked at by lintian
# in one that has what building needs; installed, used and removed in one that has nothing.
#
#   BK_PACKAGE="bookworm trixie" package.sh SOURCE      on these releases of Debian
#
# Needs root, debootstrap, a mirror of Debian's. BK_ROOTS keeps the roots from run to run: SUITE as debootstrap
# made it, SUITE-build with what building needs.
set -eu
source=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
skip() {
	echo "skipped: the Debian package: $*"
	exit 77
}
[ -n "${BK_PACKAGE:-}" ] || skip 'set BK_PACKAGE="bookworm trixie" to have it built and tried there'
[ "$(id -u)" = 0 ] || skip "it needs root"
command -v debootstrap >/dev/null || skip "there is no debootstrap"
unshare --mount true 2>/dev/null || skip "no mounts of its own here"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
roots=${BK_ROOTS:-$work/roots}
mkdir -p "$roots"

# Runs a command in a root: what is mounted there, and what is started, ends with it.
in_root() { # ROOT COMMAND...
	root=$1
	shift
	cp /etc/resolv.conf "$root/etc/resolv.conf"
	# shellcheck disable=SC2016
	unshare --mount --pid --fork --kill-child sh -c '
		root=$1 given=$2
		shift 2
		mount --make-rprivate / && mount --rbind /dev "$root/dev" && mount -t proc proc "$root/proc" &&
			mount -t tmpfs tmpfs "$root/tmp" && mount -t tmpfs tmpfs "$root/run" &&
			mkdir "$root/tmp/given" && mount --bind "$given" "$root/tmp/given" || exit 1
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
			DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"' sh "$root" "$work/given" "$@"
}

try() { # SUITE
	[ -d "$roots/$1" ] || debootstrap --variant=minbase "$1" "$roots/$1" >"$work/log" 2>&1 ||
		skip "debootstrap of $1 failed: $(tail -n 1 "$work/log")"
	[ -d "$roots/$1-build" ] || cp -a "$roots/$1" "$roots/$1-build"
	rm -rf "$work/given" "$work/clean"
	mkdir "$work/given"
	(cd "$source" && tar -c --exclude=./build --exclude=./.git .) | gzip -1 >"$work/given/source.tar.gz"
	cp "$here/build.sh" "$here/use.sh" "$work/given"
	[ -z "${BK_TRACE:-}" ] || cp "$BK_TRACE" "$work/given/trace.jsonl.zst"
	in_root "$roots/$1-build" sh /tmp/given/build.sh
	cp -a "$roots/$1" "$work/clean"
	in_root "$work/clean" sh /tmp/given/use.sh
	echo "$1: built, clean by lintian, installed, used, removed"
}

for suite in $BK_PACKAGE; do
	try "$suite"
done
