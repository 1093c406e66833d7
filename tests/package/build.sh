#!/bin/sh
# In a root with nothing but Debian: builds the package, has lintian look at it, and leaves it in /tmp/given, with
# the simulated node that is to use it.
set -eu
cd /tmp/given
mkdir -p /tmp/source
tar -xzf source.tar.gz -C /tmp/source
cd /tmp/source
sh docs/deps.sh package >/dev/null
CMAKE_BUILD_PARALLEL_LEVEL=$(nproc) cmake --workflow --preset package >/tmp/log 2>&1 || { tail -n 30 /tmp/log; exit 1; }
if grep 'warning:' /tmp/log; then exit 1; fi
cp build/package/*.deb /tmp/given
lintian --fail-on error,warning --tag-display-limit 0 build/package/*.deb 2>/tmp/said || { cat /tmp/said; exit 1; }
cmake -S . -B build/tools -DCMAKE_BUILD_TYPE=Release >/dev/null
cmake --build build/tools -j2 --target simnode >/tmp/log 2>&1 || { tail -n 30 /tmp/log; exit 1; }
cp build/tools/tests/support/simnode /tmp/given
