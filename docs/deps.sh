#!/bin/sh
# Installs what the project needs to build and test, on Debian 12 and 13. As root, or with sudo; without
# either it says what root is to run.
#   sh docs/deps.sh          what building and running needs
#   sh docs/deps.sh tests    and what the tests need
#   sh docs/deps.sh objects  and OpenStack Swift and Ceph, for tests/objects: 120 packages, 310 MB, minutes
#   sh docs/deps.sh package  what building and looking at the Debian package needs
set -eu
packages="gcc make cmake pkg-config libfuse3-dev fuse3 libsqlite3-dev libcjson-dev libzstd-dev
	libxxhash-dev zlib1g-dev libsodium-dev libsystemd-dev libcurl4-openssl-dev sqlite3"
if [ "${1:-}" = tests ] || [ "${1:-}" = objects ]; then
	packages="$packages clang clang-format libclang-rt-dev ninja-build libcriterion-dev valgrind zstd
		sqlite3-tools rsync mandoc attr procps python3 openssh-server openssh-client
		bubblewrap libseccomp-dev bsdutils age curl openssl apache2-bin lighttpd lighttpd-mod-openssl
		lighttpd-mod-webdav"
fi
if [ "${1:-}" = objects ]; then
	packages="$packages swift-proxy swift-account swift-container swift-object memcached
		ceph-mon ceph-osd ceph-common radosgw"
fi
if [ "${1:-}" = package ]; then
	packages="$packages dpkg-dev file lintian"
fi
missing=
for package in $packages; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
		missing="$missing $package"
done
[ -n "$missing" ] || exit 0
install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
	sudo=
elif command -v sudo >/dev/null; then
	sudo=sudo
else
	cat >&2 <<END
Packages are missing, and there is no sudo here to install them with. As root, run:
    apt-get update && $install
then this again.
END
	exit 1
fi
echo "Installing:$missing"
# shellcheck disable=SC2086
if ! { $sudo apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive $sudo $install -q >/dev/null; }; then
	echo "That failed. As root, run: apt-get update && $install" >&2
	exit 1
fi
# Debian starts what it installs; the tests start their own, on loopback.
if [ -d /run/systemd/system ]; then
	for package in lighttpd memcached swift-proxy swift-account swift-container swift-object; do
		case "$missing " in *" $package "*) ;; *) continue ;; esac
		units=$(systemctl list-unit-files --no-legend "$package*.service" | cut -d' ' -f1)
		# shellcheck disable=SC2086
		$sudo systemctl disable -q --now $units || true
	done
fi
