#!/bin/sh
# Installs what the project needs to build and test, on Debian 12. As root, or with sudo.
#   sh docs/deps.sh          what building and running needs
#   sh docs/deps.sh tests    and what the tests need
set -eu
packages="gcc make cmake pkg-config libfuse3-dev fuse3 libsqlite3-dev libcjson-dev libzstd-dev
	libxxhash-dev sqlite3"
if [ "${1:-}" = tests ]; then
	packages="$packages clang clang-format libclang-rt-14-dev libcriterion-dev valgrind zstd
		sqlite3-tools rsync mandoc attr procps"
fi
missing=
for package in $packages; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
		missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi
echo "Installing:$missing"
$sudo apt-get update -q >/dev/null
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -q -y --no-install-recommends $missing >/dev/null
