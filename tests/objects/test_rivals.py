"""test_rivals.py - two writers on one state go on at one store at the same moment, again and again: never both are told that they did,
and who was has what he put there. On real stores, of which one (Apache) says yes to both of two puts; and on our own, which is made to.

Run by run.sh, or: BK_BIN=build/dev python3 tests/objects/test_rivals.py [TEST...]
"""
import os
import subprocess

import kit
import stores
from place import environment

RIVALS = kit.BIN + "/tests/objects/rivals"
ROUNDS = 1000 if os.environ.get("BK_TORTURE") else 48


def go(directory, name, rounds=ROUNDS, words=()):
    try:
        store = stores.REAL[name]("%s/%s" % (directory, name))
        store.words = words
        store.start()
    except stores.Missing as why:
        return print("skipped: %s" % why)
    try:
        done = subprocess.run([RIVALS, store.url(""), str(rounds)], env=environment(store), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=kit.TEST_SECONDS)
    finally:
        store.stop()
    print("%s: %s" % (name, done.stdout.strip()))
    assert done.returncode == 0, done.stdout


def apache(directory):
    """it takes both of two puts"""
    go(directory, "apache")


def lighttpd(directory):
    """it keeps the second out"""
    go(directory, "lighttpd")


def ours(directory):
    """made to take both, by looking whether a name is free long before it makes it; and S3, where it keeps the second out"""
    go(directory, "own-dav", ROUNDS // 4, ("--faults", "racy"))
    go(directory, "own-s3", ROUNDS // 2)


kit.run([apache, lighttpd, ours])
