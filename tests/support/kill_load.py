"""A load that is killed, and what it may ask of the gate afterwards (I-1, I-9).

Each subject belongs to one thread, so its story is a sequence. Of every subject the client knows
which versions may stand: the acknowledged one, and whatever was sent since without an answer. A
version is written into fields of three categories, so that half an update would be seen. What the
log must say of it all is judged by log_judge.py; what people do is in kill_people.py.
"""
import threading

from leaves import CONSENT_ID, EVENT_ID, OUTBOX_SEQ, Log
from log_judge import Judge
from velum_test import BROKEN, SOUND, UNPROVEN, expect, wait_until

FIELDS = ("name", "mobile", "address", "city")


def values(key, version):
    return {"name": f"n{key}v{version}", "mobile": f"139{key % 10**4:04d}{version % 10**4:04d}",
            "address": f"a{key}v{version}", "city": f"c{key}v{version}"}


class Subject:
    def __init__(self, key, is_child=False):
        self.key = key
        self.is_child = is_child
        self.ref = None
        self.next_version = 1
        # That may stand: (version, whether the contact data is there); None: no such subject.
        self.versions = {None}
        self.consents = {"unknown"}
        self.life = {"live"}   # or "erased"
        self.holds = {0}
        self.requests = {}     # right: the newest Request
        self.approvals = []
        self.orders = {}       # key: whether it stands, as far as anybody was told
        self.decision = None   # of some read: leads to the subject's token in the log

    @property
    def is_live(self):
        return self.ref is not None and self.life == {"live"}

    def settle(self, possible, seen, what):
        assert seen in possible, f"{what} of subject {self.key} is {seen!r}, not in {possible!r}"
        possible.clear()
        possible.add(seen)


class Seen:
    """What the clients were told, for all threads: ids that the log must hold."""

    def __init__(self):
        self.lock = threading.Lock()
        self.decisions = set()  # of reads: in the log's files before the answer
        self.consents = set()   # of writes: in the log after recovery
        self.written = set()    # event ids of other writes: the same
        self.acknowledged = 0

    def note(self, decision=None, consent=None, written=None):
        with self.lock:
            self.acknowledged += 1
            for ids, one in ((self.decisions, decision), (self.consents, consent),
                             (self.written, written)):
                if one is not None:
                    ids.add(one)


class Load:
    """One thread's subjects and acts."""

    ACTS = {"create": 2, "update": 3, "consent": 3, "read": 4, "read_for_marketing": 4}

    def __init__(self, box, seen, rng, keys):
        self.box, self.seen, self.rng, self.keys = box, seen, rng, keys
        self.subjects = []
        self.touched = []

    def run(self, client, stop):
        """Acts until the daemon dies or `stop` is set."""
        self.touched = []
        try:
            while not stop.is_set():
                act = self.rng.choices(list(self.ACTS), self.ACTS.values())[0]
                if act.startswith("create"):
                    getattr(self, act)(client)
                elif self.subjects:
                    getattr(self, act)(client, self.rng.choice(self.subjects[-40:]))
        except BROKEN:
            pass

    def create(self, client, is_child=False):
        subject = Subject(next(self.keys), is_child)
        self.subjects.append(subject)
        self.write(client, subject)

    def update(self, client, subject):
        if subject.life == {"live"}:
            self.write(client, subject)

    def next_version(self, subject):
        """A version that may stand from now on, and its profile."""
        version = subject.next_version
        subject.next_version += 1
        subject.versions.add((version, True))
        self.touched.append(subject)
        return version, values(subject.key, version)

    def write(self, client, subject):
        version, profile = self.next_version(subject)
        profile["birthday"] = "2016-05-17" if subject.is_child else "1990-05-17"
        reply = client.upsert(self.box.orders, subject.key, profile)
        if reply.status == 200:
            subject.settle(subject.versions, (version, True), "an acknowledged version")
            subject.ref = reply.json()["subject"]
            self.seen.note()
        else:
            expect(reply, 503, "unavailable")

    def consent(self, client, subject):
        if not subject.is_live or subject.is_child:
            return
        state = self.rng.choice(("given", "given", "withdrawn", "refused"))
        subject.consents.add(state)
        self.touched.append(subject)
        reply = client.consent(self.box.capture, subject.ref, state)
        if reply.status == 200:
            subject.settle(subject.consents, state, "an acknowledged consent")
            self.seen.note(consent=bytes.fromhex(reply.json()["id"]))
        else:
            expect(reply, 503, "unavailable")

    def read(self, client, subject):
        if subject.ref is None:
            return
        reply = client.read(self.box.orders, subject.ref)
        if reply.status not in (429, 503):
            self.take_answer(subject, reply)

    def take_answer(self, subject, reply):
        """Of a read by who sees all of it: what stands, or that nothing is left (I-6)."""
        if reply.status == 410:
            expect(reply, 410, "subject-erased")
            subject.settle(subject.life, "erased", "the life")
        else:
            self.take_version(subject, expect(reply, 200).json()["fields"])
            subject.settle(subject.life, "live", "the life")
            subject.decision = bytes.fromhex(reply.decision)
        self.seen.note(decision=bytes.fromhex(reply.decision))

    def take_version(self, subject, fields):
        found = int(fields["name"].rpartition("v")[2])
        has_contact = "mobile" in fields
        wanted = values(subject.key, found)
        if not has_contact:
            del wanted["mobile"]
        assert {f: fields.get(f) for f in wanted} == wanted, f"torn: {fields}"
        subject.settle(subject.versions, (found, has_contact), "the version")

    def read_for_marketing(self, client, subject):
        if not subject.is_live or subject.is_child:
            return
        reply = client.read(self.box.marketing, subject.ref, "city")
        if reply.status in (429, 503):
            return
        if reply.status == 200:
            subject.settle(subject.consents, "given", "the consent")
        else:
            expect(reply, 404, "not-found")
            assert subject.consents != {"given"}, f"subject {subject.key}: refused despite consent"
        self.seen.note(decision=bytes.fromhex(reply.decision))

    def check(self, client, subject):
        """After a restart: everything acknowledged stands, and nothing stands by halves."""
        found = client.lookup(self.box.orders, subject.key)
        if found.status == 404 and subject.life != {"live"}:
            self.check_erased(client, subject)
            return
        if found.status == 404:
            subject.settle(subject.versions, None, "existence")
            return
        ref = expect(found, 200).json()["subject"]
        assert subject.ref in (None, ref), f"subject {subject.key} has another reference now"
        subject.ref = ref
        reply = expect(client.read(self.box.orders, ref), 200)
        self.take_answer(subject, reply)
        if not subject.is_child:
            self.check_consent(client, subject)

    def check_erased(self, client, subject):
        """Nothing is read any more, and nobody comes back by last night's data (I-6)."""
        self.take_answer(subject, expect(client.read(self.box.orders, subject.ref), 410,
                                         "subject-erased"))
        profile = values(subject.key, subject.next_version)
        wait_until(lambda: client.upsert(self.box.orders, subject.key, profile).problem
                   == "suppressed", "suppressed")

    def check_consent(self, client, subject):
        ref = subject.ref
        list_path = f"/v1/subjects/{ref}/consents"
        listed = expect(client.ask("GET", list_path, self.box.capture), 200).json()
        state = next(c["state"] for c in listed["consents"] if c["purpose"] == "direct-marketing")
        subject.settle(subject.consents, state, "the consent")
        history = [e["state"] for e in listed["history"]]
        assert (history or ["unknown"])[-1] == state, f"ledger {history}, state {state}"


class Officer:
    """Adds and revokes credentials through the command, which works alone once velumd is dead."""

    def __init__(self, box, rng):
        self.box, self.rng = box, rng
        self.tokens = {}  # name: (token or None when not acknowledged, states that may stand)
        self.count = 0
        self.rotated = 0
        self.old = []  # tokens that were replaced

    def run(self, stop):
        while not stop.is_set():
            active = [name for name, (token, may) in self.tokens.items()
                      if token is not None and may == {"active"}]
            act = self.rng.choice((self.revoke, self.rotate, self.rotate, None))
            if active and act is not None:
                act(self.rng.choice(active))
            else:
                self.add()

    def add(self):
        self.count += 1
        name = f"guide-{self.count}"
        done = self.box.on_data("credential", "add", name, "--kind", "service", "--role",
                                "customer_service", "--activity", "customer-care", "--domain",
                                "crm", check=False)
        token = done.out.strip() if done.code == 0 else None
        self.tokens[name] = (token, {"active"} if token else {"active", None})

    def rotate(self, name):
        """At once: from its acknowledgement on the old token is nobody's."""
        token, may = self.tokens[name]
        may.add("rotated")
        done = self.box.on_data("credential", "rotate", name, "--overlap", "0", check=False)
        if done.code == 0:
            self.rotated += 1
            self.tokens[name] = (done.out.split()[0], {"active"})
            self.old.append(token)

    def revoke(self, name):
        token, may = self.tokens[name]
        may.add("revoked")
        if self.box.on_data("credential", "revoke", name, check=False).code == 0:
            self.tokens[name] = (token, {"revoked"})

    def check(self, client, ref):
        """What was acknowledged stands, in the officer's list and at the door."""
        listed = self.box.on_data("credential", "list", "--json").json()["credentials"]
        states = {c["name"]: "revoked" if "revoked" in c else "active" for c in listed}
        for name, (token, may) in self.tokens.items():
            state = states.get(name)
            if token is not None and ref is not None:
                status = client.read(token, ref).status
                if state == "active" and status != 200 and "rotated" in may:
                    state = "rotated"  # and nobody has the new token
                wanted = (200,) if state == "active" else (401, 429)
                assert status in wanted, f"credential {name} is {state} and gets {status}"
            assert state in may, f"credential {name} is {state}, not in {may}"
            self.tokens[name] = (token, {state})
        for token in self.old[-3:] if ref is not None else ():
            assert client.read(token, ref).status in (401, 429), "a replaced token still serves"
        for name in [n for n, (_, may) in self.tokens.items() if may != {"active"}]:
            del self.tokens[name]


class Witness:
    """Looks at the log from outside, before and after each restart."""

    def __init__(self, box, seen):
        self.box, self.seen = box, seen
        self.log = Log(f"{box.data}/audit")
        self.judge = Judge()
        self.events, self.consents = set(), set()
        self.seq = 0
        self.signed = 0

    def look(self):
        """New leaves; outbox numbers go on without gap and without repetition."""
        for body in self.log.read_on():
            self.judge.take(body)
            self.events.add(bytes(body[EVENT_ID]))
            if CONSENT_ID in body:
                self.consents.add(bytes(body[CONSENT_ID]))
            if OUTBOX_SEQ in body:
                assert body[OUTBOX_SEQ] == self.seq + 1, f"outbox {body[OUTBOX_SEQ]} after {self.seq}"
                self.seq = body[OUTBOX_SEQ]
        with open(f"{self.box.data}/audit/checkpoint", encoding="utf-8") as note:
            signed = int(note.read().split("\n")[1])
        assert signed >= self.signed, f"signed size went from {self.signed} to {signed}"
        self.signed = signed

    def after_death(self):
        """Every disclosure and refusal that left stands in the log's files (I-1)."""
        self.look()
        missing = self.seen.decisions - self.events
        assert not missing, f"{len(missing)} answered decisions are not in the log: {missing}"

    def after_recovery(self):
        """Every acknowledged write stands there, too."""
        self.look()
        missing = self.seen.consents - self.consents
        assert not missing, f"{len(missing)} acknowledged consents are not in the log"
        missing = self.seen.written - self.events
        assert not missing, f"{len(missing)} acknowledged writes are not in the log"
        assert not self.judge.unfinished, f"erasures without an end: {self.judge.unfinished}"

    def verify(self):
        code, report = self.box.verify()
        assert code in (SOUND, UNPROVEN), report
        assert report["entries"] >= self.signed, report
