#!/usr/bin/env python3
"""What abuse gets: a like refusal is counted and not written each time, and nobody who may not know
that a customer exists can find it out (I-1, I-8)."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from velum_test import SOUND, Box, expect, need_products, wait_until  # noqa: E402

PROFILE = {"name": "Chen Jing", "mobile": "13912345678", "city": "Suzhou", "email": "c@example.org"}
box = None
daemon = None
client = None


def setUpModule():
    global box, daemon, client
    box = Box()
    try:
        box.init().usual_credentials()
        box.shop = box.credential("shop", "delivery", "order-fulfilment", domain="shop")
        box.analytics = box.credential("analytics", "analyst", "analytics")
        daemon = box.daemon()
        client = daemon.main_client
    except BaseException:
        box.close()
        raise


def tearDownModule():
    try:
        assert daemon.stop() == 0, daemon.errors()
        assert box.verify()[0] == SOUND
    finally:
        box.close()


def create(key, birthday="1990-05-17"):
    profile = PROFILE | {"birthday": birthday}
    return expect(client.upsert(box.orders, key, profile), 200).json()["subject"]


def without_decision(reply):
    """Status, headers and body byte by byte, but for the id of the decision and the date."""
    decision = reply.json().get("decision")
    assert decision and len(decision) == 32, reply
    headers = {k: v for k, v in reply.headers.items() if k != "date"}
    return reply.status, headers, reply.body.replace(decision.encode(), b"")


def reason_of(reply):
    """The true reason, in the log."""
    return next(e["reason"] for e in box.log("--denied") if e["id"] == reply.decision)


class Repetition(unittest.TestCase):
    def refuse_often(self, token, ref, count):
        """Asks until `count` like refusals were not recorded; the first recorded one, and the next."""
        first = expect(client.read(token, ref), 404, "not-found")
        for _ in range(count):
            repeated = expect(client.read(token, ref), 429, "rate-limited")
            self.assertNotIn("decision", repeated.json())
            self.assertEqual(repeated.headers["retry-after"], "1")
        extra = [0]

        def next_one():
            reply = client.read(token, ref)
            extra[0] += reply.status == 429
            return None if reply.status == 429 else expect(reply, 404, "not-found")

        return first, wait_until(next_one, "429 for ever"), count + extra[0]

    def test_the_next_entry_carries_the_count(self):
        ref = create("repeated")
        first, second, count = self.refuse_often(box.marketing, ref, 10)
        entries = {e["id"]: e for e in box.log("--subject", f"crm:{ref}", "--denied")}
        self.assertEqual(set(entries), {first.decision, second.decision})
        self.assertNotIn("repeated", entries[first.decision])
        self.assertEqual(entries[second.decision]["repeated"], count)

    def test_others_are_not_held_back(self):
        ref, other = create("repeated 2"), create("repeated 3")
        expect(client.read(box.marketing, ref), 404, "not-found")
        expect(client.read(box.marketing, ref), 429, "rate-limited")
        expect(client.read(box.marketing, other), 404, "not-found")  # another customer
        expect(client.read(box.analytics, ref), 404, "not-found")    # another credential
        expect(client.read(box.care, ref), 200)                      # no refusal at all
        expect(client.consent(box.capture, ref, "given"), 200)
        expect(client.read(box.marketing, ref), 200)                 # no reason any more
        expect(client.consent(box.capture, ref, "withdrawn"), 200)
        expect(client.read(box.marketing, ref), 404, "not-found")    # another reason

    def test_strangers_leave_nothing_in_the_log(self):
        before = box.log()[-1]["index"]
        for number in range(50):
            expect(client.read(f"velum_{number:043d}", "R" * 27), 401, "unauthenticated")
            expect(client.ask("GET", "/v1/me"), 401, "unauthenticated")
        since = {e["type"] for e in box.log("--from", str(before + 1))}
        self.assertEqual(since, {"log-read"})  # the officer's own reading of it


class Existence(unittest.TestCase):
    def setUp(self):
        self.make_people("")

    def make_people(self, tag):
        name = self.id() + tag
        self.missing = create(name + "missing")
        self.withdrawn = create(name + "withdrawn")
        self.child = create(name + "child", "2016-01-01")
        for state in ("given", "withdrawn"):
            expect(client.consent(box.capture, self.withdrawn, state), 200)
        # Well-formed, and nobody's in the domain `crm`: the reference of another domain.
        shop = client.ask("POST", "/v1/subjects", box.shop, {
            "identifiers": [{"type": "ext:test", "value": name + "missing"}], "profile": {}})
        self.unknown = expect(shop, 200).json()["subject"]
        self.assertNotEqual(self.unknown, self.missing)

    def assertAlike(self, token, query=""):
        """Hidden and unknown give the same bytes."""
        replies = {}
        for ref in (self.unknown, self.missing, self.withdrawn, self.child):
            replies[ref] = client.ask("GET", f"/v1/subjects/{ref}{query}", token)
        unknown = without_decision(replies.pop(self.unknown))
        for reply in replies.values():
            self.assertEqual(without_decision(reply), unknown, query)
        return unknown[0], list(replies.values())

    def test_hidden_and_unknown_are_the_same_bytes(self):
        status, replies = self.assertAlike(box.marketing)
        self.assertEqual(status, 404)
        self.assertEqual([reason_of(r) for r in replies[:2]],
                         ["consent-missing", "consent-withdrawn"])

    def test_whatever_fields_are_asked(self):
        for query in ("?fields=name", "?fields=city,member_level", "?activity=direct-marketing",
                      "?fields=id_card", "?fields=name,id_card", "?fields=nothing",
                      "?fields=name,nothing"):
            self.make_people(query)  # whom nobody has been refused yet
            self.assertAlike(box.marketing, query)

    def test_another_activity(self):
        self.assertEqual(self.assertAlike(box.analytics)[0], 404)

    def test_repeated_refusals_are_alike(self):
        self.assertAlike(box.marketing)
        bodies = {client.read(box.marketing, ref).body
                  for ref in (self.unknown, self.missing, self.withdrawn)}
        self.assertEqual(len(bodies), 1, bodies)

    def test_an_activity_that_may_not_look_up(self):
        known = client.lookup(box.marketing, self.id() + "missing")
        unknown = client.lookup(box.marketing, self.id() + "nobody")
        self.assertEqual(without_decision(known), without_decision(unknown))
        self.assertEqual((known.status, known.problem), (403, "action-not-allowed"))

    def test_new_and_known_are_answered_alike(self):
        new = client.upsert(box.orders, self.id() + "new", PROFILE)
        known = client.upsert(box.orders, self.id() + "missing", PROFILE)
        self.assertEqual((new.status, known.status), (200, 200))
        self.assertEqual(list(json.loads(new.body)), list(json.loads(known.body)))
        self.assertEqual(len(new.body), len(known.body))

    def test_a_customer_sees_nobody_else(self):
        token = box.customer_token(self.missing)
        expect(client.ask("GET", "/v1/me", token), 200)
        for ref in (self.missing, self.withdrawn, self.unknown):  # nobody is looked for
            expect(client.read(token, ref), 403, "actor-kind")
            expect(client.read(token, ref), 429, "rate-limited")


if __name__ == "__main__":
    need_products()
    unittest.main()
