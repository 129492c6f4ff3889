"""A load that is killed, and what it may ask of the gate afterwards (I-1, I-9).

Each subject belongs to one thread, so its story is a sequence. Of every subject the client knows
which versions may stand: the acknowledged one, and whatever was sent since without an answer. A
version is written into fields of three categories, so that half an update would be seen.
"""
import threading

from leaves import CONSENT_ID, EVENT_ID, OUTBOX_SEQ, Log
from velum_test import BROKEN, SOUND, UNPROVEN, expect

FIELDS = ("name", "mobile", "address", "city")


def values(key, version):
    return {"name": f"n{key}v{version}", "mobile": f"139{key % 10**4:04d}{version % 10**4:04d}",
            "address": f"a{key}v{version}", "city": f"c{key}v{version}"}


class Subject:
    def __init__(self, key):
        self.key = key
        self.ref = None
        self.next_version = 1
        self.versions = {None}  # that may stand; None: there is no such subject
        self.consents = {"unknown"}

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
        self.acknowledged = 0

    def note(self, decision=None, consent=None):
        with self.lock:
            self.acknowledged += 1
            if decision is not None:
                self.decisions.add(decision)
            if consent is not None:
                self.consents.add(consent)


class Load:
    """One thread's subjects and acts."""

    def __init__(self, box, seen, rng, keys):
        self.box, self.seen, self.rng, self.keys = box, seen, rng, keys
        self.subjects = []
        self.touched = []

    def run(self, client, stop):
        """Acts until the daemon dies or `stop` is set."""
        acts = (self.create, self.update, self.consent, self.read, self.read_for_marketing)
        self.touched = []
        try:
            while not stop.is_set():
                act = self.rng.choices(acts, (2, 3, 3, 4, 4))[0]
                if act != self.create and not self.subjects:
                    continue
                subject = None if act == self.create else self.rng.choice(self.subjects[-40:])
                act(client, subject)
        except BROKEN:
            pass

    def create(self, client, _):
        subject = Subject(next(self.keys))
        self.subjects.append(subject)
        self.write(client, subject)

    def update(self, client, subject):
        self.write(client, subject)

    def write(self, client, subject):
        version = subject.next_version
        subject.next_version += 1
        subject.versions.add(version)  # from the moment of sending it may stand
        self.touched.append(subject)
        profile = values(subject.key, version) | {"birthday": "1990-05-17"}
        reply = client.upsert(self.box.orders, subject.key, profile)
        if reply.status == 200:
            subject.settle(subject.versions, version, "an acknowledged version")
            subject.ref = reply.json()["subject"]
            self.seen.note()
        else:
            expect(reply, 503, "unavailable")

    def consent(self, client, subject):
        if subject.ref is None:
            return
        state = self.rng.choice(("given", "withdrawn"))
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
        if reply.status == 503:
            return
        self.seen.note(decision=bytes.fromhex(expect(reply, 200).decision))
        self.take_version(subject, reply.json()["fields"])

    def take_version(self, subject, fields):
        found = int(fields["name"].rpartition("v")[2])
        assert {f: fields[f] for f in FIELDS} == values(subject.key, found), f"torn: {fields}"
        subject.settle(subject.versions, found, "the version")

    def read_for_marketing(self, client, subject):
        if subject.ref is None:
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
        if found.status == 404:
            subject.settle(subject.versions, None, "existence")
            return
        ref = expect(found, 200).json()["subject"]
        assert subject.ref in (None, ref), f"subject {subject.key} has another reference now"
        subject.ref = ref
        self.take_version(subject, expect(client.read(self.box.orders, ref), 200).json()["fields"])
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

    def run(self, stop):
        while not stop.is_set():
            active = [name for name, (token, may) in self.tokens.items()
                      if token is not None and may == {"active"}]
            if active and self.rng.random() < 0.5:
                self.revoke(self.rng.choice(active))
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
            assert state in may, f"credential {name} is {state}, not in {may}"
            self.tokens[name] = (token, {state})
            if token is not None and ref is not None:
                status = client.read(token, ref).status
                wanted = (200,) if state == "active" else (401, 429)
                assert status in wanted, f"credential {name} is {state} and gets {status}"
        for name in [n for n, (_, may) in self.tokens.items() if may != {"active"}]:
            del self.tokens[name]


class Witness:
    """Looks at the log from outside, before and after each restart."""

    def __init__(self, box, seen):
        self.box, self.seen = box, seen
        self.log = Log(f"{box.data}/audit")
        self.events, self.consents = set(), set()
        self.seq = 0
        self.signed = 0

    def look(self):
        """New leaves; outbox numbers go on without gap and without repetition."""
        for body in self.log.read_on():
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

    def verify(self):
        code, report = self.box.verify()
        assert code in (SOUND, UNPROVEN), report
        assert report["entries"] >= self.signed, report
