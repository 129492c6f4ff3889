#!/usr/bin/env python3
"""A customer and two officers walk every path under each jurisdiction pack, and velumd is killed with
SIGKILL between every two steps: what was acknowledged stands, what was not is done again (I-9).

The clock is a file. Deadlines are computed here again, from the texts of the laws, not from the packs:
PIPL 50 with the usual 15 working days, GDPR 12(3), CCPA §7021.
"""
import base64
import calendar
import datetime
import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from velum_test import (NS, SOUND, Box, check_proof, expect,  # noqa: E402
                        need_seams, wait_until)

TOP = os.environ.get("VELUM_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
UTC = datetime.timezone.utc
BEGIN = datetime.datetime(2026, 3, 2, 2, 30, tzinfo=UTC)  # a Monday morning in Shanghai
DAY = datetime.timedelta(days=1)
ADULT = {"name": "Chen Jing", "mobile": "13912345678", "city": "Suzhou", "birthday": "1990-05-17",
         "address": "12 Pingjiang Road, Suzhou", "id_card": "11010519491231002X"}
CHILD = {"name": "Chen Le", "mobile": "13912345679", "birthday": "2016-05-17"}


def month_later(day, months):
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return day.replace(year=year, month=month + 1,
                       day=min(day.day, calendar.monthrange(year, month + 1)[1]))


def parse(at):
    return datetime.datetime.fromisoformat(at.replace("Z", "+00:00"))


class Walk:
    """One pack, one data folder, one daemon at a time."""

    pack = None

    def setUp(self):
        self.now = BEGIN
        self.box = Box(clock_ns=int(BEGIN.timestamp()) * NS)
        self.addCleanup(self.box.close)
        self.box.init()
        self.daemon = self.box.daemon()
        self.steps = 0

    # --- time and death ---

    def advance(self, **span):
        self.now += datetime.timedelta(**span)
        self.box.set_clock(int(self.now.timestamp()) * NS)

    def die(self):
        """SIGKILL and a new start: whatever the next step needs must be on the disk."""
        self.daemon.kill()
        self.daemon = self.box.daemon()
        self.steps += 1

    # --- asking ---

    def ask(self, method, target, token, body=None, headers=None):
        """A like refusal is 429 for a second; what comes then is the answer."""
        def once():
            reply = self.daemon.ask(method, target, token, body, headers)
            return None if reply.status == 429 else reply
        return wait_until(once, "429 for ever")

    def velum(self, *words, who=None, code=0):
        env = {"VELUM_TOKEN_FILE": self.token_files[who]} if who else None
        done = self.box.on_data(*words, env=env, check=False)
        self.assertEqual(done.code, code, (words, done.out[-800:], done.err[-800:]))
        return done

    def person(self, name, activities, domain="*"):
        token = self.velum("credential", "add", name, "--kind", "human", "--role", "dpo", "--activity",
                           activities, "--domain", domain).out.strip()
        path = os.path.join(self.box.top, name + ".token")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(token)
        self.token_files[name] = path
        return token

    def me(self):
        return self.box.on_data("credential", "customer", f"crm:{self.ref}").out.strip()

    # --- the policy of the pack ---

    def policy_folder(self, name, **changes):
        folder = os.path.join(self.box.top, name)
        shutil.copytree(os.path.join(TOP, "policy", "sample"), folder)
        path = os.path.join(folder, "policy.yaml")
        with open(path, encoding="utf-8") as file:
            content = file.read()
        changes = {"jurisdiction: cn-pipl": f"jurisdiction: {self.pack}",
                   "packs: [eu-gdpr, us-ca]": "packs: []"} | changes
        for old, new in changes.items():
            self.assertIn(old, content)
            content = content.replace(old, new, 1)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        return folder

    # --- the walk ---

    def test_walk(self):
        self.token_files = {}
        for step in (self.policy_comes_into_force, self.customers_come, self.consent_is_given,
                     self.customer_looks, self.consent_is_withdrawn, self.nobody_asks_again_early,
                     self.access_is_asked_and_answered, self.deadline_is_the_laws,
                     self.extension_has_its_term, self.denial_has_its_reason,
                     self.two_officers_decide_once, self.child_needs_another_person,
                     self.approval_ends, self.glass_is_broken_and_looked_at,
                     self.data_is_held, self.deletion_is_cancelled, self.deletion_is_approved,
                     self.deletion_is_done, self.nothing_returns, self.customer_comes_back,
                     self.next_policy_needs_others, self.next_policy_begins_at_its_time,
                     self.policy_goes_back, self.old_decision_is_explained,
                     self.what_the_law_kept_ends, self.evidence_ends):
            step()
            self.die()
        self.assertEqual(self.daemon.stop(), 0, self.daemon.errors())
        code, report = self.box.verify()
        self.assertEqual(code, SOUND, report)
        self.assertGreaterEqual(self.steps, 26)

    def policy_comes_into_force(self):
        """PIPL 55, GDPR 25: purposes, bases and packs before the first customer."""
        folder = self.policy_folder("policy", **{
            "policy: {needed: 0}": "policy: {needed: 1}",
            "    knows-existence: true\n  customer-care:":
                "    knows-existence: true\n    recipient: parcel-service\n  customer-care:"})
        self.velum("policy", "apply", folder)
        self.person("second", "requests,approvals,audit,request-intake")
        self.person("desk", "urgent-care", "crm")
        refused = self.velum("policy", "apply", self.policy_folder("loose"), code=1)
        self.assertIn("policy-approval", refused.err)

    def customers_come(self):
        self.box.usual_credentials()
        self.intake = self.box.credential("intake", "customer_service", "request-intake")
        for key, profile in (("adult", ADULT), ("child", CHILD)):
            reply = self.daemon.main_client.upsert(self.box.orders, key, profile)
            setattr(self, "ref" if key == "adult" else "child", expect(reply, 200).json()["subject"])

    def consents(self, state, token=None, **members):
        return self.ask("POST", f"/v1/subjects/{self.ref}/consents", token or self.box.capture,
                        {"purpose": "direct-marketing", "state": state} | members)

    def marketing(self):
        return self.ask("GET", f"/v1/subjects/{self.ref}", self.box.marketing)

    def consent_is_given(self):
        """PIPL 14, 17, GDPR 7(1): the decision names consent, version and notice."""
        expect(self.consents("given", notice="0" * 64), 422, "unknown-notice")
        expect(self.ask("POST", f"/v1/subjects/{self.ref}/consents", self.box.capture,
                        {"purpose": "world-peace", "state": "given"}), 422, "unknown-purpose")
        expect(self.consents("given", self.box.marketing), 403, "action-not-allowed")
        given = expect(self.consents("given"), 200).json()
        decision = expect(self.marketing(), 200).json()["decision"]
        self.assertEqual(decision["consent"]["id"], given["id"])
        self.assertEqual(decision["consent"]["notice"], given["notice"]["sha256"])
        self.remembered = decision["id"]

    def customer_looks(self):
        """PIPL 45, GDPR 15: what is held, who looked, and the proof of it."""
        me = self.me()
        held = expect(self.ask("GET", "/v1/me?category=contact", me), 200).json()
        self.assertEqual([c["category"] for c in held["categories"]], ["contact"])
        self.assertEqual(held["categories"][0]["fields"]["mobile"], ADULT["mobile"])
        accesses = expect(self.ask("GET", "/v1/me/accesses", me), 200).json()["accesses"]
        looked = [a for a in accesses if a["activity"] == "direct-marketing" and "index" in a]
        self.assertTrue(looked, accesses)
        self.assertIn("mobile", looked[0]["fields"])
        index = looked[0]["index"]
        proof = expect(self.ask("GET", f"/v1/me/proof/{index}", me), 200).json()
        leaf = base64.b64decode(proof["leaf"])
        self.assertEqual(check_proof(proof["proof"], leaf, root_of), index)
        expect(self.ask("GET", "/v1/me/proof/0", me), 404, "not-found")  # the log's own beginning

    def consent_is_withdrawn(self):
        """PIPL 15, GDPR 7(3): one call, as giving; the next read is denied, old leaves stay."""
        expect(self.consents_of_me("withdrawn"), 200)
        expect(self.marketing(), 404, "not-found")
        self.assertEqual(len(self.box.log("--reason", "consent-withdrawn")), 1)

    def consents_of_me(self, state):
        return self.ask("POST", "/v1/me/consents", self.me(),
                        {"purpose": "direct-marketing", "state": state})

    def nobody_asks_again_early(self):
        """PIPL 16, CCPA 1798.135(c)(4): a cool-down after a no."""
        expect(self.consents("requested"), 409, "consent-cool-down")
        self.advance(days=179)
        expect(self.consents("requested"), 409, "consent-cool-down")
        self.advance(days=200)
        expect(self.consents("requested"), 200)
        expect(self.marketing(), 404, "not-found")  # silence is refusal (Advertising Law 43)

    def take_in(self, right, **members):
        body = {"right": right, "subject": self.ref} | members
        return expect(self.ask("POST", "/v1/requests", self.intake, body), 200).json()

    def verified(self):
        at = self.now.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"verified": {"method": "document", "at": at}}

    def shown(self, request):
        return expect(self.ask("GET", f"/v1/requests/{request}", self.intake), 200).json()

    def access_is_asked_and_answered(self):
        """PIPL 44-45, 50, GDPR 12(6): who asks is verified before anything is answered."""
        taken = self.take_in("access")
        self.assertEqual(taken["state"], "need_user_verification")
        request = taken["request"]
        self.assertTrue(self.take_in("access")["joined"])
        refused = self.velum("request", "fulfil", request, code=1)
        self.assertIn("identity-unverified", refused.err)
        self.velum("request", "verify", request, "--method", "document")
        self.velum("request", "fulfil", request)
        self.assertEqual(self.shown(request)["state"], "fulfilled")
        expect(self.ask("GET", f"/v1/requests/{'0' * 32}", self.intake), 404, "not-found")
        expect(self.ask("GET", f"/v1/requests/{request}", self.me()), 403, "actor-kind")

    def deadline_is_the_laws(self):
        """The clock starts at receipt, not at verification (CCPA 7021(b))."""
        received = self.now - datetime.timedelta(days=3)
        taken = self.take_in("portability", received=received.strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.assertEqual(parse(taken["received"]), received)
        self.assertEqual(parse(taken["due"]), self.due(received), taken)
        self.late = taken["request"]
        self.velum("request", "verify", self.late, "--method", "document")
        self.assertEqual(parse(self.shown(self.late)["due"]), self.due(received))

    def details(self):
        path = os.path.join(self.box.top, "details.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("The archive of 2019 has to be searched by hand.\n")
        return path

    def extension_has_its_term(self):
        """GDPR 12(3), CCPA 7021(b): once, with reasons, in time."""
        before = parse(self.shown(self.late)["due"])
        self.velum("request", "extend", self.late, "--details-file", self.details())
        shown = self.shown(self.late)
        self.assertTrue(shown["extended"])
        self.assertGreater(parse(shown["due"]), before)
        again = self.velum("request", "extend", self.late, "--details-file", self.details(), code=1)
        self.assertRegex(again.err, "request-late|request-state")
        second = self.take_in("explain", **self.verified())["request"]
        self.advance(days=100)
        too_late = self.velum("request", "extend", second, "--details-file", self.details(), code=1)
        self.assertIn("request-late", too_late.err)
        self.velum("request", "fulfil", second)
        self.velum("request", "fulfil", self.late)

    def denial_has_its_reason(self):
        """PIPL 50, GDPR 12(4): a refusal says why."""
        request = self.take_in("correct", **self.verified())["request"]
        self.velum("request", "deny", request, code=2)
        self.velum("request", "deny", request, "--reason", "claim_not_covered")
        shown = self.shown(request)
        self.assertEqual((shown["state"], shown["reason"]), ("denied", "claim_not_covered"))

    def two_officers_decide_once(self):
        """Of two who decide one request, one is told that it has been decided."""
        request = self.take_in("access-categories", **self.verified())["request"]
        self.velum("request", "deny", request, "--reason", "no_match")
        second = self.velum("request", "fulfil", request, who="second", code=1)
        self.assertRegex(second.err, "request-state|conflict")
        self.assertEqual(self.shown(request)["state"], "denied")

    def child_needs_another_person(self):
        """Minors Regulation 34-37: staff see a child's record with somebody else's agreement only."""
        read = {"activity": "customer-care", "fields": ["name"]}
        target = f"/v1/subjects/{self.child}/read"
        expect(self.ask("POST", target, self.box.care, read), 403, "approval-required")
        asked = expect(self.ask("POST", "/v1/approvals", self.box.care,
                                {"kind": "minor", "subject": self.child, "fields": ["name"]}), 200)
        approval = asked.json()["approval"]
        with_it = read | {"approval": approval}
        expect(self.ask("POST", target, self.box.care, with_it), 403, "approval-pending")
        expect(self.ask("POST", target, self.box.care, read | {"approval": "0" * 32}), 403,
               "approval-unknown")
        self.velum("approval", "agree", approval, who="second")
        expect(self.ask("POST", target, self.box.care, with_it | {"fields": ["mobile"]}), 403,
               "approval-scope")
        self.die()
        seen = expect(self.ask("POST", target, self.box.care, with_it), 200).json()
        self.assertIn("name", seen["fields"])
        self.die()
        expect(self.ask("POST", target, self.box.care, with_it), 403, "approval-used")

    def approval_ends(self):
        asked = expect(self.ask("POST", "/v1/approvals", self.box.care,
                                {"kind": "minor", "subject": self.child, "fields": ["name"]}), 200)
        approval = asked.json()["approval"]
        self.velum("approval", "agree", approval, who="second")
        self.advance(hours=25)
        expect(self.ask("POST", f"/v1/subjects/{self.child}/read", self.box.care,
                        {"activity": "customer-care", "fields": ["name"], "approval": approval}),
               403, "approval-expired")

    def glass_is_broken_and_looked_at(self):
        """A recall does not wait; somebody else looks at it afterwards."""
        with open(self.token_files["desk"], encoding="ascii") as file:
            desk = file.read()
        target = f"/v1/subjects/{self.lookup('child', desk)}/read"
        body = {"activity": "urgent-care", "fields": ["mobile"]}
        expect(self.ask("POST", target, desk, body), 403, "reason-code-needed")
        seen = expect(self.ask("POST", target, desk, body | {"reason_code": "product-recall"}), 200)
        review = seen.json()["break_glass"]["review"]
        self.die()
        listed = self.velum("approval", "list", "--to-review", "--json", who="second").json()
        self.assertIn(review, [a["id"] for a in listed["approvals"]])
        self.velum("approval", "review", review, who="second")

    def lookup(self, key, token):
        body = {"identifier": {"type": "ext:test", "value": key}, "reason_code": "safety"}
        reply = self.ask("POST", "/v1/subjects/lookup?activity=urgent-care", token, body)
        return expect(reply, 200).json()["subject"]

    def data_is_held(self):
        """PIPL 47: a legal hold refuses destruction, whoever asks."""
        self.velum("subject", "hold", f"crm:{self.ref}")
        self.die()
        held = self.velum("subject", "erase", f"crm:{self.ref}", "--yes", code=1)
        self.assertIn("legal-hold", held.err)
        self.velum("subject", "release", f"crm:{self.ref}")

    def ask_deletion(self):
        taken = expect(self.ask("POST", "/v1/me/requests", self.me(), {"right": "delete"}), 200)
        request = taken.json()["request"]
        self.die()
        self.velum("request", "approve", request, who="second")
        mine = expect(self.ask("GET", "/v1/me/requests", self.me()), 200).json()["requests"]
        found = next(r for r in mine if r["id"] == request)
        self.assertEqual(found["state"], "cool_down")
        self.assertEqual(found["kept"][0]["category"], "location")
        return found

    def deletion_is_cancelled(self):
        """A cool-down that the customer can see and cancel."""
        found = self.ask_deletion()
        expect(self.ask("POST", f"/v1/me/requests/{found['id']}/cancel", self.me()), 200)
        self.die()
        self.advance(days=8)
        expect(self.ask("GET", f"/v1/subjects/{self.ref}", self.box.care), 200)
        mine = expect(self.ask("GET", "/v1/me/requests", self.me()), 200).json()["requests"]
        self.assertIn("revoked", [r["state"] for r in mine if r["id"] == found["id"]])

    def deletion_is_approved(self):
        found = self.ask_deletion()
        self.deletion = found["id"]
        self.assertGreater(parse(found["cool_down_until"]), self.now + 6 * DAY)

    def request_of(self, request):
        return self.velum("request", "show", request, "--json").json()

    def deletion_is_done(self):
        """PIPL 47, GDPR 17: keys destroyed, recipients told (GDPR 19), what the law keeps named."""
        self.advance(days=8)
        wait_until(lambda: self.daemon.ask("GET", f"/v1/subjects/{self.ref}",
                                           self.box.care).status == 410, "erased")
        self.die()
        shown = self.request_of(self.deletion)
        self.assertEqual([t["processor"] for t in shown["tasks"]], ["parcel-service"])
        self.velum("request", "task", self.deletion, "parcel-service", "failed", "--error", "timeout")
        self.assertEqual(self.request_of(self.deletion)["paused_by"], "parcel-service")
        self.die()
        self.advance(days=2)  # asked again by the timer
        wait_until(lambda: self.request_of(self.deletion)["tasks"][0]["state"] == "pending", "retry")
        self.velum("request", "task", self.deletion, "parcel-service", "done")
        done = self.request_of(self.deletion)
        self.assertEqual(done["state"], "fulfilled")
        path = os.path.join(self.box.top, "certificate.json")
        self.velum("certificate", "get", done["certificate"], "--out", path)
        verified = self.box.velum("certificate", "verify", path)
        self.assertIn("location", verified.out)
        expect(self.marketing(), 404, "not-found")

    def write_import(self):
        path = os.path.join(self.box.top, "night.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write("number,name\nadult,Chen Jing\n")
        maps = os.path.join(self.box.top, "night.yaml")
        with open(maps, "w", encoding="utf-8") as file:
            file.write("source: night\nkey: {type: \"ext:test\", column: number}\n"
                       "fields:\n  name: {from: name}\n")
        return path, maps

    def nothing_returns(self):
        """I-6: last night's file brings nobody back."""
        path, maps = self.write_import()
        self.assertEqual(self.velum("import", path, "--map", maps, "--json").json()["rejected"], 1)
        with open(path + ".rejected.csv", encoding="utf-8") as file:
            self.assertIn("suppressed", file.read())
        expect(self.ask("GET", f"/v1/subjects/{self.ref}", self.box.care), 410, "subject-erased")
        expect(self.daemon.main_client.upsert(self.box.orders, "adult", ADULT), 409, "suppressed")

    def customer_comes_back(self):
        """A new sign-up of the customer works, and is somebody new."""
        body = {"identifiers": [{"type": "ext:test", "value": "adult"}], "profile": ADULT,
                "sign_up": True}
        came = expect(self.ask("POST", "/v1/subjects", self.box.orders, body), 200).json()["subject"]
        self.assertNotEqual(came, self.ref)
        expect(self.ask("GET", f"/v1/subjects/{came}", self.box.care), 200)

    def next_policy_needs_others(self):
        folder = self.policy_folder("next", **{
            "policy: {needed: 0}": "policy: {needed: 1}",
            "clear: [name, city, member_level, orders.*, order_lines.*]\n    mask: [mobile, email, birthday]\n    hide":
                "clear: [name, member_level, orders.*, order_lines.*]\n    mask: [city, mobile, email, birthday]\n    hide"})
        self.next = self.velum("policy", "propose", folder, "--json").json()["policy"]
        self.assertEqual(len(self.next), 64)
        self.velum("policy", "activate", self.next, code=1)
        self.velum("policy", "approve", self.next, "--yes", code=1)  # one's own
        self.die()
        self.velum("policy", "approve", self.next, "--yes", who="second")

    def care_city_is_clear(self):
        reply = expect(self.ask("GET", f"/v1/subjects/{self.lookup_care()}", self.box.care), 200)
        return "city" not in reply.json()["masked"]

    def lookup_care(self):
        found = self.ask("POST", "/v1/subjects/lookup", self.box.care,
                         {"identifier": {"type": "ext:test", "value": "adult"}})
        return expect(found, 200).json()["subject"]

    def next_policy_begins_at_its_time(self):
        at = (self.now + datetime.timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.velum("policy", "activate", self.next, "--at", at)
        self.die()
        self.assertTrue(self.care_city_is_clear())
        self.advance(hours=7)
        wait_until(lambda: not self.care_city_is_clear(), "the policy comes into force")

    def policy_goes_back(self):
        earlier = self.velum("policy", "rollback").out.strip()  # proposed: others must agree
        self.assertFalse(self.care_city_is_clear())
        self.velum("policy", "approve", earlier, "--yes", who="second")
        self.die()
        self.velum("policy", "rollback")
        self.assertTrue(self.care_city_is_clear())

    def old_decision_is_explained(self):
        """Two policies later the first decision is explained by the policy of its time."""
        told = self.velum("audit", "explain", self.remembered, "--lang", "en").out
        self.assertIn("direct-marketing", told)
        self.assertIn("the same", told)

    def what_the_law_kept_ends(self):
        """PIPL 19, 47: storage and protection only, and gone when the term ends."""
        kept = expect(self.ask("GET", f"/v1/subjects/{self.ref}?activity=customer-care",
                               self.box.care), 410, "subject-erased")
        self.assertNotIn(ADULT["address"].encode(), kept.body)
        shown = self.velum("subject", "retained", f"crm:{self.ref}", "--json").json()
        self.assertEqual(shown["retained"][0]["category"], "location")
        self.advance(days=1097)
        wait_until(lambda: self.velum("subject", "retained", f"crm:{self.ref}",
                                      "--json").json()["retained"] == [], "the term has ended")

    def evidence_ends(self):
        """NDR 12, CCPA 7101: evidence is kept as long as the law says, then it goes, too."""
        self.assertTrue(self.box.log("--subject", f"crm:{self.ref}"))
        self.advance(days=1200)
        wait_until(lambda: self.box.on_data("audit", "log", "--subject", f"crm:{self.ref}", "--json",
                                            check=False).code != 0, "the evidence has ended")


def root_of(note):
    """Size and root of a checkpoint; that its signature holds is tested elsewhere."""
    body, _, _ = note.rpartition("\n\n")
    _, size, root = body.split("\n")
    return int(size), base64.b64decode(root)


class China(Walk, unittest.TestCase):
    pack = "cn-pipl"
    HOLIDAYS = ()  # none within reach of the day on which the walk asks

    def due(self, received):
        """15 working days of Shanghai, at most 30 days: the end of the last one."""
        zone = datetime.timezone(8 * datetime.timedelta(hours=1))
        day = received.astimezone(zone).date()
        limit, left = day + 30 * DAY, 15
        while left > 0:
            day += DAY
            left -= 0 if day.weekday() >= 5 else 1
        end = min(day, limit) + DAY
        return datetime.datetime(end.year, end.month, end.day, tzinfo=zone)


class Europe(Walk, unittest.TestCase):
    pack = "eu-gdpr"

    def due(self, received):
        end = month_later(received.date(), 1) + DAY
        return datetime.datetime(end.year, end.month, end.day, tzinfo=UTC)


class California(Walk, unittest.TestCase):
    pack = "us-ca"

    def due(self, received):
        zone = datetime.timezone(-8 * datetime.timedelta(hours=1))
        end = received.astimezone(zone).date() + 46 * DAY
        return datetime.datetime(end.year, end.month, end.day, tzinfo=zone)


if __name__ == "__main__":
    need_seams()
    unittest.main(verbosity=0)
