#!/bin/sh
# Installs what the project needs to build and test, on Debian 12 and 13. As root, or with sudo; without
# either it says what root is to run.
#   sh docs/deps.sh          what building and running needs
#   sh docs/deps.sh tests    and what the tests need
set -eu
packages="gcc make cmake pkg-config libfuse3-dev fuse3 libsqlite3-dev libcjson-dev libzstd-dev
	libxxhash-dev sqlite3"
if [ "${1:-}" = tests ]; then
	packages="$packages clang clang-format libcriterion-dev valgrind zstd
		sqlite3-tools rsync mandoc attr procps"
fi
sudo=
[ "$(id -u)" = 0 ] || ! command -v sudo >/dev/null || sudo=sudo
# The sanitizers' library goes with the clang that there is, or will be.
runtime() {
	version=$(apt-cache depends clang 2>/dev/null | sed -n 's/.*Depends: clang-\([0-9][0-9]*\)$/\1/p' | head -1)
	[ -z "$version" ] || echo "libclang-rt-$version-dev"
}
if [ "${1:-}" = tests ]; then
	[ -n "$(runtime)" ] || $sudo apt-get update -q >/dev/null 2>&1 || true
	packages="$packages $(runtime)"
fi
missing=
for package in $packages; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
		missing="$missing $package"
done
[ -n "$missing" ] || exit 0
install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" != 0 ] && [ -z "$sudo" ]; then
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
