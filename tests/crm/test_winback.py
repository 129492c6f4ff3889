#!/usr/bin/env python3
"""`velum-crm winback`: an order sets a timer, the timer asks for one message, and the gate decides."""
import os
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support
from support import item

DAY_NS = 86400 * 10**9
NOW_NS = 1795262400 * 10**9  # 2026-11-21T12:00:00Z


class Winback(support.Case):
    def setUp(self):
        super().setUp()
        if not support.has_seams():
            self.skipTest("this build reads no clock of ours")
        self.clock = self.path("clock")
        self.set_clock(NOW_NS)
        os.environ["VELUM_TEST_CLOCK"] = self.clock
        self.addCleanup(os.environ.pop, "VELUM_TEST_CLOCK")

    def set_clock(self, wall_ns):
        with open(self.clock + ".next", "w", encoding="ascii") as file:
            file.write(f"{wall_ns}\n")
        os.rename(self.clock + ".next", self.clock)

    def start(self, households):
        self.households(households)
        self.flow = self.credential("winback", "winback", "winback")
        desk = self.credential("desk", "consent-capture", "shop", "customer_service")
        return desk

    def once(self, *more):
        """Until nothing is due: the steward looks for timers each second."""
        return self.crm("winback", "--once", *more, token=self.flow).stderr

    def counts(self, said):
        found = re.findall(r"(\d+) timers set, (\d+) queued, (\d+) asked for before, (\d+) skipped", said)
        return [sum(int(row[i]) for row in found) for i in range(4)]

    def until(self, wanted, *more, tries=60):
        """The sums of several runs, until they are what is wanted."""
        total = [0, 0, 0, 0]
        for _ in range(tries):
            total = [a + b for a, b in zip(total, self.counts(self.once(*more)))]
            if total == wanted:
                return
            time.sleep(0.25)
        self.assertEqual(total, wanted)

    def test_an_order_leads_to_one_message(self):
        self.start(2)
        self.load([item(1, "b1", at="2026-11-20T12:00:00"), item(2, "b2", at="2026-11-01T12:00:00")])
        self.until([2, 0, 0, 0])
        self.set_clock(NOW_NS + 85 * DAY_NS)
        self.until([0, 0, 0, 1])  # the second one's 90 days are over; without consent it is skipped
        said = self.at("message", "list", "--json", code=None).stdout
        self.assertEqual(said.count("skipped"), 1)
        self.set_clock(NOW_NS + 95 * DAY_NS)
        self.until([0, 0, 0, 1])
        self.assertEqual(self.counts(self.once()), [0, 0, 0, 0])

    def test_a_newer_order_moves_the_timer_and_an_older_does_not(self):
        self.start(1)
        self.load([item(1, "b1", at="2026-11-01T12:00:00")])
        self.until([1, 0, 0, 0])
        self.load([item(1, "b2", at="2026-11-20T12:00:00")])
        self.until([1, 0, 0, 0])
        self.load([item(1, "b0", at="2026-10-01T12:00:00")])
        self.until([1, 0, 0, 0])
        self.set_clock(NOW_NS + 85 * DAY_NS)
        time.sleep(1.5)
        self.assertEqual(self.counts(self.once()), [0, 0, 0, 0])
        self.set_clock(NOW_NS + 90 * DAY_NS)
        self.until([0, 0, 0, 1])

    def test_days_are_chosen(self):
        self.start(1)
        self.load([item(1, "b1", at="2026-11-20T12:00:00")])
        self.until([1, 0, 0, 0], "--days", "10")
        self.set_clock(NOW_NS + 10 * DAY_NS)
        self.until([0, 0, 0, 1], "--days", "10")

    def test_whoever_is_erased_is_not_written_to(self):
        self.start(1)
        self.load([item(1, "b1", at="2026-11-01T12:00:00")])
        self.until([1, 0, 0, 0])
        refs = self.path("refs.csv")
        self.at("import", self.path("households.csv"), "--map",
                os.path.join(support.cli.EXAMPLES, "cj_demographics.yaml"), "--refs-out", refs, "--domain", "shop")
        with open(refs, encoding="utf-8") as lines:
            ref = lines.read().splitlines()[1].split(",")[1].strip('"').lstrip("'")
        self.at("subject", "erase", f"shop:{ref}", "--yes")
        self.set_clock(NOW_NS + 95 * DAY_NS)
        time.sleep(1.5)
        self.assertEqual(self.counts(self.once()), [0, 0, 0, 0])

    def test_through_velumd_until_it_is_ended(self):
        self.start(1)
        with support.cli.Daemon(self):
            env = {**os.environ, "VELUM_DATA": self.data, "VELUM_TOKEN_FILE": self.flow}
            flow = subprocess.Popen([support.CRM, "winback"], stderr=subprocess.PIPE, text=True, env=env)
            self.addCleanup(flow.stderr.close)
            try:
                self.load([item(1, "b1", at="2026-11-20T12:00:00")])
                line = flow.stderr.readline()
            finally:
                flow.send_signal(signal.SIGTERM)
            self.assertEqual(flow.wait(30), 0)
            self.assertIn("1 timers set", line)

    def test_another_declaration_is_refused(self):
        self.start(1)
        done = self.crm("winback", "--once", "--sha256", "0" * 64, token=self.flow, code=1)
        self.assertIn("module-changed", done.stderr)

    def test_a_credential_of_another_domain_is_refused(self):
        self.start(1)
        self.flow = self.credential("stranger", "winback", "elsewhere")
        self.assertIn("unknown-domain", self.crm("winback", "--once", token=self.flow, code=1).stderr)


if __name__ == "__main__":
    support.main()
