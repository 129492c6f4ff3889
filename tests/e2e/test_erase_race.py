#!/usr/bin/env python3
"""Readers and writers on several connections while their customer is erased, while a policy comes into
force, while an approval is used: from the answer on nobody is told anything of before, the log says so
leaf by leaf, and nobody gets a 500 (I-1, I-6, I-9)."""
import collections
import itertools
import os
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import desk  # noqa: E402
from kill_people import MERGE_PATCH, check_certificate, people_of, policy_files  # noqa: E402
from leaves import DECISION, DENY, EVENT_ID, SUBJECT, TYPE, TYPE_READ, Log  # noqa: E402
from log_judge import INPUTS, IN_APPROVAL_STATE, INTENT, STAGE, TYPE_ERASURE, Judge  # noqa: E402
from velum_test import SOUND, Box, expect, in_threads, need_products, wait_until  # noqa: E402

ROUNDS = 40
READERS = 5  # and two writers, and one who tries every door
USERS = 16
DOORS = 10
PROFILE = {"name": "Chen Jing", "mobile": "13912345678", "city": "Suzhou", "address": "1 Road",
           "birthday": "1990-05-17"}
SECRETS = [value.encode() for name, value in PROFILE.items() if name != "birthday"]


class Crowd:
    """Connections that hammer until they are told to end; each act says whether it was before or
    behind the change when it was sent."""

    def __init__(self, daemon, acts):
        self.changed = False
        self.end = threading.Event()
        self.counts = collections.Counter()
        self.failures = []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(daemon.client(), act), daemon=True)
                        for act in acts]
        for thread in self.threads:
            thread.start()

    def run(self, client, act):
        try:
            while not self.end.is_set():
                behind = self.changed
                status = act(client, behind)
                with self.lock:
                    self.counts[behind, status] += 1
        except BaseException as failure:  # pylint: disable=broad-except
            self.failures.append(failure)

    def wait(self, behind, status, count):
        wait_until(lambda: self.failures or self.counts[behind, status] >= count,
                   f"{count} times {status}, {'behind' if behind else 'before'}")

    def join(self):
        self.end.set()
        for thread in self.threads:
            thread.join(30)
        if self.failures:
            raise self.failures[0]


class EraseRace(unittest.TestCase):
    def setUp(self):
        self.box = Box()
        self.addCleanup(self.box.close)
        self.box.init().usual_credentials()
        people_of(self.box)
        self.daemon = self.box.daemon()
        self.officer = desk.Desk(self.box.data)
        self.addCleanup(self.officer.close)

    def bring(self, key, profile):
        reply = self.daemon.main_client.upsert(self.box.orders, key, profile)
        return expect(reply, 200).json()["subject"]

    def judged(self):
        """The log, after a judge has walked it."""
        self.officer.close()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.box.verify()[0], SOUND)
        log, judge = Log(os.path.join(self.box.data, "audit")), Judge()
        for body in log.read_on():
            judge.take(body)
        return log, judge

    # --- erasure ---

    def reader(self, ref, token):
        def read(client, behind):
            reply = client.read(token, ref)
            if behind:
                self.assertIn(reply.status, (404, 410, 429, 503), reply)
            self.assertIn(reply.status, (200, 404, 410, 429, 503), reply)
            if reply.status != 200:
                for secret in SECRETS:
                    self.assertNotIn(secret, reply.body)
            return reply.status
        return read

    def writer(self, ref, key):
        """Writes by both doors; what it is told of somebody erased is that they are."""
        def write(client, behind):
            one = client.upsert(self.box.orders, key, {"city": "Wuxi"})
            self.assertIn(one.status, (409, 429, 503) if behind else (200, 409, 410, 429, 503), one)
            two = client.ask("PATCH", f"/v1/subjects/{ref}", self.box.orders, {"city": "Suzhou"},
                             {"Content-Type": MERGE_PATCH, "If-Match": "*"})
            self.assertIn(two.status, (410, 429, 503) if behind else (200, 410, 429, 503), two)
            return two.status
        return write

    def doors(self, ref):
        """What else leads to a customer, one after the other: none is open behind the erasure."""
        me = self.box.customer_token(ref)
        subject = f"/v1/subjects/{ref}"
        asks = itertools.cycle((
            ("GET", "/v1/me", me, None),
            ("POST", f"{subject}/consents", self.box.capture,
             {"purpose": "direct-marketing", "state": "given"}),
            ("GET", f"{subject}/consents", self.box.capture, None),
            ("POST", "/v1/me/consents", me, {"purpose": "analytics", "state": "refused"}),
            ("POST", "/v1/requests", self.box.intake, {"right": "access", "subject": ref}),
            ("POST", f"{subject}/read", self.box.care, {"activity": "customer-care"}),
            ("GET", "/v1/me/accesses", me, None),
            ("POST", "/v1/me/requests", me, {"right": "portability"}),
            ("GET", "/v1/me/requests", me, None),
            ("GET", "/v1/me/consents", me, None)))

        def ask(client, behind):
            method, target, token, body = next(asks)
            if behind:
                self.tried.add((method, target))
            reply = client.ask(method, target, token, body)
            shut = (401, 403, 404, 409, 410, 429, 503)
            self.assertIn(reply.status, shut if behind else (200,) + shut, (target, reply))
            if reply.status != 200:
                for secret in SECRETS:
                    self.assertNotIn(secret, reply.body)
            return reply.status
        return ask

    def erase_amid(self, key):
        ref = self.bring(key, PROFILE)
        self.tried = set()
        expect(self.daemon.main_client.consent(self.box.capture, ref, "given"), 200)
        tokens = [self.box.orders, self.box.care, self.box.marketing]
        crowd = Crowd(self.daemon, [self.reader(ref, tokens[n % 3]) for n in range(READERS)]
                      + [self.writer(ref, key)] * 2 + [self.doors(ref)])
        crowd.wait(False, 200, 40)
        erased = expect(self.officer.ask(desk.SUBJECT_ERASE, "crm:" + ref, {}), 200).json()
        crowd.changed = True
        crowd.wait(True, 429, 20)
        wait_until(lambda: crowd.failures or len(self.tried) == DOORS, "every door is tried")
        crowd.join()
        self.assertEqual(crowd.counts[True, 200], 0)
        return erased["certificate"]

    def test_nothing_is_read_of_somebody_erased(self):
        certificates = [bytes.fromhex(self.erase_amid(f"race-{n}")) for n in range(ROUNDS)]
        for one in certificates:
            check_certificate(self.box, self.officer, one)
        log, judge = self.judged()  # which fails on a read behind the intent
        self.assertEqual(len(judge.erased), ROUNDS)
        self.assertEqual(sorted(certificates), sorted(sum(judge.certificates.values(), [])))
        self.assertEqual(judge.unfinished, {})
        ends = {bytes(body[SUBJECT]): index for index, body in enumerate(log.leaves)
                if body[TYPE] == TYPE_ERASURE and body[STAGE] == INTENT}
        reads = [body for body in log.leaves if body[TYPE] == TYPE_READ and body[DECISION] != DENY]
        self.assertEqual({bytes(body[SUBJECT]) for body in reads}, set(ends))  # no empty walk

    def test_a_category_that_was_erased_is_in_no_answer(self):
        ref = self.bring("category", PROFILE)
        mobile = PROFILE["mobile"].encode()

        def read(client, behind):
            reply = client.read(self.box.orders, ref)
            self.assertIn(reply.status, (200, 503), reply)
            if behind and reply.status == 200:
                self.assertNotIn(mobile, reply.body)
                self.assertEqual(reply.json()["fields"]["name"], PROFILE["name"])
            return reply.status

        for _ in range(ROUNDS):
            crowd = Crowd(self.daemon, [read] * READERS)
            crowd.wait(False, 200, 20)
            expect(self.officer.ask(desk.SUBJECT_ERASE, "crm:" + ref, {"categories": ["contact"]}), 200)
            crowd.changed = True
            crowd.wait(True, 200, 20)
            crowd.join()
            self.bring("category", PROFILE)
            self.assertIn(mobile, expect(self.daemon.main_client.read(self.box.orders, ref), 200).body)
        _, judge = self.judged()
        self.assertEqual(sum(map(len, judge.certificates.values())), ROUNDS)

    def test_the_judge_can_say_no(self):
        read = {EVENT_ID: b"r", TYPE: TYPE_READ, SUBJECT: b"s", DECISION: 1, 18: 1, 35: b"p"}
        judge = Judge()
        judge.purposes[1] = "order-fulfilment"
        judge.take(read)
        judge.take({EVENT_ID: b"e", TYPE: TYPE_ERASURE, STAGE: INTENT, SUBJECT: b"s", INPUTS: {28: 1}})
        with self.assertRaises(AssertionError):
            judge.take(read)
        judge.policy = b"q"
        with self.assertRaises(AssertionError):
            judge.take(read | {SUBJECT: b"t"})
        used = {EVENT_ID: b"u", TYPE: TYPE_READ, SUBJECT: b"t", 18: 1, 35: b"q", 45: b"a",
                INPUTS: {IN_APPROVAL_STATE: 4}}
        judge.take(used)
        with self.assertRaises(AssertionError):
            judge.take(used)

    # --- a policy ---

    def test_nothing_is_decided_by_an_earlier_policy(self):
        ref = self.bring("policy", PROFILE)
        proposed = [self.propose(number) for number in range(ROUNDS)]
        self.activate(proposed[0])
        sent, acknowledged = 1, 0  # of `proposed`: how many were sent, which one is in force for sure

        def read(client, behind):
            del behind
            first = acknowledged
            reply = client.read(self.box.orders, ref)
            self.assertIn(reply.status, (200, 503), reply)
            if reply.status == 200:
                self.assertIn(reply.json()["decision"]["policy"], proposed[first:sent])
            return reply.status

        crowd = Crowd(self.daemon, [read] * READERS)
        for number in range(1, ROUNDS):
            crowd.wait(False, 200, 30 * number)
            sent = number + 1  # from now on it may be in force
            self.activate(proposed[number])
            acknowledged = number
        crowd.wait(False, 200, 30 * ROUNDS)
        crowd.join()
        _, judge = self.judged()  # which fails on an entry by an earlier policy
        self.assertEqual(judge.policy.hex(), proposed[-1])
        self.assertGreaterEqual(judge.policies, ROUNDS)

    def propose(self, number):
        files = policy_files(f"Race {number}")
        files["policy.yaml"] = files["policy.yaml"].replace("policy: {needed: 1}", "policy: {needed: 0}")
        reply = self.officer.ask(desk.POLICY_PROPOSE, body={"files": files})
        return expect(reply, 200).json()["policy"]

    def activate(self, policy):
        expect(self.officer.ask(desk.POLICY_ACTIVATE, body={"policy": policy}), 200)

    # --- an approval ---

    def test_an_approval_is_used_once(self):
        ref = self.bring("child", PROFILE | {"birthday": "2016-05-17"})
        clients = [self.daemon.client() for _ in range(USERS)]
        for _ in range(ROUNDS):
            self.use_at_once(clients, ref)
        log, judge = self.judged()
        self.assertEqual(len(judge.used), ROUNDS)
        reads = [body for body in log.leaves if body[TYPE] == TYPE_READ and body[DECISION] != DENY]
        self.assertEqual(len(reads), ROUNDS)

    def use_at_once(self, clients, ref):
        asked = self.daemon.ask("POST", "/v1/approvals", self.box.care,
                                {"kind": "minor", "subject": ref, "fields": ["name"]})
        approval = expect(asked, 200).json()["approval"]
        expect(self.daemon.ask("POST", f"/v1/approvals/{approval}", self.box.second,
                               {"decision": "agree"}), 200)
        together = threading.Barrier(USERS)
        statuses = collections.Counter()

        def use(number):
            together.wait(30)
            reply = clients[number].ask("POST", f"/v1/subjects/{ref}/read", self.box.care,
                                        {"activity": "customer-care", "fields": ["name"],
                                         "approval": approval})
            self.assertIn(reply.status, (200, 403, 429), reply)
            if reply.status == 403:
                expect(reply, 403, "approval-used")
            statuses[reply.status] += 1

        in_threads(use, USERS)
        self.assertEqual(statuses[200], 1, statuses)


if __name__ == "__main__":
    need_products()
    unittest.main()
