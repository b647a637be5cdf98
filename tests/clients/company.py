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


def main():
    """Runs the tests of the calling file."""
    unittest.main(verbosity=1)
