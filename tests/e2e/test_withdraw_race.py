#!/usr/bin/env python3
"""Withdrawals race reads for some seconds; then the log alone must say that no disclosure rests on a
consent which had been withdrawn before it (I-9), and no client may have seen one, either."""
import collections
import os
import random
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from leaves import (ALLOW, CONSENT_STATE, DECISION, DENY, PARTIAL, SUBJECT, TYPE,  # noqa: E402
                    TYPE_CONSENT, TYPE_READ, Log)
from velum_test import SOUND, Box, expect, in_threads, need_products, seeded  # noqa: E402

SECONDS = 6
WRITERS = 3
READERS = 4
PER_WRITER = 4  # few subjects, so that they are hot


class Subject:
    def __init__(self, key, ref):
        self.key = key
        self.ref = ref
        self.round = 0         # raised before a consent is sent to be given
        self.withdrawn = None  # the round whose withdrawal is acknowledged


def write(box, daemon, subjects, rng, until):
    """Gives and withdraws; each subject has one writer, so its consent is a sequence."""
    client = daemon.client()
    while time.monotonic() < until:
        subject = rng.choice(subjects)
        subject.round += 1
        expect(client.consent(box.capture, subject.ref, "given"), 200)
        for _ in range(rng.randrange(3)):
            profile = {"city": f"city {rng.randrange(1000)}"}
            expect(client.upsert(box.orders, subject.key, profile), 200)
        expect(client.consent(box.capture, subject.ref, "withdrawn"), 200)
        subject.withdrawn = subject.round


def read(box, daemon, subjects, rng, until, counts):
    client = daemon.client()
    while time.monotonic() < until:
        subject = rng.choice(subjects)
        withdrawn, began = subject.withdrawn, subject.round
        reply = client.read(box.marketing, subject.ref, "city")
        counts[reply.status] += 1
        if withdrawn is not None and withdrawn == began == subject.round:
            assert reply.status != 200, "disclosed after an acknowledged withdrawal"
            counts["after"] += 1
        assert reply.status in (200, 404, 429, 503), reply


def judge(entries):
    """Walks the log; what of it was of which kind. AssertionError names the first bad entry."""
    state = {}
    found = collections.Counter()
    for kind, subject, consent, decision, index in entries:
        if kind == "consent":
            state[subject] = consent
            found[consent] += 1
        elif decision == "deny":
            found["denied"] += 1
        else:
            assert state.get(subject) == "given", f"entry {index}: disclosed after a withdrawal"
            found["disclosed"] += 1
    return found


def entries_of_officer(box):
    """From `velum audit log --json`."""
    for entry in box.log():
        if entry["type"] == "consent":
            yield ("consent", entry["subject_token"], entry["consent_state"], None, entry["index"])
        elif entry["type"] == "read" and entry["purpose"] == "direct-marketing":
            yield ("read", entry.get("subject_token"), None, entry["decision"], entry["index"])


def entries_of_files(box):
    """From the files, without our code."""
    log = Log(os.path.join(box.data, "audit"))
    log.read_on()
    states, decisions = {}, {ALLOW: "allow", PARTIAL: "partial", DENY: "deny"}
    for index, body in enumerate(log.leaves):
        if body[TYPE] == TYPE_CONSENT:
            states.setdefault(body[CONSENT_STATE], "given" if not states else "withdrawn")
            yield ("consent", body[SUBJECT].hex(), states[body[CONSENT_STATE]], None, index)
        elif body[TYPE] == TYPE_READ:  # nobody but marketing reads in this test
            yield ("read", body[SUBJECT].hex(), None, decisions[body[DECISION]], index)


class WithdrawRace(unittest.TestCase):
    def test_nothing_is_disclosed_after_its_withdrawal(self):
        with seeded(9) as rng, Box() as box:
            box.init().usual_credentials()
            daemon = box.daemon()
            subjects = []
            for key in range(WRITERS * PER_WRITER):
                reply = daemon.main_client.upsert(box.orders, key, {"city": "city"})
                subjects.append(Subject(key, expect(reply, 200).json()["subject"]))
            counts = collections.Counter()
            seeds = [rng.random() for _ in range(WRITERS + READERS)]
            until = time.monotonic() + SECONDS

            def work(number):
                mine = random.Random(seeds[number])
                if number < WRITERS:
                    write(box, daemon, subjects[number::WRITERS], mine, until)
                else:
                    read(box, daemon, subjects, mine, until, counts)

            in_threads(work, WRITERS + READERS)
            self.assertEqual(daemon.stop(), 0)
            by_officer = judge(entries_of_officer(box))
            by_files = judge(entries_of_files(box))
            self.assertEqual(by_officer, by_files)
            self.assertEqual(box.verify()[0], SOUND)
            print(f"{dict(by_files)}; clients: {dict(counts)}", file=sys.stderr)
            for kind in ("given", "withdrawn", "disclosed", "denied"):
                self.assertGreater(by_files[kind], 20, by_files)
            self.assertGreater(counts["after"], 20, counts)
            self.assertGreaterEqual(by_files["disclosed"], counts[200])

    def test_the_judge_can_say_no(self):
        story = [("consent", "s", "given", None, 0), ("read", "s", None, "partial", 1),
                 ("consent", "s", "withdrawn", None, 2), ("read", "s", None, "deny", 3)]
        self.assertEqual(judge(story)["disclosed"], 1)
        with self.assertRaises(AssertionError):
            judge(story + [("read", "s", None, "allow", 4)])


if __name__ == "__main__":
    need_products()
    unittest.main()
