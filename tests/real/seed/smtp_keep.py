#!/usr/bin/env python3
"""Keeps what it is sent over STARTTLS by whoever signs in. usage: smtp_keep.py HOST PORT MAILDIR TLS_FOLDER USER PASSWORD

The first attempt at each receiver is put off with 451, as a greylisting server does.
"""

import asyncio
import mailbox
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

host, port, folder, tls, user, password = sys.argv[1:7]
box = mailbox.Maildir(folder)
met = set()


class Keep:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address not in met:
            met.add(address)
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = mailbox.MaildirMessage(envelope.content)
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        message["X-TLS"] = session.ssl["cipher"][1] if session.ssl else "none"
        box.add(message)
        return "250 kept"


def login(server, session, envelope, mechanism, data):
    # Not `handled`: the server itself says 535.
    return AuthResult(success=(data.login, data.password) == (user.encode(), password.encode()), handled=False)


class Server(Controller):
    def factory(self):
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(f"{tls}/cert.pem", f"{tls}/key.pem")
        return SMTP(self.handler, hostname="mail.real.northmoor.example", tls_context=context, require_starttls=True, auth_required=True, authenticator=login)


server = Server(Keep(), hostname=host, port=int(port))
server.start()
asyncio.new_event_loop().run_forever()
