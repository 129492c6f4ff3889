#!/usr/bin/env python3
"""`velum-crm orders load`: a till's file becomes orders, whole or not at all, again and again."""
import gzip
import json
import os
import stat
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support
from support import HEADER, MAP, item


class Orders(support.Case):
    def test_items_become_orders(self):
        self.households(3)
        said = self.load([item(1, "b1", "p1", 2, "3.86"), item(2, "b2", "p1"), item(1, "b1", "p2", 1, "1")])
        self.assertEqual(said, {"source": "complete-journey", "lines": 3, "orders": 2, "new": 2, "same": 0,
                                "changed": 0, "rejected": 0})
        self.assertFalse(os.path.exists(self.path("items.csv.rejected.csv")))

    def test_loading_again_changes_nothing(self):
        self.households(2)
        lines = [item(1, "b1", "p1"), item(1, "b1", "p1", 3, "2.50"), item(2, "b2")]
        self.assertEqual(self.load(lines)["new"], 2)
        again = self.load(lines)
        self.assertEqual((again["new"], again["same"], again["changed"]), (0, 2, 0))
        self.assertEqual(self.load(lines[2:] + lines[:2])["same"], 2)  # in another order of the file

    def test_an_order_that_differs_is_a_conflict(self):
        self.households(1)
        self.load([item(1, "b1", value="3.86")])
        self.assertEqual(self.load([item(1, "b1", value="3.87")])["rejected"], 1)
        self.assertEqual(self.rejected(), ["2,conflict"])

    def test_what_is_wrong_is_named_by_line_alone(self):
        self.households(1)
        said = self.load([item(1, "ok"), item(1, "a", value="3.867"), item(1, "b", value="dear"),
                          item(1, "c", quantity="1.5"), item(1, "d", at="yesterday"), item("", "e"),
                          item(1, ""), item(1, "f", product=""), item(1, "g/1", product="a/b"), "1,2,3\n",
                          item(1, "h"), item(2, "h"), item(9, "stranger")])
        self.assertEqual((said["new"], said["rejected"]), (1, 11))
        self.assertEqual(sorted(self.rejected(), key=lambda row: int(row.split(",")[0])),
                         ["3,no-amount", "4,no-amount", "5,no-whole-number", "6,no-time", "7,no-customer",
                          "8,no-key", "9,no-key", "10,no-key", "11,wrong-number-of-fields",
                          "12,several-customers", "14,not-found"])
        self.assertEqual(stat.S_IMODE(os.stat(self.path("items.csv.rejected.csv")).st_mode), 0o600)

    def test_chunks_hold_what_a_request_takes(self):
        self.households(2)
        lines = [item(1, f"b{i}", f"p{j}") for i in range(300) for j in range(3)]
        lines += [item(2, "large", f"p{j}") for j in range(199)] + [item(2, "too-large", f"p{j}") for j in range(200)]
        said = self.load(lines)
        self.assertEqual((said["orders"], said["new"], said["rejected"]), (302, 301, 1))
        self.assertEqual(self.rejected()[0].split(",")[1], "too-many-lines")

    def test_from_stdin_and_through_velumd(self):
        self.households(2)
        with support.cli.Daemon(self):
            done = self.crm("orders", "load", "-", "--map", MAP, token=self.till,
                            typed=HEADER + item(1, "b1") + item(2, "b2"))
        self.assertEqual(done.stdout, "complete-journey: 2 lines, 2 orders, 2 new, 0 same, 0 changed, 0 rejected\n")

    def test_a_wrong_map_names_its_line(self):
        self.households(1)
        good = open(MAP, encoding="utf-8").read()
        for old, new, words in [("as: cents", "as: money", "as is text, integer, cents or time"),
                                ("velum-orders: 1", "velum-orders: 2", "velum-orders is 1"),
                                ("{sum: amount}", "{sum: price}", "sum names a number of the lines"),
                                ("key: basket_id", "key: basket", "no such column"),
                                ("source: complete", "source: Complete", "a source is a-z")]:
            self.assertIn(old, good)
            map_file = self.write("map.yaml", good.replace(old, new))
            file = self.write("items.csv", HEADER + item(1, "b1"))
            done = self.crm("orders", "load", file, "--map", map_file, token=self.till, code=None)
            self.assertNotEqual(done.returncode, 0)
            self.assertRegex(done.stderr, r"map line \d+: .*" + words)

    def test_a_credential_without_the_activity_is_refused(self):
        self.households(1)
        self.till = self.credential("guest", "customer-care", "shop", "customer_service")
        done = self.load([item(1, "b1")], code=1)
        self.assertIn("refused: action-not-allowed", done.stderr)

    def test_an_open_token_file_is_refused(self):
        self.households(1)
        os.chmod(self.till, 0o644)
        self.assertIn("can be read by others", self.load([item(1, "b1")], code=1).stderr)

    @unittest.skipUnless(support.cli.DATA, "needs ../shared")
    def test_the_complete_journey(self):
        self.sample(customers=1)
        self.at("import", os.path.join(support.cli.DATA, "cj_demographics.csv"), "--map",
                os.path.join(support.cli.EXAMPLES, "cj_demographics.yaml"))
        self.till = self.credential("till", "order-capture", "orders")
        with gzip.open(os.path.join(support.cli.DATA, "cj_transactions_sample.csv.gz"), "rt") as lines:
            part = "".join(next(lines) for _ in range(2001))
        file = self.write("cj.csv", part)
        said = json.loads(self.crm("orders", "load", file, "--map", MAP, "--json", token=self.till).stdout)
        self.assertEqual(said["lines"], 2000)
        self.assertGreater(said["new"], 500)
        self.assertEqual({row.split(",")[1] for row in self.read("cj.csv.rejected.csv").splitlines()[1:]},
                         {"not-found"})  # households without demographics
        self.assertEqual(said["new"] + said["rejected"], said["orders"])


if __name__ == "__main__":
    support.main()
