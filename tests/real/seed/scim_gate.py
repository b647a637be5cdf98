#!/usr/bin/env python3
"""Runs scim2-server with rights for each token, which it does not have itself. usage: scim_gate.py HOST PORT ADMIN READ REVOKE

The admin token may do anything, the read token may only read, the revoke token may read, change and delete but not create.
"""

import json
import sys

from scim2_server.testserver import cli

host, port, admin, read, revoke = sys.argv[1:6]
MAY = {read: {"GET"}, revoke: {"GET", "PATCH", "DELETE"}}
make_server = cli.make_server


def gate(application):
    def gated(environ, start_response):
        token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")[2]
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        searching = method == "POST" and path.endswith("/.search")
        if token in MAY and method not in MAY[token] and not searching:
            body = json.dumps({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "403",
                               "detail": f"this token may not {method}"}).encode()
            start_response("403 Forbidden", [("Content-Type", "application/scim+json"), ("Content-Length", str(len(body)))])
            return [body]
        return application(environ, start_response)

    return gated


cli.make_server = lambda h, p, application, **more: make_server(h, p, gate(application), **more)
sys.argv = ["scim2-server", "--hostname", host, "--port", port] + [f"--bearer-token={t}" for t in (admin, read, revoke)]
cli.main()
