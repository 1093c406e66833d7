"""look.py - what a store does of what a place needs (docs/objects.md, 3): the table there (8) is made of this."""
import os
import threading
import time

from client import Client

ROUNDS = 20 if os.environ.get("BK_TORTURE") else 6  # of two that put one name at once
MANY = 2000  # objects in a listing, where putting them costs nothing
REFUSES = {"swift": 501}  # what a store says to a put with a condition, if it takes none


def race(client):
    """In how many rounds both of two puts at one name are told that they made it."""
    both = 0
    for turn in range(ROUNDS):
        told, ready = [], threading.Barrier(2)

        def put(body, turn=turn, told=told, ready=ready):
            client.get("race/none")
            ready.wait()
            told.append(client.ask("PUT", "race/%d" % turn, body, If_None_Match="*")[0])

        threads = [threading.Thread(target=put, args=(b"%d" % i * 100000,)) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        both += sum(status in (200, 201, 204) for status in told) == 2
        assert client.get("race/%d" % turn)[1] in (b"0" * 100000, b"1" * 100000), "half of one, half of the other"
    return both


def ranges(client):
    assert client.put("a/x", b"0123456789", False) in (200, 201)
    for said, status, body in (("0-0", 206, b"0"), ("3-5", 206, b"345"), ("8-99", 206, b"89")):
        assert client.get("a/x", said) == (status, body), said
    assert client.get("a/x", "10-12")[0] == 416
    assert client.put("a/empty", b"", False) in (200, 201)
    return client.get("a/empty", "0-99")[0]


def listings(client, store):
    count = MANY
    if os.path.isdir(store.directory + "/root"):  # Apache, lighttpd: a folder is a folder
        os.makedirs(store.directory + "/root/dav/many", exist_ok=True)
        for i in range(count):
            with open(store.directory + "/root/dav/many/%020d" % i, "w") as file:
                file.write("1234")
    else:
        count = 30
        for i in range(count):
            client.put("many/%020d" % i, b"1234", False)
    began = time.monotonic()
    found = client.list("many/", page=10)
    took = time.monotonic() - began
    assert found == {"%020d" % i: 4 for i in range(count)}, "%d of %d" % (len(found), count)
    return "%d listed in %.2f s" % (count, took)


def look(name, store):
    """Says what it found, in a line; what all stores must do is asserted."""
    client, said = Client(store), []
    first = client.put("a/new", b"1")
    if name in REFUSES:
        assert first == REFUSES[name], first
        said.append("If-None-Match: %d" % first)
    else:
        assert first in (200, 201), first
        assert client.put("a/new", b"2") == 412 and client.get("a/new") == (200, b"1")
        client.put("race/none", b"1")
        said.append("If-None-Match: 412; both of two at once in %d of %d" % (race(client), ROUNDS))
    said.append("a range of nothing: %d" % ranges(client))
    said.append(listings(client, store))
    assert client.delete("a/x") in (200, 204) and client.get("a/x")[0] == 404
    assert "x" not in client.list("a/")
    if store.keeps:
        store.stop()
        store.start()
        assert Client(store).get("a/empty") == (200, b"")
    print("%s: %s" % (name, "; ".join(said)))
