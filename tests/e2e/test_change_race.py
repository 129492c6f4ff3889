#!/usr/bin/env python3
"""What changes under load holds from its answer on: a revoked credential reads nothing any more, and
a new policy is the policy of every entry behind its own (I-3, I-8)."""
import os
import shutil
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from velum_test import SOUND, Box, expect, need_products  # noqa: E402

TOP = os.environ.get("VELUM_TOP", os.path.join(os.path.dirname(__file__), "..", ".."))
READERS = 4
PROFILE = {"name": "Chen Jing", "mobile": "13912345678", "city": "Suzhou",
           "birthday": "1990-05-17"}


class Reader:
    """Reads in a loop; `look` tells each reply together with what was known before it was asked."""

    def __init__(self, daemon, token, ref, look):
        self.client = daemon.client()
        self.token, self.ref, self.look = token, ref, look
        self.known = None
        self.stop = threading.Event()
        self.count = 0
        self.failure = None
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while not self.stop.is_set():
                known = self.known
                self.look(known, self.client.read(self.token, self.ref))
                self.count += 1
        except BaseException as failure:  # pylint: disable=broad-except
            self.failure = failure

    def end(self):
        self.stop.set()
        self.thread.join(30)
        if self.failure is not None:
            raise self.failure
        assert self.count > 10, "the reader hardly read"


class ChangeRace(unittest.TestCase):
    def setUp(self):
        self.box = Box()
        self.addCleanup(self.box.close)
        self.box.init().usual_credentials()
        self.daemon = self.box.daemon()
        reply = self.daemon.main_client.upsert(self.box.orders, "one", PROFILE)
        self.ref = expect(reply, 200).json()["subject"]

    def readers(self, tokens, look):
        made = [Reader(self.daemon, token, self.ref, look) for token in tokens]
        self.addCleanup(lambda: [reader.stop.set() for reader in made])
        return made

    def end(self):
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.box.verify()[0], SOUND)

    def test_a_revoked_credential_reads_nothing_more(self):
        def look(known, reply):
            if known == "revoked":
                self.assertIn(reply.status, (401, 429), reply)

        names = [f"reader-{n}" for n in range(READERS)]
        tokens = [self.box.credential(name, "customer_service", "customer-care") for name in names]
        readers = self.readers(tokens, look)
        for name, reader in zip(names, readers):
            self.wait_for_reads(readers, 30)
            self.box.on_data("credential", "revoke", name)
            reader.known = "revoked"
        self.wait_for_reads(readers, 30)
        for reader in readers:
            reader.end()
        entries = self.box.log()
        # Only additions and revocations are credential entries here, in this order.
        revoked = [e["index"] for e in entries if e["type"] == "credential"][-READERS:]
        for name, index in zip(names, revoked):
            reads = [e for e in entries if e["type"] == "read" and e.get("actor") == name]
            self.assertTrue(any(e["decision"] != "deny" for e in reads if e["index"] < index))
            late = [e["index"] for e in reads if e["decision"] != "deny" and e["index"] > index]
            self.assertEqual(late, [], f"{name} was revoked at {index}")
        self.end()

    def test_a_new_policy_is_everybodys(self):
        policies = [self.policy(number) for number in range(8)]

        def look(known, reply):
            expect(reply, 200)
            shown = reply.json()
            if known is not None:
                self.assertIn(shown["decision"]["policy"], known)
                hides = policies.index(next(p for p in policies
                                            if p[1] == shown["decision"]["policy"])) % 2 == 1
                self.assertEqual("mobile" in shown["hidden"], hides)

        readers = self.readers([self.box.care] * READERS, look)
        self.wait_for_reads(readers, 30)
        for number, (folder, _) in enumerate(policies):
            self.box.on_data("policy", "apply", folder)
            for reader in readers:  # this one, or the next, which may come at any moment
                reader.known = [p[1] for p in policies[number:number + 2]]
            self.wait_for_reads(readers, 30)
        for reader in readers:
            reader.end()
        self.judge_policies([p[1] for p in policies])
        self.end()

    def judge_policies(self, hashes):
        """In the log, every entry behind a policy's own is decided by that policy."""
        current, applied = None, []
        for entry in self.box.log():
            if entry["type"] == "policy":
                current = entry["policy"]
                applied.append(current)
            elif entry["type"] == "read" and current is not None:
                self.assertEqual(entry["policy"], current, entry["index"])
        self.assertEqual(applied[-len(hashes):], hashes)

    def policy(self, number):
        """(folder, hash) of the sample policy with another name; odd ones hide mobile numbers from
        customer service."""
        folder = os.path.join(self.box.top, f"policy-{number}")
        shutil.copytree(os.path.join(TOP, "policy", "sample"), folder)
        path = os.path.join(folder, "policy.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        changed = text.replace("name: Sample retail chain", f"name: Race {number}")
        self.assertNotEqual(text, changed)
        if number % 2 == 1:
            before = "    mask: [mobile, email, birthday]\n    hide: [id_card, bank_card, address]"
            self.assertIn(before, changed)
            changed = changed.replace(before, "    mask: [email, birthday]\n"
                                      "    hide: [mobile, id_card, bank_card, address]")
        with open(path, "w", encoding="utf-8") as file:
            file.write(changed)
        return folder, self.box.velum("policy", "check", folder).out.split()[-1]

    def wait_for_reads(self, readers, count):
        """Until each reader has read so often again, or has failed."""
        goals = [reader.count + count for reader in readers]
        while any(r.count < goal and r.thread.is_alive() for r, goal in zip(readers, goals)):
            readers[0].stop.wait(0.01)


if __name__ == "__main__":
    need_products()
    unittest.main()
