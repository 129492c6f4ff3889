"""One act killed at a numbered write, sync, rename or SQL step: a fresh copy of the same folder, the
act, the death, a restart. Then what stands is all of it or nothing of it, what was acknowledged
stands, the same act ends what is left, and the log says the same (I-1, I-6, I-9)."""
import contextlib
import os
import shutil
import sys
import time

import desk
from kill_load import Seen, Witness
from kill_people import check_certificate, people_of, policy_files
from velum_test import BROKEN, NS, SOUND, Box, DaemonDied, expect, wait_until

KINDS = ("sync", "write", "rename", "sql")
LAST = 20_000     # far above what an act needs: a number that never comes must not loop for ever
JITTER = 3        # by how much the count at the end of a start may differ, because of threads
BEGIN_S = 1_795_000_000
VERIFIED = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(BEGIN_S - 60))
DAY_S = 86_400

ADULT = {"name": "Chen Jing", "mobile": "13912345678", "city": "Suzhou", "birthday": "1990-05-17",
         "address": "12 Pingjiang Road"}
CHILD = ADULT | {"birthday": "2016-05-17"}


class Act:
    """`prepare` once on the folder that is copied; `do` is killed; `stands` says what of it there is
    (False: nothing) and fails on halves; `finish` does what is left."""

    is_by_timer = False
    certificates = 0  # that it makes

    def __init__(self, box):
        self.box = box

    def prepare(self, daemon):
        reply = daemon.main_client.upsert(self.box.orders, "one", ADULT)
        self.ref = expect(reply, 200).json()["subject"]

    def finish(self, daemon, officer):
        assert self.do(daemon, officer), "what is left is not done"

    def read(self, daemon, ref):
        """A like refusal is 429 for a second; what comes then is the answer."""
        def once():
            reply = daemon.main_client.read(self.box.orders, ref)
            return None if reply.status == 429 else reply
        return wait_until(once, "429 for ever")

    def fields(self, daemon, ref=None):
        """What is read, or None of somebody erased."""
        reply = self.read(daemon, ref or self.ref)
        if reply.status == 410:
            return None
        return expect(reply, 200).json()["fields"]


class EraseWhole(Act):
    certificates = 1

    def do(self, daemon, officer):
        return officer.ask(desk.SUBJECT_ERASE, "crm:" + self.ref, {}).status == 200

    def stands(self, daemon, officer):
        found = self.fields(daemon)
        assert found is None or found["mobile"] == ADULT["mobile"], found
        return found is None


class EraseCategories(Act):
    certificates = 1

    def do(self, daemon, officer):
        body = {"categories": ["contact", "profile"]}
        return officer.ask(desk.SUBJECT_ERASE, "crm:" + self.ref, body).status == 200

    def stands(self, daemon, officer):
        found = set(self.fields(daemon))
        assert found in ({"address"}, {"address", "name", "mobile", "city"}), found
        return found == {"address"}


class UseApproval(Act):
    def prepare(self, daemon):
        client = daemon.main_client
        self.ref = expect(client.upsert(self.box.orders, "child", CHILD), 200).json()["subject"]
        asked = client.ask("POST", "/v1/approvals", self.box.care,
                           {"kind": "minor", "subject": self.ref, "fields": ["name"]})
        self.approval = expect(asked, 200).json()["approval"]
        expect(client.ask("POST", f"/v1/approvals/{self.approval}", self.box.second,
                          {"decision": "agree"}), 200)

    def do(self, daemon, officer):
        reply = daemon.ask("POST", f"/v1/subjects/{self.ref}/read", self.box.care,
                           {"activity": "customer-care", "fields": ["name"],
                            "approval": self.approval})
        assert reply.status != 200 or reply.json()["fields"]["name"] == ADULT["name"]
        return reply.status == 200

    def stands(self, daemon, officer):
        shown = daemon.ask("GET", f"/v1/approvals/{self.approval}", self.box.second)
        state = expect(shown, 200).json()["state"]
        assert state in ("agreed", "used"), state
        if state == "used":
            assert not self.do(daemon, officer), "an approval serves twice"
        return state == "used"


class TimerErases(Act):
    """A request for deletion is approved, its cool-down ends, and the timer erases."""

    is_by_timer = True
    certificates = 1

    def prepare(self, daemon):
        super().prepare(daemon)
        taken = daemon.ask("POST", "/v1/requests", self.box.intake,
                           {"right": "delete", "subject": self.ref,
                            "verified": {"method": "document", "at": VERIFIED}})
        self.request = expect(taken, 200).json()["request"]

    def show(self, officer):
        return expect(officer.ask(desk.REQUEST_SHOW, self.request), 200).json()

    def do(self, daemon, officer):
        shown = self.show(officer)
        if shown["state"] == "open":
            decided = officer.ask(desk.REQUEST_DECIDE, self.request,
                                  {"act": "approve", "version": shown["version"]})
            if decided.status != 200:
                return False
        self.box.set_clock((BEGIN_S + 8 * DAY_S) * NS)
        return wait_until(lambda: self.is_done(daemon, officer), "the timer erases", 10)

    def is_done(self, daemon, officer):
        time.sleep(0.1)  # each look is made of steps that are counted, too
        if not daemon.is_running():
            raise ConnectionError("killed")
        return self.show(officer)["state"] == "fulfilled"

    def stands(self, daemon, officer):
        """The steward may be at it while we look; what is fulfilled is gone."""
        state, found = self.show(officer)["state"], self.fields(daemon)
        assert state in ("open", "cool_down", "in_progress", "fulfilled"), state
        assert state != "open" or found is not None, "erased before it was approved"
        assert state != "fulfilled" or found is None, "fulfilled, and still readable"
        return state == "fulfilled"


class MergeRecords(Act):
    """Two records become one customer (docs/merging.md)."""

    def prepare(self, daemon):
        super().prepare(daemon)
        other = ADULT | {"mobile": "13912345679"}
        reply = daemon.main_client.upsert(self.box.orders, "two", other)
        self.other = expect(reply, 200).json()["subject"]
        wish = {"kind": "link", "subject": self.ref, "refs": [self.other]}
        asked = expect(daemon.ask("POST", "/v1/approvals", self.box.orders, wish), 200)
        self.approval = asked.json()["approval"]
        expect(daemon.ask("POST", f"/v1/approvals/{self.approval}", self.box.second, {"decision": "agree"}), 200)

    def do(self, daemon, officer):
        reply = daemon.ask("POST", f"/v1/subjects/{self.ref}/merge", self.box.orders,
                           {"with": self.other, "approval": self.approval})
        return reply.status == 200

    def stands(self, daemon, officer):
        found = {ref: expect(daemon.main_client.read(self.box.orders, ref), 200).json().get("merged_into")
                 for ref in (self.ref, self.other)}
        assert found[self.ref] is None and found[self.other] in (None, self.ref), found
        return found[self.other] is not None


class ErasePerson(MergeRecords):
    """With one record the other goes, in one transaction."""

    certificates = 2

    def prepare(self, daemon):
        super().prepare(daemon)
        assert MergeRecords.do(self, daemon, None)

    def do(self, daemon, officer):
        return officer.ask(desk.SUBJECT_ERASE, "crm:" + self.other, {}).status == 200

    def stands(self, daemon, officer):
        gone = self.fields(daemon) is None
        assert gone == (self.fields(daemon, self.other) is None), "half of a person is erased"
        return gone


class ActivatePolicy(Act):
    def prepare(self, daemon):
        super().prepare(daemon)
        with contextlib.closing(desk.Desk(self.box.data)) as officer:
            for name in ("First", "Next"):
                proposed = expect(officer.ask(desk.POLICY_PROPOSE,
                                              body={"files": policy_files(name)}), 200).json()
                self.hash = proposed["policy"]
                if "approval" in proposed:
                    expect(officer.ask(desk.APPROVAL_DECIDE, proposed["approval"],
                                       {"decision": "agree"}, token=self.box.second), 200)
                if name == "First":
                    assert self.do(daemon, officer)

    def do(self, daemon, officer):
        return officer.ask(desk.POLICY_ACTIVATE, body={"policy": self.hash}).status == 200

    def stands(self, daemon, officer):
        listed = expect(officer.ask(desk.POLICY_LIST), 200).json()
        is_active = listed["active"]["policy"] == self.hash
        waiting = [row["policy"] for row in listed["proposed"]]
        assert waiting == ([] if is_active else [self.hash]), listed
        decided_by = expect(self.read(daemon, self.ref), 200).json()["decision"]["policy"]
        assert decided_by == listed["active"]["policy"], "two policies are in force"
        return is_active


class AskMessage(Act):
    """A module asks for a message: there is one, or none, and never a second."""

    def prepare(self, daemon):
        super().prepare(daemon)
        self.module = self.box.credential("winback", "crm_module", "winback", domain="winback")
        self.courier = self.box.credential("courier", "crm_module", "delivery", domain="courier")
        finder = self.box.credential("finder", "delivery", "order-fulfilment", domain="winback")
        found = daemon.main_client.lookup(finder, "one")
        self.to = expect(found, 200).json()["subject"]
        expect(daemon.main_client.consent(self.box.capture, self.ref, "given"), 200)

    def ask(self, daemon):
        return daemon.ask("POST", f"/v1/subjects/{self.to}/messages", self.module,
                          {"template": "winback", "flow": "f", "node": "n", "occurrence": "1"})

    def take(self, daemon):
        """What the courier gets; None when it gets no answer."""
        reply = daemon.ask("POST", "/v1/courier/messages/next", self.courier, {})
        return reply.json()["messages"] if reply.status == 200 else None

    def states(self, officer):
        listed = officer.ask(desk.MESSAGE_LIST, body={}, activity="audit")
        return [row["state"] for row in expect(listed, 200).json()["messages"]]

    def do(self, daemon, officer):
        reply = self.ask(daemon)
        return reply.status == 200 and reply.json()["messages"][0]["state"] == "queued"

    def stands(self, daemon, officer):
        states = self.states(officer)
        assert states in ([], ["queued"]), states
        return states != []


class TakeMessage(AskMessage):
    """What was taken is given out once at most: nobody is handed it again behind a death."""

    def prepare(self, daemon):
        super().prepare(daemon)
        self.id = expect(self.ask(daemon), 200).json()["messages"][0]["id"]

    def do(self, daemon, officer):
        taken = self.take(daemon)
        assert not taken or taken[0]["to"] == ADULT["mobile"], taken
        return bool(taken)

    def stands(self, daemon, officer):
        states = self.states(officer)
        assert states in (["queued"], ["taken"]), states
        if states == ["taken"]:
            assert self.take(daemon) == [], "handed out again"
        return states == ["taken"]


class EndMessage(TakeMessage):
    """Sent is said only by the courier's word."""

    def prepare(self, daemon):
        super().prepare(daemon)
        assert self.take(daemon)

    def do(self, daemon, officer):
        reply = daemon.ask("POST", f"/v1/courier/messages/{self.id}/done", self.courier,
                           {"outcome": "sent"})
        return reply.status == 200

    def stands(self, daemon, officer):
        states = self.states(officer)
        assert states in (["taken"], ["sent"]), states
        assert self.take(daemon) == [], "handed out again"
        return states == ["sent"]


class LoseCourier(EndMessage):
    """The courier does not come back: unknown, never sent, and not handed out again."""

    is_by_timer = True

    def do(self, daemon, officer):
        self.box.set_clock((BEGIN_S + 700) * NS)
        return wait_until(lambda: self.is_done(daemon, officer), "the timer gives up", 10)

    def is_done(self, daemon, officer):
        time.sleep(0.1)
        if not daemon.is_running():
            raise ConnectionError("killed")
        return self.states(officer) == ["unknown"]

    def stands(self, daemon, officer):
        states = self.states(officer)
        assert states in (["taken"], ["unknown"]), states
        assert self.take(daemon) == [], "handed out again"
        return states == ["unknown"]


ACTS = (EraseWhole, EraseCategories, MergeRecords, ErasePerson, UseApproval, TimerErases, ActivatePolicy,
        AskMessage, TakeMessage, EndMessage, LoseCourier)


class Range:
    """One act on one folder: where its places are, and a run with a fault at one of them."""

    def __init__(self, act):
        self.box = Box(clock_ns=BEGIN_S * NS)
        self.within = 0  # deaths behind the start and before the answer
        try:
            self.box.init().usual_credentials()
            people_of(self.box)
            self.act = act(self.box)
            daemon = self.box.daemon()
            self.act.prepare(daemon)
            assert daemon.stop() == 0
            for folder in (self.box.data, self.box.config):
                shutil.copytree(folder, folder + ".template")
        except BaseException:
            self.box.close()
            raise

    def close(self):
        self.box.close()

    def fresh(self):
        for folder in (self.box.data, self.box.config):  # the officer's memory goes back, too
            shutil.rmtree(folder)
            shutil.copytree(folder + ".template", folder)
        self.box.set_clock(BEGIN_S * NS)
        self.box.daemons.clear()

    def survives_start(self, kind, number):
        self.fresh()
        try:
            self.box.daemon(faults=f"{kind}:{number}:kill").kill()
            return True
        except DaemonDied:
            return False

    def first(self, kind):
        """The first number that a start does not reach: from there on the act is killed."""
        high = 1
        while not self.survives_start(kind, high):
            high *= 2
            assert high < LAST, "the start never came to an end"
        low = high // 2
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.survives_start(kind, middle) else (middle, high)
        return max(1, high - JITTER)

    def run(self, kind, number, effect="kill"):
        """True when nobody died."""
        plan = f"{kind}:{number}:{effect}"
        try:
            return self.run_once(plan)
        except BaseException:
            print(f"{type(self.act).__name__} at {plan}", file=sys.stderr)
            raise

    def run_once(self, plan):
        self.fresh()
        witness = Witness(self.box, Seen())
        acknowledged = survived = False
        try:
            daemon = self.box.daemon(faults=plan)
            acknowledged = self.try_act(daemon)
            self.within += not acknowledged
            survived = daemon.is_running() and daemon.stop() == 0
            daemon.kill()
        except DaemonDied:
            pass
        assert acknowledged or not survived or not plan.endswith("kill"), "refused without a fault"
        witness.after_death()
        witness.verify()
        self.after(witness, acknowledged)
        return survived

    def try_act(self, daemon):
        try:
            with contextlib.closing(desk.Desk(self.box.data)) as officer:
                return self.act.do(daemon, officer)
        except BROKEN:
            if daemon.is_running():
                daemon.process.wait(10)  # the connection breaks a moment before the process is gone
            return False

    def after(self, witness, acknowledged):
        daemon = self.box.daemon()
        with contextlib.closing(desk.Desk(self.box.data)) as officer:
            stands = self.act.stands(daemon, officer)
            assert stands or not acknowledged, "acknowledged, and lost"
            if not stands:
                self.act.finish(daemon, officer)
                assert self.act.stands(daemon, officer)
            witness.look()
            wait_until(lambda: witness.look() or not witness.judge.unfinished, "the erasure's end")
            made = [one for ids in witness.judge.certificates.values() for one in ids]
            assert len(made) == self.act.certificates, made
            for one in made:
                check_certificate(self.box, officer, one)
        assert daemon.stop() == 0
        witness.after_recovery()
        code, report = self.box.verify()
        assert code == SOUND, report


def kill_along(places, kind, dense=LAST):
    """(places, deaths, deaths before the answer): from the end of the start on until one N is survived.
    Every N up to `dense` deaths; from there on the way to the next is doubled each time."""
    number = first = places.first(kind)
    deaths, step, before = 0, 1, places.within
    while not places.run(kind, number):
        deaths += 1
        step *= 1 if deaths < dense else 2
        number += step
        assert number < LAST, "the act never came to an end"
    return number - first, deaths, places.within - before
