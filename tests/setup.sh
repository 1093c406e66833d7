#!/bin/sh
# What the tests of lightningd/plugins run before tests/test_*.py of a plugin in a folder of its own: the
# programs, built as README.md says.
set -eu
cd "$(dirname "$0")/.."
sh docs/deps.sh
cmake --preset release
cmake --build --preset release -j"$(nproc)"
