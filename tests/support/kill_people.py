"""What three people do, under a load that is killed: patches for a version, requests and their
decisions, holds, erasures, approvals, policies. As in kill_load.py a client knows of each thing which
states may stand: the acknowledged one, and whatever was sent since without an answer (I-1, I-6, I-9).
"""
import os

import desk
from kill_load import Load
from log_judge import ENDED
from velum_test import expect, wait_until

TOP = os.environ.get("VELUM_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SAMPLE = os.path.join(TOP, "policy", "sample")
RIGHTS = {"access": 1, "delete": 5}
ORDERS_MAX = 8
MERGE_PATCH = "application/merge-patch+json"


class Request:
    def __init__(self, right):
        self.right = right
        self.id = None
        self.states = {None}  # that may stand

    def settle(self, state):
        assert state in self.states, f"{type(self).__name__} is {state}, not in {self.states}"
        self.states = {state}

    @property
    def state(self):
        """The one that stands, or None."""
        return next(iter(self.states)) if len(self.states) == 1 else None


class Approval:
    def __init__(self, approval_id):
        self.id = approval_id
        self.states = {"asked"}

    settle = Request.settle
    state = Request.state


def people_of(box):
    """The credentials of these acts."""
    box.intake = box.credential("intake", "customer_service", "request-intake")
    box.sales = box.credential("sales", "crm_module", "order-capture")
    box.second = box.on_data("credential", "add", "second", "--kind", "human", "--role", "dpo",
                             "--activity", "approvals", "--domain", "*").out.strip()


class People(Load):
    """Load's acts and these; officers' acts go through the socket."""

    ACTS = Load.ACTS | {"create_child": 1, "patch": 3, "request": 6, "hold": 1, "erase": 1,
                        "erase_contact": 1, "approval": 6, "buy": 3}

    def __init__(self, *given):
        super().__init__(*given)
        self.officer = None
        self.done = {"erased": 0, "contact erased": 0, "requests": 0, "decided": 0, "patched": 0,
                     "holds": 0, "used": 0, "orders": 0}

    def run(self, client, stop):
        try:
            self.officer = desk.Desk(self.box.data)
        except OSError:  # killed before anybody asked
            return
        try:
            super().run(client, stop)
        finally:
            self.officer.close()

    def create_child(self, client):
        self.create(client, is_child=True)

    # --- patches ---

    def patch(self, client, subject):
        """Of two patches for one version the first is applied, the second is told (RFC 9110 13.1.1)."""
        if not subject.is_live:
            return
        seen = client.read(self.box.orders, subject.ref)
        if seen.status != 200:
            return
        self.take_answer(subject, seen)
        headers = {"Content-Type": MERGE_PATCH, "If-Match": seen.headers["etag"]}
        target = f"/v1/subjects/{subject.ref}"
        version, profile = self.next_version(subject)
        reply = client.ask("PATCH", target, self.box.orders, profile, headers)
        if reply.status == 503:
            return
        expect(reply, 200)
        subject.settle(subject.versions, (version, True), "an acknowledged patch")
        self.seen.note()
        self.done["patched"] += 1
        late = client.ask("PATCH", target, self.box.orders, {"city": "too late"}, headers)
        assert late.status in (412, 429, 503), late

    # --- holds ---

    def hold(self, _, subject):
        if not subject.is_live or len(subject.holds) != 1:
            return
        count = next(iter(subject.holds))
        put = count == 0 or self.rng.random() < 0.3
        subject.holds.add(count + (1 if put else -1))
        self.touched.append(subject)
        reply = self.officer.ask(desk.SUBJECT_HOLD, "crm:" + subject.ref, {"hold": put})
        if reply.status == 200:
            subject.settle(subject.holds, count + (1 if put else -1), "an acknowledged hold")
            assert reply.json()["holds"] in subject.holds, reply
            self.seen.note()
            self.done["holds"] += 1
        else:
            expect(reply, 503, "unavailable")

    # --- erasures ---

    def erase(self, _, subject):
        if subject.is_live and subject.versions != {None}:
            self.order(subject, {}, subject.life, {"erased"}, "erased")

    def erase_contact(self, _, subject):
        if subject.is_live and all(version and version[1] for version in subject.versions):
            without = {(version, False) for version, _ in subject.versions}
            self.order(subject, {"categories": ["contact"]}, subject.versions, without,
                       "contact erased")

    def order(self, subject, body, possible, after, what):
        """An erasure: `possible` may become `after`; whoever is held keeps what is there."""
        before = set(possible)
        possible |= after
        self.touched.append(subject)
        reply = self.officer.ask(desk.SUBJECT_ERASE, "crm:" + subject.ref, body)
        if reply.status == 200:
            assert 0 in subject.holds, f"subject {subject.key} is held and was erased"
            possible -= before
            self.seen.note(written=bytes.fromhex(reply.decision))
            self.done[what] += 1
        elif reply.status == 409:
            expect(reply, 409, "legal-hold")
            assert subject.holds != {0}, f"subject {subject.key} is not held"
            possible -= after
        else:
            assert reply.status in (429, 503), reply

    # --- requests ---

    def request(self, client, subject):
        if not subject.is_live or subject.is_child:
            return
        right = self.rng.choice(tuple(RIGHTS))
        known = subject.requests.get(right)
        if known is None or known.id is None or known.state in ENDED:
            self.ask_request(client, subject, right, known)
        else:
            self.go_on(client, subject, known)

    def ask_request(self, client, subject, right, known):
        if known is None or known.state in ENDED:
            known = subject.requests[right] = Request(right)
        known.states.add("need_user_verification")
        self.touched.append(subject)
        reply = client.ask("POST", "/v1/requests", self.box.intake,
                           {"right": right, "subject": subject.ref})
        if reply.status == 503:
            return
        taken = expect(reply, 200).json()
        assert not taken["joined"] or None in known.states, "joined to nothing"
        known.id = taken["request"]
        known.settle(taken["state"])
        self.seen.note()
        self.done["requests"] += 1

    def go_on(self, client, subject, known):
        """One step that the state allows."""
        shown = self.officer.ask(desk.REQUEST_SHOW, known.id)
        if shown.status != 200:
            assert shown.status in (429, 503), shown
            return
        known.settle(shown.json()["state"])
        self.touched.append(subject)
        choices = {"need_user_verification": ("verify", "verify", "verify", "deny", "cancel"),
                   "open": ("approve" if known.right == "delete" else "fulfil",) * 3
                           + ("deny", "cancel"),
                   "cool_down": ("cancel",)}.get(known.state, ())
        if choices:
            self.step(client, subject, known, self.rng.choice(choices), shown.json()["version"])

    def step(self, client, subject, known, act, version):
        leads_to = {"verify": {"open"}, "fulfil": {"fulfilled"}, "deny": {"denied"},
                    "cancel": {"revoked"}, "approve": {"cool_down", "in_progress", "fulfilled"}}[act]
        if act == "approve" and subject.holds != {0}:
            return  # what a hold does to it is another test's
        before = known.state
        known.states |= leads_to
        if act == "approve":
            subject.life.add("erased")
        if act == "cancel":
            reply = client.ask("POST", f"/v1/requests/{known.id}/cancel", self.box.intake)
        else:
            more = {"verify": {"method": "document"}, "deny": {"reason": "no_match"}}.get(act, {})
            reply = self.officer.ask(desk.REQUEST_DECIDE, known.id,
                                     {"act": act, "version": version} | more)
        if reply.status == 503:
            return
        known.states.discard(before)
        known.settle(expect(reply, 200).json()["state"])
        if act == "approve":
            erased = known.state != "cool_down"
            subject.settle(subject.life, "erased" if erased else "live", "the life")
            known.states |= {"fulfilled"} if erased else set()
        self.seen.note()
        self.done["decided"] += 1

    # --- approvals ---

    def approval(self, client, subject):
        if not subject.is_live or not subject.is_child:
            return
        known = subject.approvals[-1] if subject.approvals else None
        self.touched.append(subject)
        if known is None or len(known.states) > 1 or self.rng.random() < 0.1:
            self.ask_approval(client, subject)
        elif known.state == "asked":
            self.agree(client, known)
        else:
            self.use(client, subject, known)

    def ask_approval(self, client, subject):
        reply = client.ask("POST", "/v1/approvals", self.box.care,
                           {"kind": "minor", "subject": subject.ref, "fields": ["name"]})
        if reply.status != 200:
            return
        asked = reply.json()
        self.seen.note()
        known = next((a for a in subject.approvals if a.id == asked["approval"]), None)
        if known is None:
            subject.approvals.append(Approval(asked["approval"]))
        else:  # asked for the same thing again
            known.settle(asked["state"])

    def agree(self, client, known):
        known.states.add("agreed")
        reply = client.ask("POST", f"/v1/approvals/{known.id}", self.box.second,
                           {"decision": "agree"})
        if reply.status == 200:
            known.settle("agreed")
            known.states = {"agreed"}
            self.seen.note()
        else:
            expect(reply, 503, "unavailable")

    def use(self, client, subject, known):
        """Once, and never again."""
        may = known.state
        known.states.add("used")
        reply = client.ask("POST", f"/v1/subjects/{subject.ref}/read", self.box.care,
                           {"activity": "customer-care", "fields": ["name"], "approval": known.id})
        if reply.status == 200:
            assert may == "agreed", f"an approval that was {may} serves"
            known.states = {"used"}
            self.seen.note(written=bytes.fromhex(reply.decision))
            self.done["used"] += 1
            subject.approvals = subject.approvals[-3:]
        elif reply.status == 403:
            expect(reply, 403, "approval-used")
            assert may == "used", "an agreed approval does not serve"
        else:
            assert reply.status in (429, 503), reply
            return
        if self.rng.random() < 0.5:
            self.ask_approval(client, subject)

    # --- rows of a module ---

    def buy(self, client, subject):
        """An order with two lines; the key of one without an answer is used again."""
        if not subject.is_live or subject.is_child or len(subject.orders) >= ORDERS_MAX:
            return
        open_ones = [key for key, stands in subject.orders.items() if not stands]
        key = open_ones[0] if open_ones else f"{subject.key}-{len(subject.orders)}"
        subject.orders[key] = False
        self.touched.append(subject)
        lines = [{"key": n, "fields": {"product": f"p{n}"}} for n in ("1", "2")]
        reply = client.ask("POST", f"/v1/subjects/{subject.ref}/orders", self.box.sales,
                           {"key": key, "fields": {"ordered_at": "2026-11-01T10:00:00Z", "amount": 5},
                            "rows": {"order_lines": lines}})
        if reply.status == 200:
            subject.orders[key] = True
            self.seen.note()
            self.done["orders"] += 1
        else:
            expect(reply, 503, "unavailable")

    def check_orders(self, daemon, subject):
        reply = daemon.ask("GET", f"/v1/subjects/{subject.ref}/orders", self.box.sales)
        found = {row["key"]: len(row["rows"]["order_lines"]) for row in expect(reply, 200).json()["rows"]}
        for key, stands in subject.orders.items():
            assert found.get(key, 0) in ((2,) if stands else (0, 2)), f"order {key}: {found}"
            subject.orders[key] = key in found
        assert set(found) <= set(subject.orders), f"{found} of {subject.orders}"

    # --- after a restart ---

    def check_people(self, daemon, subject, judge):
        """Behind check(): requests, holds and approvals stand as acknowledged, and as the log says."""
        for known in subject.requests.values():
            self.check_request(subject, known, judge)
        if subject.ref is None:
            return
        for known in subject.approvals:
            shown = daemon.ask("GET", f"/v1/approvals/{known.id}", self.box.second)
            known.settle(expect(shown, 200).json()["state"])
        if subject.life == {"live"} and subject.orders:
            self.check_orders(daemon, subject)
        if subject.life == {"live"} and subject.holds != {0}:
            held = self.ask_hold(subject, True) - 1
            subject.settle(subject.holds, held, "the holds")
            assert self.ask_hold(subject, False) == held, "a hold went astray"

    def ask_hold(self, subject, hold):
        reply = self.officer.ask(desk.SUBJECT_HOLD, "crm:" + subject.ref, {"hold": hold})
        return expect(reply, 200).json()["holds"]

    def check_request(self, subject, known, judge):
        token = judge.tokens.get(subject.decision)
        said = judge.requests.get((token, RIGHTS[known.right]))
        if known.id is None:
            return
        shown = expect(self.officer.ask(desk.REQUEST_SHOW, known.id), 200).json()
        known.settle(shown["state"])
        assert token is None or said == known.state, (
            f"the log says {said} of a {known.right} request, which is {known.state}")
        assert known.state != "in_progress", "a start did not finish a deletion"
        if known.right == "delete" and known.state == "fulfilled":
            assert subject.life == {"erased"}, f"subject {subject.key} lives on"
            assert bytes.fromhex(shown["certificate"]) in judge.certificates[token]


def check_certificate(box, officer, certificate_id):
    """It is handed out and holds without the folder (docs/formats/certificate.md)."""
    file = wait_until(lambda: certificate_of(officer, certificate_id), "the certificate")
    path = os.path.join(box.top, "certificate.json")
    with open(path, "wb") as out:
        out.write(file)
    box.velum("certificate", "verify", path)


def certificate_of(officer, certificate_id):
    reply = expect(officer.ask(desk.CERTIFICATE, certificate_id.hex()), 200)
    return reply.body if "format" in reply.json() else None


# --- policies -----------------------------------------------------------------------------------

def policy_files(name, cool_down=7):
    """The sample policy by another name, under which one other person agrees to the next one."""
    files = {}
    for folder, _, names in os.walk(SAMPLE):
        for one in names:
            path = os.path.join(folder, one)
            with open(path, encoding="utf-8") as file:
                files[os.path.relpath(path, SAMPLE)] = file.read()
    for old, new in (("name: Sample retail chain", f"name: {name}"),
                     ("policy: {needed: 0}", "policy: {needed: 1}"),
                     ("cool-down-days: 7", f"cool-down-days: {cool_down}")):
        assert old in files["policy.yaml"], old
        files["policy.yaml"] = files["policy.yaml"].replace(old, new)
    return files


class Lawyer:
    """Proposes, has others agree, brings into force, goes back; at most one policy is in force."""

    def __init__(self, box, rng):
        self.box, self.rng = box, rng
        self.active = None   # hashes of which one is in force
        self.earlier = []    # that were, for certain
        self.count = 0
        self.in_force = 0

    def begin(self, officer):
        """Before the load: a policy under which others must agree."""
        applied = expect(officer.ask(desk.POLICY_APPLY, body={"files": policy_files("Load")}), 200)
        self.active = {applied.json()["policy"]}

    def run(self, stop):
        try:
            officer = desk.Desk(self.box.data)
        except OSError:
            return
        try:
            while not stop.is_set() and len(self.active) == 1:
                back = self.earlier and self.rng.random() < 0.4
                (self.roll_back if back else self.activate)(officer)
        except OSError:
            pass
        finally:
            officer.close()

    def agree(self, officer, proposed):
        if "approval" in proposed:
            officer.ask(desk.APPROVAL_DECIDE, proposed["approval"], {"decision": "agree"},
                        token=self.box.second)

    def activate(self, officer):
        self.count += 1
        files = policy_files(f"Load {self.count}", self.count % 2 * 7)
        reply = officer.ask(desk.POLICY_PROPOSE, body={"files": files})
        if reply.status == 503:
            return
        proposed = expect(reply, 200).json()
        early = officer.ask(desk.POLICY_ACTIVATE, body={"policy": proposed["policy"]})
        assert early.status in (403, 429, 503), early
        self.agree(officer, proposed)
        self.bring(officer, desk.POLICY_ACTIVATE, {"policy": proposed["policy"]}, proposed["policy"])

    def roll_back(self, officer):
        to = self.rng.choice(self.earlier[-5:])
        self.active.add(to)  # an agreement of before may serve
        reply = officer.ask(desk.POLICY_ROLLBACK, body={"to": to})
        if reply.status == 503:
            return
        proposed = expect(reply, 200).json()
        if proposed["state"] == "in-force":
            self.settle(to)
            return
        self.agree(officer, proposed)
        self.bring(officer, desk.POLICY_ROLLBACK, {"to": to}, to)

    def bring(self, officer, verb, body, to):
        self.active.add(to)
        reply = officer.ask(verb, body=body)
        if reply.status == 200:
            self.settle(to)
        else:
            expect(reply, 503, "unavailable")

    def settle(self, to):
        before = self.active - {to}
        self.active = {to}
        self.in_force += 1
        self.earlier = [h for h in self.earlier if h != to] + sorted(before)

    def check(self, officer, judge):
        listed = expect(officer.ask(desk.POLICY_LIST), 200).json()
        found = listed["active"]["policy"]
        assert found in self.active, f"{found} is in force, not in {self.active}"
        assert judge.policy.hex() == found, "the log has another policy in force"
        self.active = {found}
        # What was not acknowledged and is not in force may never have been.
        self.earlier = [h for h in self.earlier if h != found]
