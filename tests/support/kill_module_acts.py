"""Acts for kill_acts.py of what modules do: rows that are put, imported, deleted and gone with an
erasure, work that is taken and answered, a timer of a module, fields of many, webhooks, tasks."""
import contextlib
import json
import time

import desk
from kill_acts import ADULT, BEGIN_S, VERIFIED, Act, AskMessage, EraseWhole
from kill_people import policy_files
from velum_test import NS, expect, wait_until

LEASE_S = 61          # of a module's work, and a second
HOUR_S = 3600
MANY = 120            # a leaf of many that lists fields names 100


def order(key):
    return {"key": key, "fields": {"ordered_at": "2026-11-01T10:00:00Z", "amount": 1250, "store": "S1"},
            "rows": {"order_lines": [{"key": n, "fields": {"product": f"p{n}", "quantity": 2}}
                                     for n in ("1", "2")]}}


def apply(box, changes, more=None):
    """The sample policy with pieces of its files replaced, in force."""
    files = policy_files("Acts")
    for name, old, new in changes:
        assert old in files[name], old
        files[name] = files[name].replace(old, new)
    with contextlib.closing(desk.Desk(box.data)) as officer:
        expect(officer.ask(desk.POLICY_APPLY, body={"files": files | (more or {})}), 200)


# --- rows ---------------------------------------------------------------------------------------

class PutRow(Act):
    """An order stands with both of its lines, or nothing of it does."""

    def prepare(self, daemon):
        super().prepare(daemon)
        self.sales = self.box.sales

    def put(self, daemon, key):
        return daemon.ask("POST", f"/v1/subjects/{self.ref}/orders", self.sales, order(key))

    def keys(self, daemon, ref=None):
        """The keys of the orders that stand, each of them whole."""
        reply = daemon.ask("GET", f"/v1/subjects/{ref or self.ref}/orders", self.sales)
        rows = expect(reply, 200).json()["rows"]
        for row in rows:
            assert row["fields"]["amount"] == 1250 and row["fields"]["store"] == "S1", row
            lines = [line["key"] for line in row["rows"]["order_lines"]]
            assert lines == [row["key"] + "/1", row["key"] + "/2"], row
        return [row["key"] for row in rows]

    def do(self, daemon, officer):
        return self.put(daemon, "A-1").status == 200

    def stands(self, daemon, officer):
        keys = self.keys(daemon)
        assert keys in ([], ["A-1"]), keys
        return keys != []


class ImportRows(PutRow):
    """Rows of two customers and one that cannot be: a chunk is in, or it is not."""

    def prepare(self, daemon):
        super().prepare(daemon)
        second = daemon.main_client.upsert(self.box.orders, "two", ADULT | {"mobile": "13912345679"})
        self.other = expect(second, 200).json()["subject"]

    def do(self, daemon, officer):
        rows = [{"line": 1, "ref": self.ref} | order("A-1"), {"line": 2, "ref": self.other} | order("A-2"),
                {"line": 3, "ref": "0" * 27} | order("A-3")]
        reply = daemon.ask("POST", "/v1/rows/orders/import", self.sales, {"rows": rows})
        if reply.status != 200:
            return False
        results = [row["result"] for row in reply.json()["rows"]]
        assert results in (["new", "new", "rejected"], ["same", "same", "rejected"]), results
        return True

    def stands(self, daemon, officer):
        both = (self.keys(daemon), self.keys(daemon, self.other))
        assert both in (([], []), (["A-1"], ["A-2"])), both
        return both != ([], [])


class DeleteRow(AskMessage):
    def prepare(self, daemon):
        super().prepare(daemon)
        self.path = f"/v1/subjects/{self.to}/winback_runs"
        wish = {"key": "r1", "fields": {"occurrence": "1", "state": "asked"}}
        expect(daemon.ask("POST", self.path, self.module, wish), 200)

    def do(self, daemon, officer):
        reply = daemon.ask("POST", self.path + "/delete", self.module, {"key": "r1"})
        return reply.status == 200

    def stands(self, daemon, officer):
        rows = expect(daemon.ask("GET", self.path, self.module), 200).json()["rows"]
        assert [row["key"] for row in rows] in ([], ["r1"]), rows
        return rows == []


VISITS = """
  visits:
    title: {zh: 到店, en: Visits}
    on-erasure: anonymise
    fields:
      store: {title: {zh: 门店, en: Store}, class: personal, mask: all, dimension: true}
"""
WITH_VISITS = (
    ("policy.yaml", "resources: {orders: all, order_lines: all}\n    knows-existence: true\n  winback:",
     "resources: {orders: all, order_lines: all, visits: all}\n    knows-existence: true\n  winback:"),
    ("policy.yaml", "clear: [orders.*, order_lines.*, winback_runs.*]\n",
     "clear: [orders.*, order_lines.*, winback_runs.*, visits.*]\n"))


class EraseRows(EraseWhole):
    """Orders are kept apart by law, visits lose their customer: the erasure ends for all of them."""

    def prepare(self, daemon):
        apply(self.box, WITH_VISITS + (("modules/orders.yaml", "\n  order_lines:\n",
                                        VISITS + "  order_lines:\n"),))
        super().prepare(daemon)
        self.sales = self.box.sales
        self.keeper = self.box.on_data("credential", "add", "keeper", "--kind", "human", "--role", "dpo",
                                       "--activity", "legal-retention", "--domain", "crm").out.strip()
        for table, wish in (("orders", order("A-1")), ("visits", {"key": "v1", "fields": {"store": "S1"}})):
            expect(daemon.ask("POST", f"/v1/subjects/{self.ref}/{table}", self.sales, wish), 200)

    def stands(self, daemon, officer):
        is_erased = super().stands(daemon, officer)
        for table in ("orders", "visits"):
            reply = daemon.ask("GET", f"/v1/subjects/{self.ref}/{table}", self.sales)
            if is_erased:  # the second time within a second it is not said why
                assert reply.status in (410, 429), reply
            else:
                assert len(expect(reply, 200).json()["rows"]) == 1, reply
        if is_erased:
            wait_until(lambda: self.kept(daemon) == ["A-1"], "the order that a law keeps")
        return is_erased

    def kept(self, daemon):
        reply = daemon.ask("GET", f"/v1/subjects/{self.ref}/retained", self.keeper)
        if reply.status != 200:  # while the destruction is under way
            return None
        kept = reply.json()["retained"]
        return [row["key"] for one in kept if one["category"] == "orders.retain" for row in one["rows"]["orders"]]


# --- work ---------------------------------------------------------------------------------------

class TakeWork(AskMessage):
    """What was taken comes back with its lease's end, and never before; nothing is lost."""

    def prepare(self, daemon):
        super().prepare(daemon)  # a consent was given: the module is told
        self.now_s = BEGIN_S

    def next(self, officer):
        reply = officer.ask(desk.MODULE_NEXT, body={"module": "winback"}, token=self.module)
        return reply.json()["work"] if reply.status == 200 else None

    def reply(self, officer, work):
        body = {"module": "winback", "n": work["n"], "lease": work["lease"], "result": "done"}
        return officer.ask(desk.MODULE_REPLY, body=body, token=self.module).status == 200

    def later(self, seconds):
        self.now_s += seconds
        self.box.set_clock(self.now_s * NS)

    def do(self, daemon, officer):
        self.now_s = BEGIN_S
        taken = self.next(officer)
        assert taken != [], "there is no work"
        return taken is not None

    def stands(self, daemon, officer):
        self.now_s = max(self.now_s, BEGIN_S)
        taken = self.next(officer)
        assert len(taken) <= 1, taken
        if taken:
            assert taken[0]["attempts"] == 1, taken
            return False
        self.later(LEASE_S)
        (again,) = self.next(officer)
        assert again["attempts"] == 2 and again["name"] == "consent.changed:direct-marketing", again
        return True

    def finish(self, daemon, officer):
        """Looking has taken it."""


class ReplyWork(TakeWork):
    """What was answered does not come back; what was not does."""

    def prepare(self, daemon):
        super().prepare(daemon)
        with contextlib.closing(desk.Desk(self.box.data)) as officer:
            (self.work,) = self.next(officer)

    def do(self, daemon, officer):
        self.now_s = BEGIN_S
        return self.reply(officer, self.work)

    def stands(self, daemon, officer):
        self.later(LEASE_S)
        taken = self.next(officer)
        assert [work["attempts"] for work in taken] in ([], [2]), taken
        self.again = taken
        return taken == []

    def finish(self, daemon, officer):
        assert self.reply(officer, self.again[0])


class SetTimer(TakeWork):
    AT, EARLIER = "2026-12-10T00:00:00.000Z", "2026-12-09T00:00:00.000Z"

    def set(self, officer, at, **more):
        reply = officer.ask(desk.MODULE_TIMER, ref=self.to, token=self.module,
                            body={"module": "winback", "name": "look", "at": at} | more)
        return reply.json()["at"] if reply.status == 200 else None

    def do(self, daemon, officer):
        return self.set(officer, self.AT) == self.AT

    def stands(self, daemon, officer):
        """The later of both is the one that was set, when it was."""
        at = self.set(officer, self.EARLIER, keep="later")
        assert at in (self.AT, self.EARLIER), at
        return at == self.AT

    def finish(self, daemon, officer):
        assert self.do(daemon, officer)


class TimerComesDue(SetTimer):
    """The time comes: the module is told once, without a leaf of the timer's own."""

    is_by_timer = True

    def prepare(self, daemon):
        super().prepare(daemon)
        with contextlib.closing(desk.Desk(self.box.data)) as officer:
            assert self.reply(officer, self.next(officer)[0])
            assert self.set(officer, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(BEGIN_S + HOUR_S)))

    def do(self, daemon, officer):
        self.box.set_clock((BEGIN_S + HOUR_S) * NS)
        return bool(wait_until(lambda: self.come(daemon, officer), "the timer's work", 10))

    def come(self, daemon, officer):
        time.sleep(0.1)
        if not daemon.is_running():
            raise ConnectionError("killed")
        return self.next(officer)

    def stands(self, daemon, officer):
        """Whoever was given it may have died: the lease ends, and it comes."""
        self.box.set_clock((BEGIN_S + HOUR_S + LEASE_S) * NS)
        (work,) = wait_until(lambda: self.next(officer), "the timer's work")
        assert (work["kind"], work["name"]) == ("timer", "look") and work["attempts"] <= 2, work
        assert self.next(officer) == [], "twice"
        return True


# --- of many ------------------------------------------------------------------------------------

class ReadMany(Act):
    """Under an approval that serves once; everybody is named before the answer leaves."""

    def prepare(self, daemon):
        client = daemon.main_client
        self.refs = [expect(client.upsert(self.box.orders, f"m{n}", ADULT), 200).json()["subject"]
                     for n in range(MANY)]
        self.export = self.box.credential("export", "customer_service", "bulk-export")
        self.wish = {"refs": self.refs, "fields": ["name"]}
        asked = client.ask("POST", "/v1/approvals", self.export, {"kind": "bulk"} | self.wish)
        self.approval = expect(asked, 200).json()["approval"]
        expect(client.ask("POST", f"/v1/approvals/{self.approval}", self.box.second,
                          {"decision": "agree"}), 200)

    def do(self, daemon, officer):
        reply = daemon.ask("POST", "/v1/subjects/bulk-read", self.export,
                           self.wish | {"approval": self.approval})
        if reply.status != 200:
            return False
        lines = [json.loads(line) for line in reply.body.splitlines()]
        assert [line["subject"] for line in lines] == self.refs, "not everybody"
        assert all(line["fields"] == {"name": ADULT["name"]} for line in lines), lines[0]
        return True

    def stands(self, daemon, officer):
        shown = daemon.ask("GET", f"/v1/approvals/{self.approval}", self.box.second)
        state = expect(shown, 200).json()["state"]
        assert state in ("agreed", "used"), state
        if state == "used":
            assert not self.do(daemon, officer), "an approval serves twice"
        return state == "used"


# --- told outside -------------------------------------------------------------------------------

class TakeHook(AskMessage):
    """A consent was given, and a hook wants to know."""

    def hooks(self, officer):
        listed = officer.ask(desk.HOOK_LIST, activity="administration")
        return expect(listed, 200).json()["hooks"]

    def take_hooks(self, daemon):
        reply = daemon.ask("POST", "/v1/courier/hooks/next", self.courier, {"limit": 9})
        return reply.json()["hooks"] if reply.status == 200 else None

    def do(self, daemon, officer):
        taken = self.take_hooks(daemon)
        assert taken != [], "nothing to tell"
        return taken is not None

    def stands(self, daemon, officer):
        (hook,) = self.hooks(officer)
        assert hook["state"] in ("waiting", "taken"), hook
        if hook["state"] == "taken":
            assert self.take_hooks(daemon) == [], "handed out again"
        return hook["state"] == "taken"


class EndHook(TakeHook):
    def prepare(self, daemon):
        super().prepare(daemon)
        (self.hook,) = self.take_hooks(daemon)

    def do(self, daemon, officer):
        reply = daemon.ask("POST", f"/v1/courier/hooks/{self.hook['id']}/done", self.courier,
                           {"outcome": "sent", "status": 204})
        return reply.status == 200

    def stands(self, daemon, officer):
        states = [hook["state"] for hook in self.hooks(officer)]
        assert states in ([], ["taken"]), states
        return states == []


WITH_DEPOT = (
    ("policy.yaml", "    purpose: order-fulfilment\n    actions: [create",
     "    purpose: order-fulfilment\n    recipient: warehouse\n    actions: [create"),
    ("policy.yaml", "hooks:\n", "hooks:\n  warehouse: {domain: depot, events: [task.created]}\n"),
    ("policy.yaml", "\nactivities:\n",
     "\nactivities:\n  depot-tasks:\n    title: {zh: 仓库任务, en: Tasks of the depot}\n"
     "    purpose: right-of-access\n    recipient: warehouse\n    actions: [acknowledge]\n"
     "    actors: [service]\n"))


class AckTask(Act):
    """A recipient says that it has done what the customer asked: the request ends."""

    def prepare(self, daemon):
        apply(self.box, WITH_DEPOT)
        super().prepare(daemon)
        self.depot = self.box.credential("depot", "delivery", "depot-tasks", domain="depot")
        courier = self.box.credential("courier", "delivery", "delivery", domain="outside")
        taken = daemon.ask("POST", "/v1/requests", self.box.intake,
                           {"right": "restrict", "subject": self.ref,
                            "verified": {"method": "document", "at": VERIFIED}})
        self.request = expect(taken, 200).json()["request"]
        told = expect(daemon.ask("POST", "/v1/courier/hooks/next", courier, {}), 200).json()["hooks"]
        (self.task,) = [json.loads(hook["body"])["data"]["task"] for hook in told
                        if json.loads(hook["body"])["type"] == "task.created"]

    def do(self, daemon, officer):
        return daemon.ask("POST", f"/v1/tasks/{self.task}/ack", self.depot, {"state": "done"}).status == 200

    def stands(self, daemon, officer):
        shown = expect(officer.ask(desk.REQUEST_SHOW, self.request), 200).json()
        (state,) = [task["state"] for task in shown["tasks"]]
        assert (shown["state"], state) in (("in_progress", "pending"), ("fulfilled", "done")), shown
        return state == "done"


MODULE_ACTS = (PutRow, ImportRows, DeleteRow, EraseRows, TakeWork, ReplyWork, SetTimer, TimerComesDue,
               ReadMany, TakeHook, EndHook, AckTask)
