"""The simulated company for one test: the program that plays it, its addresses and its credentials."""

import os
import pathlib
import subprocess
import tempfile
import tomllib
import unittest


class Case(unittest.TestCase):
    """Tests of one simulated system. It comes up anew for each test, so that none sees what another one wrote. Set `system`."""

    system = ""
    #: Systems that have to be up beside it.
    beside = ()

    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        command = [os.environ["EXEUNT_COMPANY"], folder, self.system, *self.beside]
        # It goes down when its standard input is closed, which the end of the test does.
        process = self.enterContext(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        self.assertTrue(process.stdout.readline().endswith(" is up\n"), "the simulated company did not come up")
        with open(pathlib.Path(folder) / "exeunt.toml", "rb") as file:
            self.settings = tomllib.load(file)["systems"][self.system]
        self.url = self.settings.get("url", "")

    def secret(self, purpose):
        """The credential for `read`, `revoke` or `tell`."""
        return pathlib.Path(self.settings[purpose].removeprefix("file:")).read_text()


def lead(session, host, url):
    """Leads what a `requests` session sends to the vendor's own host to the simulation. The library sees the vendor's address in the reply."""
    import requests.adapters

    class Led(requests.adapters.HTTPAdapter):
        def send(self, request, **more):
            asked = request.url
            request.headers["Host"] = host
            request.url = url + asked.split(host, 1)[1]
            response = super().send(request, **more)
            response.url = request.url = asked
            return response

    for scheme in ("https://", "http://"):
        session.mount(scheme + host, Led())
    return session


def microsoft_token(case, purpose):
    """What MSAL is answered when the application of this purpose signs in."""
    import msal
    import requests

    session = lead(requests.Session(), "login.microsoftonline.com", case.url)
    authority = f"https://login.microsoftonline.com/{case.settings['tenant']}"
    client = case.settings[f"{purpose}_client"]
    app = msal.ConfidentialClientApplication(client, case.secret(purpose), authority, http_client=session)
    return app.acquire_token_for_client(["https://graph.microsoft.com/.default"])


def microsoft_graph(case, purpose):
    """Office365-REST-Python-Client, led to the simulation, signed in as the application of this purpose."""
    import requests
    from office365.graph_client import GraphClient

    client = GraphClient(tenant=case.settings["tenant"])
    client.with_transport(session=lead(requests.Session(), "graph.microsoft.com", case.url))
    client.pending_request().with_access_token(lambda: microsoft_token(case, purpose))
    return client


#: Under which path a service of Google lies, where its description names one apart from its methods.
GOOGLE_PATHS = {"drive": "/drive/v3/", "calendar": "/calendar/v3/"}


def google(case, purpose, name, version, scopes, subject=None):
    """google-api-python-client for one service, for the service account of this purpose.

    It asks for the scopes, in the name of `subject` where one is given.
    """
    from google.oauth2 import service_account

    account = {"type": "service_account", "client_email": case.settings[f"{purpose}_account"], "private_key": case.secret(purpose),
               "token_uri": case.settings["token_url"]}
    scopes = [f"https://www.googleapis.com/auth/{scope}" for scope in scopes]
    return google_with(case, service_account.Credentials.from_service_account_info(account, scopes=scopes, subject=subject), name, version)


def google_with(case, credentials, name, version):
    """The same with credentials of any kind. The service is described by what the library brings along, and led to the simulation."""
    from googleapiclient.discovery import build

    options = {"api_endpoint": case.settings["token_url"].removesuffix("/token") + GOOGLE_PATHS.get(name, "/")}
    return build(name, version, credentials=credentials, static_discovery=True, client_options=options)


def google_refuses(case, request, status, reason, location=None):
    """That a call is refused with this status and reason, for the parameter `location` where one is given. Answers with the message."""
    from googleapiclient.errors import HttpError

    with case.assertRaises(HttpError) as raised:
        request.execute()
    case.assertEqual(raised.exception.status_code, status, raised.exception)
    details = raised.exception.error_details
    case.assertEqual(details[0]["reason"], reason, details)
    if location:
        case.assertEqual(details[0]["location"], location)
    return raised.exception.reason


def google_all(collection, request, key):
    """All items of a list of Google's, and how many pages they came in."""
    items, pages = [], 0
    while request is not None:
        reply = request.execute()
        items += reply.get(key, [])
        pages += 1
        request = collection.list_next(request, reply)
    return items, pages


def main():
    """Runs the tests of the calling file."""
    unittest.main(verbosity=1)
