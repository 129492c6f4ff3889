#!/usr/bin/env python3
"""`velum-crm counts`: a declared figure as a table that fits the terminal."""
import json
import os
import sys
import unicodedata
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support


def width(line):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


class Counts(support.Case):
    def setUp(self):
        super().setUp()
        self.households(1)
        self.figures = self.credential("figures", "sales-counts", "counts")
        done = self.crm("counts", "sales_by_store", "--json", token=self.figures, code=None)
        if done.returncode != 0 and "there is no verb" in done.stderr:
            self.skipTest("this build answers no counts yet")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.said = json.loads(done.stdout)

    def test_the_answer_is_shown_as_it_is(self):
        self.assertEqual(self.said["count"], "sales_by_store")
        self.assertEqual(self.said["rounded_to"], 5)

    def test_the_table_fits(self):
        for columns in ("80", "100"):
            shown = self.crm("counts", "sales_by_store", token=self.figures, COLUMNS=columns).stdout
            for line in shown.splitlines():
                self.assertLessEqual(width(line), int(columns))
            self.assertIn("customers", shown.splitlines()[0])

    def test_an_unknown_name_is_refused(self):
        self.assertIn("refused", self.crm("counts", "nothing", token=self.figures, code=1).stderr)


if __name__ == "__main__":
    support.main()
