#!/usr/bin/env python3
"""beat.py - a place that heartbeats go to: writes its port into the file PORT, and each path that is
fetched as a line into the file BEATS.

Usage: beat.py PORT BEATS"""
import http.server
import os
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(sys.argv[2], "a") as beats:
            beats.write(self.path + "\n")
        self.send_response(404 if self.path == "/nothing" else 200)
        self.end_headers()

    def log_message(self, *args):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[1] + ".new", "w") as port:
    port.write(str(server.server_port))
os.rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
