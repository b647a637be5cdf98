#!/usr/bin/env python3
"""Runs moto behind a gate that mends where it differs from AWS. usage: aws_gate.py HOST PORT

- AWS says what type its JSON has, moto says text/html.
- AWS writes policy documents percent-encoded into its XML, moto as they are.
- moto hasn't DescribeInstance: the gate asks for the list of instances, which says as much of a right.
- moto hasn't ListServiceSpecificCredentials and ListApplicationAssignmentsForPrincipal, and answers with a web page and 500: the gate says
  that there are none, but to the access key AKIAPLAIN, which sees moto as it is.
"""

import html
import io
import re
import sys
import urllib.parse

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

JSON = ("AWSIdentityStore.", "SWBExternalService.")
NONE = """<ListServiceSpecificCredentialsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListServiceSpecificCredentialsResult>
<ServiceSpecificCredentials/></ListServiceSpecificCredentialsResult></ListServiceSpecificCredentialsResponse>"""
DOCUMENT = re.compile(r"<((?:AssumeRole)?PolicyDocument)>(.*?)</\1>", re.DOTALL)
moto = DomainDispatcherApplication(create_backend_app)


def encoded(found):
    plain = urllib.parse.unquote(html.unescape(found[2]))
    return f"<{found[1]}>{urllib.parse.quote(plain, safe='')}</{found[1]}>"


def say(start_response, kind, text):
    start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(text)))])
    return [text.encode()]


def gate(environ, start_response):
    signature = environ.get("HTTP_AUTHORIZATION", "")
    if "Credential=AKIAPLAIN/" in signature:
        return moto(environ, start_response)
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target.endswith(".ListApplicationAssignmentsForPrincipal"):
        return say(start_response, "application/x-amz-json-1.1", '{"ApplicationAssignments": []}')
    if target.startswith(JSON):
        environ["HTTP_X_AMZ_TARGET"] = target.replace(".DescribeInstance", ".ListInstances")

        def typed(status, headers, *more):
            return start_response(status, [(n, "application/x-amz-json-1.1" if n.lower() == "content-type" else v) for n, v in headers], *more)

        return moto(environ, typed)
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if b"Action=ListServiceSpecificCredentials" in body:
            return say(start_response, "text/xml", NONE)
        environ["wsgi.input"] = io.BytesIO(body)
    head = []
    answer = b"".join(moto(environ, lambda *told: head.append(told)))
    status, headers = head[0][:2]
    if b"PolicyDocument>" in answer:
        answer = DOCUMENT.sub(encoded, answer.decode()).encode()
        headers = [(name, value) for name, value in headers if name.lower() != "content-length"] + [("Content-Length", str(len(answer)))]
    start_response(status, headers)
    return [answer]


run_simple(sys.argv[1], int(sys.argv[2]), gate, threaded=True)
