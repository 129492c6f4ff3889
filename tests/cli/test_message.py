#!/usr/bin/env python3
"""velum message: who got one, who did not, and why."""
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support
from test_approval import Velumd

CANARY = "13800004321"
PLACE = {"template": "winback", "flow": "f", "node": "n", "occurrence": "1"}


class Message(support.Case):
    def setUp(self):
        super().setUp()
        self.sample(0)
        self.shop = self.token("shop", "delivery", "order-fulfilment", "shop")
        self.finder = self.token("finder", "delivery", "order-fulfilment", "winback")
        self.desk = self.token("desk", "customer_service", "consent-capture", "shop")
        self.module = self.token("winback", "crm_module", "winback", "winback")

    def ask(self, daemon, number, agrees):
        """A customer to whom the module wants to write; the module's name of them."""
        identifiers = [{"type": "ext:shop", "value": str(number)}]
        body = {"identifiers": identifiers, "profile": {"name": "王小明", "mobile": CANARY}}
        ref = daemon.post("/v1/subjects", self.shop, body)["subject"]
        if agrees:
            daemon.post(f"/v1/subjects/{ref}/consents", self.desk,
                        {"purpose": "direct-marketing", "state": "given"})
        to = daemon.post("/v1/subjects/lookup", self.finder, {"identifier": identifiers[0]})["subject"]
        daemon.post("/v1/messages", self.module, PLACE | {"ref": to})
        return to

    def test_who_got_none_and_why(self):
        with Velumd(self) as daemon:
            reached, skipped = self.ask(daemon, 1, True), self.ask(daemon, 2, False)
            rows = self.at("message", "list").stdout.splitlines()
            self.assertEqual(len(rows), 3, rows)
            listed = self.at_json("message", "list", "--state", "skipped", "--reason", "consent-missing",
                                  "--module", "winback")["messages"]
            self.assertEqual([(one["ref"], one["reason"], one["purpose"]) for one in listed],
                             [(skipped, "consent-missing", "direct-marketing")])
            shown = self.at("message", "show", listed[0]["id"][:8]).stdout
            self.assertRegex(shown, r"reason\s+consent-missing")
            self.assertRegex(shown, r"purpose\s+direct-marketing")
            queued = self.at_json("message", "list", "--state", "queued")["messages"]
            self.assertEqual([one["ref"] for one in queued], [reached])
            whole = self.at_json("message", "show", queued[0]["id"])
            self.assertEqual(whole["template"], "winback.zh")
            none = self.at("message", "list", "--state", "failed")
            self.assertIn("no such messages", none.stderr)
            self.assertEqual(none.stdout, "")
            self.at("message", "list", "--state", "gone", code=1)
            self.at("message", "show", "xyz", code=1)
            self.at("message", "show", "0" * 32, code=1)
            self.assertNotIn(CANARY, "".join(rows) + shown + json.dumps(whole))

    def test_the_table_fits(self):
        with Velumd(self) as daemon:
            self.ask(daemon, 1, False)
            for width in (80, 100):
                rows = self.at("message", "list", COLUMNS=str(width)).stdout.splitlines()
                self.assertTrue(re.match(r"ID +STATE +REASON +TEMPLATE +ASKED +CUSTOMER", rows[0]), rows)
                for row in rows:
                    self.assertLessEqual(len(row), width, row)


if __name__ == "__main__":
    support.main()
