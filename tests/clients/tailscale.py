"""Tailscale, held to the asynchronous library that home automation uses."""
# needs: tailscale==1.0.0

import sys

# The library has the name of this file, and goes before it.
sys.path.append(sys.path.pop(0))

import asyncio

import aiohttp
import tailscale

import company


class Led:
    """A session that leads what is sent to the vendor's own host to the simulation."""

    def __init__(self, session, url):
        self.session = session
        self.url = url

    async def request(self, method, url, **more):
        return await self.session.request(method, self.url + str(url).removeprefix("https://api.tailscale.com"), **more)


class Tailscale(company.Case):
    system = "tailscale"

    def run_with(self, purpose, test, secret=None):
        async def run():
            async with aiohttp.ClientSession() as session:
                client = tailscale.Tailscale(
                    tailnet="northmoor.example",
                    oauth_client_id=self.settings[f"{purpose}_client"],
                    oauth_client_secret=secret or self.secret(purpose),
                    session=Led(session, self.url),
                )
                return await test(client)

        return asyncio.run(run())

    def test_users_by_type_and_role(self):
        async def test(client):
            everybody = await client.users(user_type="all")
            members, shared = await client.users(), await client.users(user_type="shared")
            self.assertEqual(len(everybody), len(members) + len(shared))
            self.assertEqual([user.login_name for user in await client.users(role="owner")], ["mei-lin.tavares@northmoor.example"])
            with self.assertRaises(tailscale.TailscaleResponseError):
                await client.users(role="emperor")

        self.run_with("read", test)

    def test_one_and_a_missing_one(self):
        async def test(client):
            user = await client.user("701002")
            self.assertEqual(user.login_name, "rafael.okonjo@northmoor.example")
            with self.assertRaises(tailscale.TailscaleNotFoundError):
                await client.user("1")

        self.run_with("read", test)

    def test_devices_and_keys_are_listed_and_read(self):
        async def test(client):
            devices = await client.devices()
            self.assertGreater(len(devices), 10)
            device = await client.device("n91001CNTRL")
            self.assertEqual(device.hostname, "okonjo-ipad")
            keys = await client.keys()
            self.assertEqual(len(keys), 2)
            self.assertEqual((await client.key(keys[0].key_id)).description, keys[0].description)

        self.run_with("read", test)

    def test_a_bad_secret_and_a_client_that_only_reads(self):
        async def users(client):
            with self.assertRaises(tailscale.TailscaleUnauthorizedError):
                await client.users()

        async def suspend(client):
            with self.assertRaises(tailscale.TailscalePermissionError):
                await client.suspend_user("701002")

        self.run_with("read", users, secret="nobody")
        self.run_with("read", suspend)

    def test_a_write_is_read_again(self):
        async def test(client):
            await client.suspend_user("701002")
            return (await client.user("701002")).status

        self.assertEqual(str(self.run_with("revoke", test)), "suspended")


if __name__ == "__main__":
    company.main()
