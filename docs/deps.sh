#!/bin/sh
# Installs what the project needs to build and test, on Debian 12 and 13. As root, or with sudo.
#   sh docs/deps.sh          what building and running needs
#   sh docs/deps.sh tests    and what the tests need
set -eu
packages="gcc make cmake pkg-config libfuse3-dev fuse3 libsqlite3-dev libcjson-dev libzstd-dev
	libxxhash-dev sqlite3"
if [ "${1:-}" = tests ]; then
	packages="$packages clang clang-format libcriterion-dev valgrind zstd
		sqlite3-tools rsync mandoc attr procps"
fi
if [ "$(id -u)" = 0 ]; then sudo=; else sudo=sudo; fi
# The sanitizers' library goes with the clang that there is, or will be.
runtime() {
	version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9][0-9]*\)$/\1/p' | head -1)
	[ -z "$version" ] || echo "libclang-rt-$version-dev"
}
if [ "${1:-}" = tests ]; then
	[ -n "$(runtime)" ] || $sudo apt-get update -q >/dev/null
	packages="$packages $(runtime)"
fi
missing=
for package in $packages; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
		missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "Installing:$missing"
$sudo apt-get update -q >/dev/null
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -q -y --no-install-recommends $missing >/dev/null
