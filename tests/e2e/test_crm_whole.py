#!/usr/bin/env python3
"""Real transactions through the modules, end to end: orders from a till's file, win-back messages for who has
not bought for 90 days in the courier's outbox, with every skip explained, and figures by the rule of small
numbers. What should come of it is worked out here, from the file alone.

VELUM_HOUSEHOLDS says how many households take part (150); 0 takes all of the file."""
import collections
import csv
import datetime
import decimal
import gzip
import json
import os
import re
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from velum_test import BUILD, NS, SOUND, Box, expect, need_seams, skip, wait_until  # noqa: E402

DATA = os.path.join(os.environ.get("VELUM_SHARED", ""), "data", "cj_transactions_sample.csv.gz")
HOUSEHOLDS = int(os.environ.get("VELUM_HOUSEHOLDS", "150"))
NOW = datetime.datetime(2018, 1, 10, 4, 0, tzinfo=datetime.timezone.utc)  # noon in Shanghai: no quiet hours
DAY = datetime.timedelta(days=90)
K = 10
OFFSET = datetime.timedelta(hours=5)  # the file's clock is that of UTC-5
LOCAL = datetime.timedelta(hours=8)  # months are counted where the policy lives

ORDERS_MAP = """velum-orders: 1
source: complete-journey
customer: {type: "ext:cj", column: household_id}
orders:
  table: orders
  key: basket_id
  fields:
    ordered_at: {from: transaction_timestamp, as: time, offset: "-05:00"}
    store: {from: store_id}
    region: {from: region}
    amount: {sum: amount}
    currency: {value: USD}
lines:
  table: order_lines
  key: product_id
  fields:
    product: {from: product_id}
    quantity: {from: quantity, as: integer}
    amount: {from: sales_value, as: cents}
"""
CUSTOMERS_MAP = """source: complete-journey
key: {type: "ext:cj", column: household_id}
identifiers:
  - {type: mobile, column: mobile}
fields:
  name: {from: name}
  mobile: {from: mobile}
"""
CONSENT_MAP = """source: complete-journey
key: {type: "ext:cj", column: household_id}
fields:
  purpose: {from: purpose}
  state: {from: state}
  given: {from: given, format: YYYY-MM-DD}
"""


class Journey:
    """The file as the test understands it."""

    def __init__(self):
        self.rows = []
        with gzip.open(DATA, "rt", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                row["region"] = f"r{int(row['store_id']) % 3}"
                self.rows.append(row)
        every = sorted({int(row["household_id"]) for row in self.rows})
        chosen = every if HOUSEHOLDS == 0 else every[:: max(1, len(every) // HOUSEHOLDS)][:HOUSEHOLDS]
        self.households = [str(n) for n in chosen]
        keep = set(self.households)
        self.rows = [row for row in self.rows if row["household_id"] in keep]
        self.whole_file = self.rows
        self.baskets = collections.OrderedDict()
        for row in self.rows:
            self.baskets.setdefault(row["basket_id"], []).append(row)
        # One amount of the file is the rest of a subtraction (4.4e-16): no cents, so its order stays out.
        self.bad = [basket for basket, rows in self.baskets.items()
                    if any(not re.fullmatch(r"\d+(\.\d{1,2})?", row["sales_value"]) for row in rows)]
        for basket in self.bad:
            gone = self.baskets.pop(basket)
            self.rows = [row for row in self.rows if row["basket_id"] != gone[0]["basket_id"]]

    def index(self, household):
        return self.households.index(household)

    def mobile(self, household):
        """Every ninth has none."""
        return "" if self.index(household) % 9 == 8 else f"139{10_000_000 + int(household):08}"

    def marketing(self, household):
        return {0: "given", 1: "given", 2: "given", 3: "withdrawn", 4: None}[self.index(household) % 5]

    def counted(self, household):
        return self.index(household) % 4 != 3

    def moment(self, row):
        return datetime.datetime.fromisoformat(row["transaction_timestamp"]).replace(
            tzinfo=datetime.timezone.utc) + OFFSET

    def last_order(self, household):
        return max(self.moment(row) for row in self.rows if row["household_id"] == household)

    def dormant(self):
        return [h for h in self.households if self.last_order(h) + DAY <= NOW]

    def cents(self, rows):
        return sum(int(decimal.Decimal(row["sales_value"]) * 100) for row in rows)


class CrmWhole(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.journey = Journey()
        cls.box = Box(clock_ns=int(NOW.timestamp()) * NS)
        cls.addClassCleanup(cls.box.close)
        cls.box.init(0)
        cls.write_files()
        cls.tokens = {name: cls.token(name, activity, domain) for name, activity, domain in (
            ("till", "order-capture", "orders"), ("winback", "winback", "winback"),
            ("courier", "delivery", "out"), ("figures", "sales-counts", "counts"))}
        cls.care = cls.box.credential("care", "customer_service", "customer-care")
        cls.keeper = cls.box.on_data("credential", "add", "keeper", "--kind", "human", "--role", "dpo",
                                     "--activity", "legal-retention", "--domain", "crm").out.strip()
        cls.box.on_data("import", cls.path("customers.csv"), "--map", cls.path("customers.yaml"), "--refs-out",
                        cls.path("refs.csv"), "--domain", "crm", timeout=600)
        cls.take_consents()
        with open(cls.path("refs.csv"), encoding="utf-8") as file:
            cls.refs = {row["key"]: row["ref"].lstrip("'") for row in csv.DictReader(file)}
        cls.daemon = cls.box.daemon()

    @classmethod
    def path(cls, name):
        return os.path.join(cls.box.top, name)

    @classmethod
    def write(cls, name, rows=None, text=None):
        with open(cls.path(name), "w", encoding="utf-8", newline="") as file:
            if text is not None:
                file.write(text)
                return
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    @classmethod
    def write_files(cls):
        journey = cls.journey
        cls.write("customers.csv", [{"household_id": h, "mobile": journey.mobile(h), "name": f"客户{h}"}
                                    for h in journey.households])
        cls.write("items.csv", journey.whole_file)
        consents = [{"household_id": h, "purpose": "direct-marketing", "state": journey.marketing(h),
                     "given": "2017-06-01"} for h in journey.households if journey.marketing(h)]
        consents += [{"household_id": h, "purpose": "analytics", "state": "given", "given": "2017-06-01"}
                     for h in journey.households if journey.counted(h)]
        cls.write("consents.csv", consents)
        for name, text in (("customers.yaml", CUSTOMERS_MAP), ("orders.yaml", ORDERS_MAP),
                           ("consents.yaml", CONSENT_MAP), ("notice.zh.md", "# 告知书\n\n样本。\n")):
            cls.write(name, text=text)

    @classmethod
    def take_consents(cls):
        done = cls.box.on_data("consent", "import", cls.path("consents.csv"), "--map", cls.path("consents.yaml"),
                               "--notice", cls.path("notice.zh.md"), "--language", "zh", "--json", timeout=600)
        assert done.json()["rejected"] == 0, done.out

    @classmethod
    def token(cls, name, activity, domain):
        token = cls.box.credential(name, "crm_module", activity, domain)
        path = cls.path(f"token-{name}")
        with open(path, "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
            file.write(token + "\n")
        return path

    def run_program(self, program, name, *words, timeout=900):
        done = subprocess.run([os.path.abspath(os.path.join(BUILD, program)), *words],
                              env=self.box.environment | {"VELUM_DATA": self.box.data,
                                                          "VELUM_TOKEN_FILE": self.tokens[name]},
                              capture_output=True, text=True, timeout=timeout, check=False)
        self.assertEqual(done.returncode, 0, f"{program} {words}: {done.stderr[-800:]}")
        return done

    def messages(self):
        """Of all pages: households by state and reason."""
        found = collections.defaultdict(list)
        by_ref = {}
        listed = self.box.on_data("message", "list", "--json", timeout=300).json()["messages"]
        for one in listed:
            found[one["state"], one.get("reason")].append(one)
        return found, listed, by_ref

    def counts_of(self, found):
        return {key: len(value) for key, value in found.items()}

    # One after another: each step stands on the one before.
    def test_the_way_of_a_year(self):
        for step in (self.orders, self.figures, self.dormant_are_written_to, self.nobody_twice, self.a_no_counts,
                     self.erased_but_kept, self.the_log_is_sound):
            with self.subTest(step.__name__):
                step()

    def orders(self):
        journey = self.journey
        for again in (False, True):
            done = self.run_program("velum-crm", "till", "orders", "load", self.path("items.csv"), "--map",
                                    self.path("orders.yaml"), "--json")
            total = json.loads(done.stdout)
            with self.subTest(again=again):
                self.assertEqual(total["rejected"], len(journey.bad), total)
                self.assertEqual(total["same" if again else "new"], len(journey.baskets))
        household = max(journey.households, key=lambda h: sum(r["household_id"] == h for r in journey.rows))
        self.assertEqual(self.read_orders(household), {
            basket: journey.cents(rows) for basket, rows in journey.baskets.items()
            if rows[0]["household_id"] == household})

    def read_orders(self, household):
        found, cursor = {}, ""
        while cursor is not None:
            reply = expect(self.daemon.ask("GET", f"/v1/subjects/{self.refs[household]}/orders?limit=50{cursor}",
                                           self.care), 200).json()
            for row in reply["rows"]:
                lines = row.get("rows", {}).get("order_lines", [])
                self.assertEqual(sum(int(line["fields"]["amount"]) for line in lines), int(row["fields"]["amount"]))
                found[row["key"]] = int(row["fields"]["amount"])
            cursor = f"&from={reply['next']}" if reply.get("next") else None
        return found

    def figures(self):
        """Told are true numbers of those who agreed, rounded; nothing that stands for fewer than ten."""
        for name, dimensions in (("customers_by_region", ("region", "month")),
                                 ("sales_by_store", ("region", "store", "month"))):
            answer = json.loads(self.run_program("velum-crm", "figures", "counts", name, "--json").stdout)
            again = json.loads(self.run_program("velum-crm", "figures", "counts", name, "--json").stdout)
            self.assertEqual(answer["cells"], again["cells"])  # the same question, the same answer
            truth = self.truth(dimensions)
            print(f"{name}: {len(answer['cells'])} of "
                  f"{sum(len(who) >= K for who in truth.values())} cells of {K} or more are told", file=sys.stderr)
            if name == "customers_by_region":  # the other is thin: hundreds of shops
                self.assertGreater(len(answer["cells"]), 1)
            for cell in answer["cells"]:
                where = tuple(sorted((d, v) for d, v in cell.items() if d not in ("customers", "sum")))
                true = len(truth[where])
                self.assertGreaterEqual(true, K, (name, where))
                self.assertEqual(cell["customers"] % 5, 0)
                self.assertLessEqual(abs(cell["customers"] - true), 5, (name, where))

    def truth(self, dimensions):
        """Households behind every combination, margins too."""
        found = collections.defaultdict(set)
        for basket in self.journey.baskets.values():
            row = basket[0]
            if not self.journey.counted(row["household_id"]):
                continue
            values = {"region": row["region"], "store": row["store_id"],
                      "month": (self.journey.moment(row) + LOCAL).strftime("%Y-%m")}
            for mask in range(2 ** len(dimensions)):
                chosen = [d for i, d in enumerate(dimensions) if mask >> i & 1]
                found[tuple(sorted((d, values[d]) for d in chosen))].add(row["household_id"])
        return found

    def flow(self):
        """Runs the flow until a run does nothing; the steward looks for what is due each second."""
        quiet = 0

        def runs():
            nonlocal quiet
            said = self.run_program("velum-crm", "winback", "winback", "--once").stderr
            quiet = 0 if re.search(r"[1-9]\d* (timers set|queued|asked for before|skipped)", said) else quiet + 1
            return quiet >= 12
        wait_until(runs, "the flow has nothing to do", 600)

    def send(self):
        for _ in range(200):  # a courier takes a few at a time
            self.run_program("velum-courier", "courier", "--once")
            if not self.box.on_data("message", "list", "--state", "queued", "--json").json()["messages"]:
                return
        self.fail("messages are queued and are not taken")

    def outbox(self):
        folder = os.path.join(self.box.data, "outbox")
        found = []
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                found.append(json.load(file))
        return found

    def dormant_are_written_to(self):
        journey = self.journey
        self.flow()
        self.send()
        dormant = journey.dormant()
        self.assertGreater(len(dormant), 10)
        wanted = collections.Counter()
        for household in dormant:
            state = journey.marketing(household)
            if state == "given":
                wanted["sent" if journey.mobile(household) else "no-address"] += 1
            else:
                wanted["consent-withdrawn" if state == "withdrawn" else "consent-missing"] += 1
        _, listed, _ = self.messages()
        told = collections.Counter(one["state"] if one["state"] == "sent" else one["reason"] for one in listed)
        self.assertEqual(told, wanted)
        for one in listed:
            if one["state"] == "skipped" and one["reason"].startswith("consent-"):
                self.assertEqual(one["purpose"], "direct-marketing")
        self.check_outbox({"+86" + journey.mobile(h) for h in dormant
                           if journey.marketing(h) == "given" and journey.mobile(h)})

    def check_outbox(self, numbers):
        letters = self.outbox()
        self.assertEqual(sorted(self.normal(one["to"]) for one in letters), sorted(numbers))
        for one in letters:
            self.assertTrue(one["text"].startswith("【悦生活】"), "who writes")
            self.assertIn("回T退订", one["text"])

    @staticmethod
    def normal(number):
        return number if number.startswith("+") else "+86" + number

    def nobody_twice(self):
        before = len(self.outbox())
        self.run_program("velum-crm", "till", "orders", "load", self.path("items.csv"), "--map",
                         self.path("orders.yaml"), "--json")
        self.flow()
        self.send()
        self.assertEqual(len(self.outbox()), before)

    def a_no_counts(self):
        """回T: the consent of exactly this purpose is withdrawn, and the set decision knows."""
        found, listed, _ = self.messages()
        one = next(one for one in listed if one["state"] == "sent")
        with open(self.tokens["courier"], encoding="ascii") as file:
            courier = file.read().strip()
        expect(self.daemon.ask("POST", f"/v1/messages/{one['id']}/opt-out", courier), 200)
        letter = next(letter for letter in self.outbox() if letter["id"] == one["id"])
        household = str(int(self.normal(letter["to"])[6:]) - 10_000_000)
        token = self.box.customer_token(self.refs[household])
        consents = expect(self.daemon.ask("GET", "/v1/me/consents", token), 200).json()
        state = {c["purpose"]: c["state"] for c in consents["consents"]}
        self.assertEqual(state["direct-marketing"], "withdrawn")

    def erased_but_kept(self):
        """The customer sees the orders, is erased, and what tax law keeps is read under its own activity."""
        household = next(h for h in self.journey.households if self.journey.mobile(h))
        ref = self.refs[household]
        token = self.box.customer_token(ref)
        own = expect(self.daemon.ask("GET", "/v1/me", token), 200).json()
        baskets = {b for b, rows in self.journey.baskets.items() if rows[0]["household_id"] == household}
        self.assertEqual({row["key"] for row in own["rows"]["orders"]}, baskets)
        self.box.on_data("subject", "erase", f"crm:{ref}", "--yes")
        self.assertEqual(self.daemon.ask("GET", f"/v1/subjects/{ref}/orders", self.care).problem, "subject-erased")
        kept = expect(self.daemon.ask("GET", f"/v1/subjects/{ref}/retained", self.keeper), 200).json()
        rows = [row for part in kept["retained"] for row in part.get("rows", {}).get("orders", [])]
        self.assertEqual({row["key"] for row in rows}, baskets)

    def the_log_is_sound(self):
        self.daemon.stop()
        self.assertEqual(self.box.verify()[0], SOUND)


if __name__ == "__main__":
    need_seams()
    if not os.path.exists(DATA):
        skip("the published transactions are not here")
    unittest.main(verbosity=0)
