#!/usr/bin/env python3
"""Stands in for a notebook server: answers everything with 200 at the address that the hub gave it."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("X-JupyterHub-Version", "6.1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


where = urlsplit(os.environ["JUPYTERHUB_SERVICE_URL"])
HTTPServer((where.hostname, where.port), Answer).serve_forever()
