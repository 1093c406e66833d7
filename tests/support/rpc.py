#!/usr/bin/env python3
"""rpc.py - starts the plugin as lightningd does, in the lightning directory DIR, calls METHOD, and
prints its result, or the error's message. A second call of a method that is none must be answered
before it where the first takes long: "first" or "later" is printed on standard error.

Usage: rpc.py PLUGIN DIR METHOD"""
import json
import os
import subprocess
import sys

plugin, directory, method = sys.argv[1:]
process = subprocess.Popen([os.path.abspath(plugin)], cwd=directory, stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, env=dict(os.environ, LIGHTNINGD_PLUGIN="1"))


def send(name, number):
    call = {"jsonrpc": "2.0", "id": number, "method": name, "params": {}}
    process.stdin.write((json.dumps(call) + "\n\n").encode())
    process.stdin.flush()


def receive():
    text = ""
    while True:
        line = process.stdout.readline().decode()
        if line in ("", "\n"):
            return json.loads(text)
        text += line


send("getmanifest", 1)
methods = [one["name"] for one in receive()["result"]["rpcmethods"]]
send(method, 2)
send("nothing", 3)
answers = {}
order = []
while len(answers) < 2:
    answer = receive()
    if "id" in answer:
        answers[answer["id"]] = answer
        order.append(answer["id"])
print("later" if order[0] == 3 else "first", file=sys.stderr)
answer = answers[2]
print(json.dumps(answer["result"]) if "result" in answer else answer["error"]["message"])
process.stdin.close()
sys.exit(process.wait() or (method not in methods))
