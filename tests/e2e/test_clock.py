#!/usr/bin/env python3
"""A clock that steps back brings nothing back to life: no consent, no customer's token, no age (I-3)."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from velum_test import NS, SOUND, Box, expect, need_seams, wait_until  # noqa: E402

NOON = 1795262400 * NS  # 2026-11-21T12:00:00Z
MINUTE = 60
HOUR = 3600
DAY = 86400


def unless_repeated(reply):
    return None if reply.status == 429 else reply


class Clock(unittest.TestCase):
    def setUp(self):
        self.box = Box(clock_ns=NOON)
        self.addCleanup(self.box.close)
        self.box.init().usual_credentials()
        self.daemon = self.box.daemon()
        self.client = self.daemon.main_client
        self.ref = self.create("adult", "1990-05-17")
        expect(self.client.consent(self.box.capture, self.ref, "given"), 200)

    def tearDown(self):
        self.assertEqual(self.daemon.stop(), 0, self.daemon.errors())
        code, report = self.box.verify()
        self.assertEqual(code, SOUND, report)

    def create(self, key, birthday):
        profile = {"name": "Chen Jing", "mobile": "13912345678", "city": "Suzhou",
                   "birthday": birthday}
        return expect(self.client.upsert(self.box.orders, key, profile), 200).json()["subject"]

    def at(self, seconds):
        """Sets the clock to noon and so many seconds."""
        self.box.set_clock(NOON + int(seconds * NS))

    def read(self, token, ref=None):
        """A like refusal is 429 for a second; what comes then is the answer."""
        return wait_until(lambda: unless_repeated(self.client.read(token, ref or self.ref)),
                          "429 for ever")

    def care(self):
        return self.read(self.box.care)

    def marketing(self):
        return self.read(self.box.marketing)

    def clock_leaves(self):
        return [e for e in self.box.log() if e["type"] == "clock" and e["actor"] == "velum"]

    def assertBehind(self):
        expect(self.marketing(), 503, "clock-behind")
        expect(self.care(), 200)
        ready = self.client.ask("GET", "/readyz")
        self.assertEqual(ready.status, 503)
        self.assertIn(b"clock-behind", ready.body)

    def assertInTime(self):
        expect(self.marketing(), 200)
        expect(self.client.ask("GET", "/readyz"), 200)

    def test_a_small_step_is_nothing(self):
        self.assertInTime()
        for back in (1, 3, 4.9, 5):
            self.at(-back)
            self.assertInTime()
        self.assertEqual(self.clock_leaves(), [])

    def test_consents_cannot_be_judged_until_time_has_caught_up(self):
        self.at(-5.1)
        self.assertBehind()
        self.at(-HOUR)
        self.assertBehind()
        expect(self.client.consent(self.box.capture, self.ref, "given"), 200)
        listed = self.client.ask("GET", f"/v1/subjects/{self.ref}/consents", self.box.capture)
        expect(listed, 200)
        for _ in range(5):
            expect(self.care(), 200)
        self.assertEqual(len(self.clock_leaves()), 1)
        self.at(-4)
        self.assertInTime()
        self.at(1)
        self.assertInTime()
        self.assertEqual(len(self.clock_leaves()), 1)
        self.at(-DAY)
        self.assertBehind()
        self.assertEqual(len(self.clock_leaves()), 2)  # a new episode
        self.at(2)
        self.assertInTime()

    def test_a_restart_does_not_forget(self):
        self.assertEqual(self.daemon.stop(), 0)
        self.at(-MINUTE)
        self.daemon = self.box.daemon()
        self.client = self.daemon.main_client
        self.assertBehind()
        self.at(MINUTE)
        self.assertInTime()

    def test_an_officer_accepts_the_clock(self):
        self.at(-HOUR)
        self.assertBehind()
        self.box.on_data("clock", "accept")
        self.assertInTime()
        accepted = [e for e in self.box.log() if e["type"] == "clock" and e["actor"] == "officer"]
        self.assertEqual([e["decision"] for e in accepted], ["allow"])
        self.at(-HOUR + MINUTE)
        self.assertInTime()
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon = self.box.daemon()
        self.client = self.daemon.main_client
        self.assertInTime()
        self.at(-3 * HOUR)  # back again, behind the accepted time
        self.assertBehind()
        self.at(MINUTE)
        self.assertInTime()

    def test_ages_are_judged_by_the_earlier_time(self):
        turns_14 = "2012-11-19"  # two days before noon
        self.ref = self.create("young", turns_14)
        expect(self.care(), 200)
        self.at(-4 * DAY)
        expect(self.care(), 403, "approval-required")
        self.at(0)
        expect(self.care(), 200)

    def test_a_child_grows_up(self):
        adult, self.ref = self.ref, self.create("child", "2012-11-25")
        expect(self.care(), 403, "approval-required")
        self.at(5 * DAY)
        expect(self.read(self.box.care, adult), 200)  # the log says, too, that it is later now
        expect(self.care(), 200)
        self.at(1 * DAY)  # newer entries say otherwise, but the younger age counts
        expect(self.care(), 403, "approval-required")

    def test_a_customer_token_is_not_revived(self):
        token = self.box.customer_token(self.ref)
        expect(self.client.ask("GET", "/v1/me", token), 200)
        self.at(14 * MINUTE)
        expect(self.client.ask("GET", "/v1/me", token), 200)
        self.at(16 * MINUTE)
        expect(self.client.ask("GET", "/v1/me", token), 401, "unauthenticated")
        expect(self.care(), 200)  # an entry of this time
        self.at(1 * MINUTE)
        expect(self.client.ask("GET", "/v1/me", token), 401, "unauthenticated")
        self.at(16 * MINUTE - 3)
        expect(self.client.ask("GET", "/v1/me", token), 401, "unauthenticated")

    def test_a_credential_is_not_revived(self):
        token = self.box.on_data(
            "credential", "add", "short", "--kind", "service", "--role", "customer_service",
            "--activity", "customer-care", "--domain", "crm", "--expires",
            "2026-11-21T13:00:00Z").out.strip()
        expect(self.client.read(token, self.ref), 200)
        self.at(HOUR + 1)
        expect(self.read(token), 401, "credential-expired")
        self.at(MINUTE)
        expect(self.read(token), 401, "credential-expired")

    def test_a_consent_expires_and_is_not_revived(self):
        self.at(730 * DAY - HOUR)
        expect(self.marketing(), 200)
        self.at(730 * DAY + 1)
        refused = expect(self.marketing(), 404, "not-found")
        entry = next(e for e in self.box.log("--denied") if e["id"] == refused.decision)
        self.assertEqual(entry["reason"], "consent-expired")
        self.at(730 * DAY - 30)  # 31 s back: it may not be judged
        self.assertBehind()
        self.at(730 * DAY - 3)  # within the tolerance the later time counts
        expect(self.marketing(), 404, "not-found")
        self.at(730 * DAY + 2)
        expect(self.client.consent(self.box.capture, self.ref, "given"), 200)
        expect(self.marketing(), 200)


if __name__ == "__main__":
    need_seams()
    unittest.main()
