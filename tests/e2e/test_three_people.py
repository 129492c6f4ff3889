#!/usr/bin/env python3
"""The promise in one afternoon: a service reads what it may, a customer says no and is obeyed at
once, an officer finds both in the log and proves them to somebody who trusts nothing of ours."""
import base64
import os
import shutil
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ed25519  # noqa: E402
from velum_test import (SOUND, TAMPERED, TRUNCATED, Box, check_proof, expect,  # noqa: E402
                        find_in_log, leaf_hash, log_folder_copy, need_products, wait_until)

CUSTOMERS = 40
box = None
daemon = None


def setUpModule():
    global box, daemon
    box = Box()
    try:
        box.init(CUSTOMERS).usual_credentials()
        daemon = box.daemon()
    except BaseException:
        box.close()
        raise


def tearDownModule():
    try:
        code = daemon.stop()
        assert code == 0, f"velumd ended with {code}: {daemon.errors()[-2000:]}"
        assert box.verify()[0] == SOUND
    finally:
        box.close()


def adults():
    """References of sample customers whom staff may see and who may consent by themselves."""
    for index in range(CUSTOMERS):
        reply = expect(daemon.main_client.lookup(box.care, index, "ext:sample"), 200)
        ref = reply.json()["subject"]
        if daemon.main_client.read(box.care, ref).status == 200:
            yield ref
    raise AssertionError("too few adults in the sample")


def without_consent():
    """An adult whom marketing may not see."""
    for ref in adults():
        if daemon.main_client.read(box.marketing, ref).status == 404:
            return ref


def read_recorded(client, token, ref):
    """A read whose refusal is no repetition: the same one within a second is 429 and counted (I-1)."""
    for _ in range(100):
        reply = client.read(token, ref)
        if reply.status != 429:
            return reply
        time.sleep(0.05)
    raise AssertionError("the same refusal is repeated for five seconds")


def officer_key():
    """The verifier key as the officer's trust file has it."""
    folder = os.path.join(box.config, "velum", "trust")
    with open(os.path.join(folder, os.listdir(folder)[0]), encoding="utf-8") as file:
        return file.readline().rstrip("\n")


def open_note(note):
    """Size and root of a checkpoint that the officer's key has signed (C2SP signed-note)."""
    name, key_id, key = officer_key().split("+", 2)
    body, _, signatures = note.rpartition("\n\n")
    line = signatures.rstrip("\n").split(" ")
    signature = base64.b64decode(line[2])
    assert line[:2] == ["\u2014", name] and signature[:4].hex() == key_id
    key_bytes = base64.b64decode(key)
    assert key_bytes[0] == 1
    assert ed25519.verify(key_bytes[1:], (body + "\n").encode(), signature[4:]), "bad signature"
    origin, size, root = body.split("\n")
    assert origin == name
    return int(size), base64.b64decode(root)


class ThreePeople(unittest.TestCase):
    def prove(self, decision, index):
        """The officer's proof of a decision, checked without our code; the leaf's bytes."""
        answer = box.on_data("audit", "prove", decision, "--json").json()
        leaf = base64.b64decode(answer["leaf"])
        self.assertEqual(answer["index"], index)
        self.assertEqual(check_proof(answer["proof"], leaf, open_note), index)
        self.assertIn(bytes.fromhex(decision), leaf)
        altered = leaf[:-1] + bytes([leaf[-1] ^ 1])
        with self.assertRaises(AssertionError):
            check_proof(answer["proof"], altered, open_note)
        return leaf

    def sound_copy(self, name):
        """A copy of the log, once velumd has signed what stands in it (each second)."""
        copy = os.path.join(box.top, name)

        def is_sound():
            shutil.rmtree(copy, ignore_errors=True)
            log_folder_copy(box, name)
            return box.verify(copy)[0] == SOUND

        wait_until(is_sound, "no copy of the log is sound")
        return copy

    def test_the_engineer_gets_a_masked_profile(self):
        ref = next(adults())
        reply = expect(daemon.main_client.read(box.care, ref), 200).json()
        self.assertRegex(reply["fields"]["mobile"], r"^1\d\d\*{4}\d{4}$")
        self.assertEqual(reply["decision"]["activity"], "customer-care")
        self.assertEqual(reply["decision"]["basis"], "contract")
        for hidden in ("id_card", "bank_card", "address"):
            self.assertNotIn(hidden, reply["fields"])
        clear = expect(daemon.main_client.read(box.orders, ref), 200).json()["fields"]["mobile"]
        masked = reply["fields"]["mobile"]
        self.assertEqual((clear[:3], clear[-4:]), (masked[:3], masked[-4:]))
        self.assertNotIn("*", clear)

    def test_the_customer_withdraws_and_the_officer_proves_it(self):
        """PIPL 15, GDPR 7(3): one call, the next read is denied, and both entries are proved."""
        ref = without_consent()
        client = daemon.main_client
        expect(client.consent(box.capture, ref, "given"), 200)
        read = expect(client.read(box.marketing, ref), 200)
        self.assertEqual(read.json()["decision"]["consent"]["state"], "given")
        customer = box.customer_token(ref)
        held = expect(client.ask("GET", "/v1/me", customer), 200).json()["categories"]
        contact = [one["fields"] for one in held if one["category"] == "contact"]
        self.assertNotIn("*", contact[0]["mobile"])
        withdrawal = {"purpose": "direct-marketing", "state": "withdrawn"}
        expect(client.ask("POST", "/v1/me/consents", customer, withdrawal), 200)
        refused = expect(read_recorded(client, box.marketing, ref), 404, "not-found")

        entries = box.log("--subject", f"crm:{ref}")
        by_id = {entry["id"]: entry for entry in entries}
        allowed, denied = by_id[read.decision], by_id[refused.decision]
        self.assertEqual((allowed["decision"], allowed["actor"]), ("partial", "marketing"))
        self.assertIn("mobile", allowed["masked"])
        self.assertEqual((denied["decision"], denied["reason"]), ("deny", "consent-withdrawn"))
        self.assertNotIn("released", denied)
        withdrawn = [e for e in entries if e["type"] == "consent"][-1]
        self.assertEqual((withdrawn["consent_state"], withdrawn["actor"]), ("withdrawn", "customer"))
        self.assertLess(allowed["index"], withdrawn["index"])
        self.assertLess(withdrawn["index"], denied["index"])

        self.prove(read.decision, allowed["index"])
        self.prove(refused.decision, denied["index"])
        code, report = box.verify()
        self.assertEqual((code, report["key"], report["seen"]), (SOUND, "trust-file", "trust-file"))

    def test_one_changed_byte_is_named(self):
        ref = next(adults())
        decision = expect(daemon.main_client.read(box.care, ref), 200).decision
        proof = box.on_data("audit", "prove", decision, "--json").json()
        leaf = base64.b64decode(proof["leaf"])
        copy = self.sound_copy("flipped")
        file, at = find_in_log(copy, leaf)
        for offset in (0, 27, 28, 60, len(leaf) - 1):
            with open(file, "r+b") as log:
                log.seek(at + offset)
                log.write(bytes([leaf[offset] ^ 0x40]))
            code, report = box.verify(copy)
            self.assertEqual((code, report["bad_index"]), (TAMPERED, proof["index"]), offset)
            with open(file, "r+b") as log:
                log.seek(at)
                log.write(leaf)
        self.assertEqual(box.verify(copy)[0], SOUND)

    def test_a_cut_is_seen(self):
        ref = next(adults())
        decision = expect(daemon.main_client.read(box.care, ref), 200).decision
        proof = box.on_data("audit", "prove", decision, "--json").json()
        leaf = base64.b64decode(proof["leaf"])
        copy = self.sound_copy("cut")
        file, at = find_in_log(copy, leaf)
        begin = at - 8 - 32  # frame and header of this read's batch, docs/formats/tail.md
        self.assertEqual(begin % 64, 0)
        with open(file, "r+b") as log:
            log.truncate(begin)
        code, report = box.verify(copy)
        self.assertEqual((code, report["bad_index"]), (TRUNCATED, proof["index"]))

    def test_an_older_log_whole_in_itself_is_seen(self):
        old = log_folder_copy(box, "old")
        ref = next(adults())
        expect(daemon.main_client.read(box.care, ref), 200)
        self.assertGreater(box.verify()[1]["entries"], 0)
        self.assertEqual(box.on_data("audit", "prove", "1", "--json").code, 0)  # signs a checkpoint
        code, now = box.verify()
        self.assertEqual(code, SOUND)
        code, report = box.verify(old)
        self.assertEqual(code, TRUNCATED, report)
        self.assertLess(report["bad_index"], now["entries"])

    def test_a_leaf_is_chained_to_the_one_before(self):
        leaves = [base64.b64decode(box.on_data("audit", "prove", str(n), "--json").json()["leaf"])
                  for n in (7, 8)]
        self.assertEqual(leaves[1][28:60], leaf_hash(leaves[0]))


if __name__ == "__main__":
    need_products()
    unittest.main()
