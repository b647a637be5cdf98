"""Stripe, held to the vendor's own library."""
# needs: stripe==16.1.0 requests

import sys

# This file has the library's name.
here = sys.path.pop(0)
sys.modules.pop("stripe", None)
import stripe  # noqa: E402

sys.path.insert(0, here)
import company  # noqa: E402


class Stripe(company.Case):
    system = "stripe"

    def client(self, key):
        return stripe.StripeClient(key, base_addresses={"api": self.url}, max_network_retries=0).v1

    def reader(self):
        return self.client(self.secret("read"))

    def test_reads_lists_to_the_end_by_small_pages(self):
        for service in (self.reader().issuing.cardholders, self.reader().issuing.cards):
            small = [one.id for one in service.list({"limit": 7}).auto_paging_iter()]
            self.assertEqual(small, [one.id for one in service.list({"limit": 100}).auto_paging_iter()])
            self.assertGreater(len(small), 40)

    def test_pages_backwards(self):
        cards = self.reader().issuing.cards
        every = [one.id for one in cards.list({"limit": 100}).auto_paging_iter()]
        before = cards.list({"limit": 3, "ending_before": every[5]})
        self.assertEqual([one.id for one in before], every[2:5])

    def test_one_and_a_missing_one(self):
        holders = self.reader().issuing.cardholders
        self.assertEqual(holders.retrieve("ich_E1002").email, "rafael.okonjo@northmoor.example")
        with self.assertRaises(stripe.InvalidRequestError) as raised:
            holders.retrieve("ich_nobody")
        self.assertEqual((raised.exception.http_status, raised.exception.code), (404, "resource_missing"))

    def test_filters_have_effect(self):
        cards = self.reader().issuing.cards
        found = cards.list({"cardholder": "ich_E1002", "type": "physical", "status": "active"})
        self.assertEqual([one.id for one in found], ["ic_E1002"])
        self.assertEqual(cards.list({"created": {"gt": 4000000000}}).data, [])

    def test_what_is_wrong_is_named(self):
        cards = self.reader().issuing.cards
        for asked, code, param in [
            ({"limit": 101}, "parameter_invalid_integer", "limit"),
            ({"limit": 0}, "parameter_invalid_integer", "limit"),
            ({"starting_after": "ic_nobody"}, "resource_missing", "starting_after"),
            ({"shoe": "9"}, "parameter_unknown", "shoe"),
        ]:
            with self.assertRaises(stripe.InvalidRequestError) as raised:
                cards.list(asked)
            error = raised.exception
            self.assertEqual((error.http_status, error.code, error.param), (400, code, param), asked)

    def test_a_bad_key(self):
        with self.assertRaises(stripe.AuthenticationError):
            self.client("nobody").issuing.cards.list()

    def test_a_write_is_read_again(self):
        cards = self.client(self.secret("revoke")).issuing.cards
        cards.update("ic_E2002", {"status": "canceled"})
        self.assertEqual(cards.retrieve("ic_E2002").status, "canceled")
        with self.assertRaises(stripe.PermissionError):
            self.reader().issuing.cards.update("ic_E2006", {"status": "canceled"})


if __name__ == "__main__":
    company.main()
