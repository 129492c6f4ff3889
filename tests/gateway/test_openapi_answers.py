#!/usr/bin/env python3
"""Every route of docs/openapi.yaml is called with success on a real velumd: what is sent and what comes
back is what the schemas say, with no member that they do not name."""
import datetime
import json
import os
import re
import shutil
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "support")]
import small_yaml  # noqa: E402
from support import VELUM, Daemon, Folder, run, skip_without_products  # noqa: E402

TOP = os.environ.get("VELUM_TOP", os.path.join(HERE, "..", ".."))
KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "null": type(None)}
KNOWN = {"$ref", "type", "properties", "required", "additionalProperties", "items", "minItems", "maxItems",
         "enum", "const", "pattern", "minimum", "minLength", "maxLength", "format", "allOf", "oneOf",
         "description", "examples"}
REASON = "product-recall"


class Mismatch(Exception):
    pass


class Schemas:
    """The part of JSON Schema that the document uses; a word outside it is an error."""

    def __init__(self, document):
        self.document = document

    def resolve(self, schema):
        while "$ref" in schema:
            node = self.document
            for name in schema["$ref"].removeprefix("#/").split("/"):
                node = node[name]
            schema = node
        return schema

    def check(self, schema, value, where="answer"):
        named = self.match(schema, value, where)
        if isinstance(value, dict) and set(value) - named:
            raise Mismatch(f"{where}: no schema names {sorted(set(value) - named)}")

    def match(self, schema, value, where):
        """The members that the schema names; Mismatch when the value does not fit."""
        schema = self.resolve(schema)
        if set(schema) - KNOWN:
            raise AssertionError(f"{where}: this test does not know {sorted(set(schema) - KNOWN)}")
        self.match_kind(schema, value, where)
        named = set()
        if isinstance(value, dict):
            named = self.match_object(schema, value, where)
        elif isinstance(value, list):
            self.match_list(schema, value, where)
        elif isinstance(value, str):
            match_text(schema, value, where)
        elif "minimum" in schema and value < schema["minimum"]:
            raise Mismatch(f"{where}: {value} is too small")
        for part in schema.get("allOf", []):
            named |= self.match(part, value, where)
        return named | self.match_one(schema.get("oneOf"), value, where)

    @staticmethod
    def match_kind(schema, value, where):
        if "type" in schema:
            kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            fits = any(type(value) is KINDS[kind] for kind in kinds)
            if not fits:
                raise Mismatch(f"{where}: {value!r} is no {kinds}")
        if "const" in schema and value != schema["const"]:
            raise Mismatch(f"{where}: {value!r} is not {schema['const']!r}")
        if "enum" in schema and value not in schema["enum"]:
            raise Mismatch(f"{where}: {value!r} is none of {schema['enum']}")

    def match_object(self, schema, value, where):
        missing = [name for name in schema.get("required", []) if name not in value]
        if missing:
            raise Mismatch(f"{where}: {missing} are missing")
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties")
        for name, member in value.items():
            if name in properties:
                self.check(properties[name], member, f"{where}.{name}")
            elif isinstance(others, dict):
                self.check(others, member, f"{where}.{name}")
            elif others is False:
                raise Mismatch(f"{where}: {name} does not belong here")
        return set(value) if isinstance(others, dict) else set(properties) & set(value)

    def match_list(self, schema, value, where):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            raise Mismatch(f"{where}: {len(value)} members")
        for index, member in enumerate(value):
            self.check(schema["items"], member, f"{where}[{index}]")

    def match_one(self, parts, value, where):
        """Exactly one of them fits."""
        if parts is None:
            return set()
        fitting, reasons = [], []
        for part in parts:
            try:
                fitting.append(self.match(part, value, where))
            except Mismatch as mismatch:
                reasons.append(str(mismatch))
        if len(fitting) != 1:
            raise Mismatch(f"{where}: fits {len(fitting)} of {len(parts)}: {reasons}")
        return fitting[0]


def match_text(schema, value, where):
    if "pattern" in schema and not re.search(schema["pattern"], value):
        raise Mismatch(f"{where}: {value!r} is not {schema['pattern']}")
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        raise Mismatch(f"{where}: {len(value)} characters")
    try:
        if schema.get("format") == "date-time":
            datetime.datetime.strptime(value[:19] + value[-1], "%Y-%m-%dT%H:%M:%SZ")
        elif schema.get("format") == "date":
            datetime.date.fromisoformat(value)
    except ValueError as error:
        raise Mismatch(f"{where}: {error}") from None


class Api:
    """Calls operations by their names, and remembers which were answered with success."""

    def __init__(self, document, daemon):
        self.document = document
        self.schemas = Schemas(document)
        self.daemon = daemon
        self.called = set()
        self.operations = {operation["operationId"]: (method.upper(), path, operation)
                           for path, methods in document["paths"].items()
                           for method, operation in methods.items()}

    def call(self, name, token=None, body=None, query="", headers=(), **parts):
        method, path, operation = self.operations[name]
        headers = list(headers)
        if body is not None:
            (media, content), = operation["requestBody"]["content"].items()
            self.schemas.check(content["schema"], body, f"{name}: body")
            headers.append(f"Content-Type: {media}")
        target = path.format(**parts) + query
        reply = self.daemon.ask(method, target, token, body, headers)
        if reply.status != 200:
            raise AssertionError(f"{name}: {reply.raw!r}")
        self.called.add(name)
        return self.judge(name, operation["responses"]["200"], reply)

    def judge(self, name, response, reply):
        response = self.schemas.resolve(response)
        for header in response.get("headers", {}):
            if header.lower() not in reply.headers:
                raise Mismatch(f"{name}: no {header}")
        if "content" not in response:
            return None
        (media, content), = response["content"].items()
        if reply.headers["content-type"] != media:
            raise Mismatch(f"{name}: {reply.headers['content-type']}")
        if media == "application/x-ndjson":
            answer = [json.loads(line) for line in reply.body.decode().splitlines()]
            for line in answer:
                self.schemas.check(content["schema"], line, name)
            return answer
        answer = reply.json()
        self.schemas.check(content["schema"], answer, name)
        return answer

    def refused(self, name, status, token=None, **parts):
        """The refusal is one that the operation names, in the form of a problem."""
        method, path, operation = self.operations[name]
        reply = self.daemon.ask(method, path.format(**parts), token)
        if reply.status != status:
            raise AssertionError(f"{name}: {reply.raw!r}")
        self.judge(name, operation["responses"][str(status)], reply)


def load_document():
    with open(os.path.join(TOP, "docs", "openapi.yaml"), encoding="utf-8") as file:
        return small_yaml.load(file.read())


class Reader(unittest.TestCase):
    """The validator refuses what it should: a test of the test."""

    def assertFits(self, fits, schema, value):
        try:
            Schemas({}).check(schema, value)
            self.assertTrue(fits, f"{value} fits {schema}")
        except Mismatch as mismatch:
            self.assertFalse(fits, mismatch)

    def test_what_the_schema_does_not_say_is_a_mismatch(self):
        closed = {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}
        for fits, value in ((True, {"a": 1}), (False, {}), (False, {"a": "1"}), (False, {"a": True}),
                            (False, {"a": 1, "b": 2}), (False, [])):
            self.assertFits(fits, closed, value)
        self.assertFits(True, {"type": "object", "additionalProperties": {"type": "string"}}, {"b": "x"})
        self.assertFits(False, {"type": "object", "additionalProperties": {"type": "string"}}, {"b": 1})
        self.assertFits(True, {"allOf": [closed, {"properties": {"b": {"const": 2}}}]}, {"a": 1, "b": 2})
        self.assertFits(False, {"allOf": [closed, {"properties": {"b": {"const": 2}}}]}, {"a": 1, "b": 3})
        self.assertFits(False, {"oneOf": [closed, closed]}, {"a": 1})
        self.assertFits(False, {"type": "string", "format": "date-time"}, "2026-13-01T00:00:00Z")
        self.assertFits(False, {"type": "array", "items": {"enum": ["x"]}}, ["x", "y"])
        with self.assertRaises(AssertionError):
            Schemas({}).check({"anyOf": []}, 1)

    def test_what_the_reader_of_yaml_does_not_know_is_an_error(self):
        self.assertEqual(small_yaml.load("a:\n  - {b: 'c: d', e: [1, true]}\n  - f: g\n"),
                         {"a": [{"b": "c: d", "e": [1, True]}, {"f": "g"}]})
        for text in ("a: b: c\n", "a: &x b\n", "a: 1\na: 2\n", "a: yes\n", "a: {b: c\n", "a:\n  b: 1\n   c: 2\n",
                     "a: {b: c}}\n", "a: \"b\"\n", "a: 1.5\n", "a: {b: c, d}\n"):
            with self.assertRaises(small_yaml.YamlError, msg=text):
                small_yaml.load(text)


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder(customers=0)
        cls.addClassCleanup(cls.folder.remove)
        cls.orders = cls.folder.credential("orders", "delivery", "order-fulfilment")
        cls.care = cls.folder.credential("care", "customer_service", "customer-care")
        cls.capture = cls.folder.credential("capture", "customer_service", "consent-capture")
        cls.intake = cls.folder.credential("intake", "customer_service", "request-intake")
        cls.figures = cls.folder.credential("figures", "crm_module", "sales-counts")
        cls.sales = cls.folder.credential("sales", "crm_module", "order-capture")
        cls.audience = cls.folder.credential("audience", "marketing", "audience,direct-marketing")
        cls.search = cls.folder.credential("search", "customer_service", "customer-search")
        cls.export = cls.folder.credential("export", "customer_service", "bulk-export")
        cls.an = cls.person("an", "approvals")
        cls.urgent = cls.person("urgent", "urgent-care")
        cls.keeper = cls.person("keeper", "legal-retention")
        daemon = Daemon(cls.folder)
        cls.addClassCleanup(daemon.stop)
        cls.api = Api(load_document(), daemon)

    @classmethod
    def person(cls, name, activity):
        done = run(VELUM, "--data", cls.folder.path, "credential", "add", name, "--kind", "human", "--role",
                   "dpo", "--activity", activity, "--domain", "shop")
        return done.stdout.strip()

    @classmethod
    def velum(cls, *words):
        return run(VELUM, "--data", cls.folder.path, *words).stdout.strip()

    def customer(self, number, birthday):
        body = {"identifiers": [{"type": "ext:shop", "value": number},
                                {"type": "email", "value": f"no{number}@example.org"}],
                "profile": {"name": "王小红", "city": "上海", "birthday": birthday, "mobile": "13800005678",
                            "address": "南京东路 1 号", "member_level": None}}
        return self.api.call("upsertSubject", self.orders, body)["subject"]

    def own_token(self, ref):
        return self.velum("credential", "customer", f"shop:{ref}")

    # One after another, because the last one asks whether every operation was called.
    def test_every_operation(self):
        for part in (self.subjects, self.merging, self.many, self.consents, self.messages, self.rows, self.counts, self.webhooks,
                     self.approvals, self.proposal, self.requests, self.own, self.own_accesses, self.erased,
                     self.tasks, self.health, self.refusals):
            with self.subTest(part.__name__):
                part()
        self.assertEqual(self.api.called, set(self.api.operations))

    def merging(self):
        stays, joins = self.customer("801", "1990-05-06"), self.customer("802", "1990-05-06")
        asked = self.api.call("askApproval", self.orders, {"kind": "link", "subject": stays, "refs": [joins]})
        self.api.call("decideApproval", self.an, {"decision": "agree"}, approval=asked["approval"])
        merged = self.api.call("mergeSubjects", self.orders, {"with": joins, "approval": asked["approval"]},
                               subject=stays, query="?activity=order-fulfilment")
        self.assertEqual((merged["subject"], merged["merged"]), (stays, 1))
        read = self.api.call("readSubject", self.orders, subject=joins)
        self.assertEqual(read["merged_into"], stays)
        consents = self.api.call("listConsents", self.capture, subject=joins)
        self.assertEqual(consents["consents"][0]["person_state"], "unknown")
        own = self.api.call("readMe", self.own_token(stays), query="?record=2")
        self.assertEqual((own["records"], own["categories"][0]["fields"]["name"]), (2, "王小红"))
        asked = self.api.call("askApproval", self.orders, {"kind": "unmerge", "subject": joins})["approval"]
        self.api.call("decideApproval", self.an, {"decision": "agree"}, approval=asked)
        parted = self.api.call("unmergeSubject", self.orders, {"approval": asked}, subject=joins)
        self.assertEqual((parted["subject"], parted["unmerged"]), (joins, 2))

    def subjects(self):
        ref = self.customer("1", "1990-05-06")
        lookup = {"identifier": {"type": "email", "value": "no1@example.org"}}
        self.assertEqual(self.api.call("lookupSubject", self.care, lookup)["subject"], ref)
        read = self.api.call("readSubject", self.care, subject=ref, query="?fields=name,mobile,address")
        self.assertEqual((read["masked"], read["hidden"]), (["mobile"], ["address"]))
        patched = self.api.call("patchSubject", self.orders, {"city": "杭州", "address": None}, subject=ref,
                                headers=[f'If-Match: "{read["version"]}"'])
        self.assertTrue(patched["changed"])
        self.assertGreater(patched["version"], read["version"])
        self.api.call("readSubjectWith", self.care, {"activity": "customer-care", "fields": ["name"]}, subject=ref)

    def rows(self):
        ref = self.customer("7", "1990-05-06")
        wish = {"key": "A-1", "fields": {"ordered_at": "2026-01-02T03:04:05+08:00", "amount": 990, "store": None},
                "rows": {"order_lines": [{"key": "1", "fields": {"product": "茶", "quantity": "2"}}]}}
        self.assertEqual(self.api.call("putRow", self.sales, wish, subject=ref, table="orders")["result"], "new")
        self.assertEqual(self.api.call("putRow", self.sales, wish, subject=ref, table="orders")["result"], "same")
        done = self.api.call("importRows", self.sales, {"rows": [
            {"line": 1, "ref": ref, "key": "A-2", "fields": {"ordered_at": "2026-01-03T00:00:00Z", "amount": "7"}},
            {"line": 2, "identifier": {"type": "email", "value": "nobody@example.org"}, "key": "A-3",
             "fields": {"ordered_at": "2026-01-03T00:00:00Z", "amount": 7}}]}, table="orders")
        self.assertEqual([row["result"] for row in done["rows"]], ["new", "rejected"])
        page = self.api.call("readRows", self.care, subject=ref, table="orders", query="?limit=1")
        self.assertEqual([row["key"] for row in page["rows"]], ["A-1"])
        self.assertEqual(page["rows"][0]["fields"]["ordered_at"], "2026-01-01T19:04:05Z")
        self.assertEqual(page["rows"][0]["rows"]["order_lines"][0]["fields"], {"product": "茶", "quantity": 2})
        page = self.api.call("readRows", self.care, subject=ref, table="orders", query=f"?from={page['next']}")
        self.assertEqual([row["key"] for row in page["rows"]], ["A-2"])
        page = self.api.call("readRow", self.care, {"key": "A-2"}, subject=ref, table="orders")
        self.assertEqual([row["key"] for row in page["rows"]], ["A-2"])
        found = self.api.call("scanRows", self.sales, {"field": "ordered_at", "min": "2026-01-02T00:00:00Z"},
                              table="orders")
        self.assertEqual([(row["subject"], row["key"]) for row in found["rows"]], [(ref, "A-2")])
        gone = self.api.call("deleteRow", self.sales, {"key": "none"}, subject=ref, table="order_lines")
        self.assertEqual(gone["deleted"], 0)
        own = self.api.call("readMe", self.own_token(ref))
        self.assertEqual([row["key"] for row in own["rows"]["orders"]], ["A-1", "A-2"])
        own = self.api.call("readMe", self.own_token(ref), query="?table=order_lines")
        self.assertEqual([row["key"] for row in own["rows"]["order_lines"]], ["A-1/1"])
        self.velum("subject", "erase", f"shop:{ref}", "--yes")
        kept = self.api.call("readRetained", self.keeper, subject=ref)["retained"]
        rows = [one["rows"]["orders"] for one in kept if one["category"] == "orders.retain"]
        self.assertEqual([row["key"] for row in rows[0]], ["A-1", "A-2"])

    def many(self):
        refs = [self.customer(str(number), "1990-05-06") for number in (21, 22, 23)]
        for ref in refs[1:]:
            self.api.call("recordConsent", self.capture, {"purpose": "direct-marketing", "state": "given"}, subject=ref)
        query = "?activity=audience"
        asked = {"for": "direct-marketing", "action": "read", "fields": ["city"]}
        told = self.api.call("filterSubjects", self.audience, {**asked, "refs": refs + ["x"]}, query)
        self.assertEqual((set(told["allowed"]), told["counts"]), (set(refs[1:]), {"allowed": 2, "refused": 2}))
        told = self.api.call("filterSubjects", self.audience, {**asked, "segment": {"all": True}, "limit": 1}, query)
        self.api.call("filterSubjects", self.audience,
                      {**asked, "segment": {"all": True}, "limit": 1, "from": told["next"]}, query)
        page = self.api.call("listSubjects", self.audience, query=query + "&limit=1")
        self.api.call("listSubjects", self.audience, query=query + "&from=" + page["next"])
        found = self.api.call("searchSubjects", self.search, {"criteria": {"name": " 王小红", "city": "上海"}})
        self.assertLessEqual(set(refs), {one["subject"] for one in found["candidates"]})
        wish = {"refs": [refs[0], "0" * 27], "fields": ["name", "mobile"]}
        approval = self.api.call("askApproval", self.export, {"kind": "bulk", **wish})["approval"]
        self.api.call("decideApproval", self.an, {"decision": "agree"}, approval=approval)
        lines = self.api.call("readSubjects", self.export, {**wish, "approval": approval})
        self.assertEqual((lines[0]["fields"]["mobile"], lines[1]["refused"]), ("138****5678", "not-found"))

    def consents(self):
        ref = self.customer("2", "1990-05-06")
        one = self.api.call("recordConsent", self.capture, {
            "purpose": "direct-marketing", "state": "given", "language": "zh", "verified": True,
            "given": "2026-01-02T03:04:05Z", "evidence": "ab" * 32}, subject=ref)
        self.assertEqual((one["state"], one["grade"]), ("given", "self-verified"))
        both = self.api.call("recordConsent", self.capture, {"consents": [
            {"purpose": "direct-marketing", "state": "withdrawn"},
            {"purpose": "analytics", "state": "given"}]}, subject=ref)
        self.assertEqual(len(both["consents"]), 2)
        gone = self.api.call("recordConsent", self.capture, {"all": True, "state": "withdrawn"}, subject=ref)
        self.assertEqual([c["purpose"] for c in gone["consents"]], ["analytics"])
        held = self.api.call("listConsents", self.capture, subject=ref)
        self.assertEqual([event["n"] for event in held["history"]], [1, 2, 3, 4])

    def messages(self):
        """Asked for, taken, answered, refused by the customer; a second one is skipped."""
        self.velum("policy", "apply", self.policy_folder("loud", '    quiet: "21:00-09:00"\n', ""))
        ref = self.customer("7", "1990-05-06")
        self.api.call("recordConsent", self.capture, {"purpose": "direct-marketing", "state": "given"},
                      subject=ref)
        module = self.folder.credential("winback", "crm_module", "winback", "winback")
        courier = self.folder.credential("courier", "crm_module", "delivery", "courier")
        finder = self.folder.credential("finder", "delivery", "order-fulfilment", "winback")
        lookup = {"identifier": {"type": "ext:shop", "value": "7"}}
        to = self.api.call("lookupSubject", finder, lookup)["subject"]
        place = {"template": "winback", "flow": "winback-90", "node": "first", "occurrence": "2026-11"}
        asked = self.api.call("askMessage", module, place, subject=to)["messages"][0]
        self.assertEqual((asked["state"], asked["same"]), ("queued", False))
        taken = self.api.call("takeMessages", courier, {"limit": 16})["messages"]
        self.assertEqual([(one["id"], one["to"]) for one in taken], [(asked["id"], "13800005678")])
        done = self.api.call("messageDone", courier, {"outcome": "sent", "note": "accepted", "attempt": 1},
                             message=asked["id"])
        self.assertEqual(done["state"], "sent")
        self.assertEqual(self.api.call("optOut", courier, message=asked["id"])["purpose"], "direct-marketing")
        both = self.api.call("askMessages", module, place | {"node": "second", "refs": [to]})["messages"]
        self.assertEqual(both, [{"ref": to, "state": "skipped", "reason": "not-reachable"}])
        self.assertTrue(self.api.call("readMessage", module, message=asked["id"])["opted_out"])
        listed = self.api.call("listMessages", module, query="?limit=1&module=winback")
        self.assertEqual([one["state"] for one in listed["messages"]], ["skipped"])
        self.api.call("listMessages", module, query=f"?state=sent&from={listed['next']}")

    def approvals(self):
        child = self.customer("3", f"{datetime.date.today().year - 8}-01-02")
        asked = self.api.call("askApproval", self.care, {"kind": "minor", "subject": child, "fields": ["name"]})
        self.assertEqual((asked["state"], asked["needed"]), ("asked", 1))
        self.api.call("readApproval", self.care, approval=asked["approval"])
        listed = self.api.call("listApprovals", self.an, query="?state=asked")["approvals"]
        self.assertEqual([one["id"] for one in listed], [asked["approval"]])
        agreed = self.api.call("decideApproval", self.an, {"decision": "agree"}, approval=asked["approval"])
        self.assertEqual((agreed["state"], agreed["agreed"]), ("agreed", 1))
        seen = self.api.call("readApproval", self.an, approval=asked["approval"])
        self.assertEqual([one["by"] for one in seen["decisions"]], ["an"])
        wish = {"fields": ["name"], "approval": asked["approval"]}
        self.assertEqual(self.api.call("readSubjectWith", self.care, wish, subject=child)["fields"],
                         {"name": "王小红"})
        wish = {"fields": ["name"], "reason_code": REASON}
        broken = self.api.call("readSubjectWith", self.urgent, wish, subject=child)["break_glass"]["review"]
        review = self.api.call("readApproval", self.an, approval=broken)
        self.assertEqual((review["kind"], review["state"]), ("break-glass", "to-review"))
        self.assertNotIn("expires", review)
        self.api.call("decideApproval", self.an, {"decision": "reviewed"}, approval=broken)

    def policy_folder(self, name, *changes):
        """The sample policy with pieces of its text replaced: old, new, old, new …"""
        folder = os.path.join(self.folder.top, name)
        shutil.copytree(os.path.join(TOP, "policy", "sample"), folder)
        path = os.path.join(folder, "policy.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for old, new in zip(changes[::2], changes[1::2]):
            self.assertIn(old, text)
            text = text.replace(old, new)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return folder

    def proposal(self):
        """An approval of a policy tells what would change."""
        self.velum("policy", "apply", self.policy_folder("agreed", "policy: {needed: 0}", "policy: {needed: 1}",
                                                         "cool-down-days: 7", "cool-down-days: 0"))
        asked = json.loads(self.velum("policy", "propose", self.policy_folder("p", "policy: {needed: 0}",
                                                                              "policy: {needed: 2}"),
                                      "--note", "two agree", "--json"))
        seen = self.api.call("readApproval", self.an, approval=asked["approval"])
        self.assertEqual((seen["kind"], seen["note"]), ("policy", "two agree"))
        self.assertTrue(seen["changes"])
        self.api.call("decideApproval", self.an, {"decision": "refuse"}, approval=asked["approval"])

    def requests(self):
        ref = self.customer("4", "1990-05-06")
        taken = self.api.call("takeRequest", self.intake, {
            "right": "delete", "subject": ref, "categories": ["contact"], "details": "请删除",
            "verified": {"method": "in-store-id"}})
        seen = self.api.call("readRequest", self.intake, request=taken["request"])
        self.assertNotIn("details", seen)
        cancelled = self.api.call("cancelRequest", self.intake, request=taken["request"])
        self.assertEqual(cancelled["state"], "revoked")
        taken = self.api.call("takeRequest", self.intake, {"right": "delete", "subject": ref,
                                                           "verified": {"method": "in-store-id"}})
        self.velum("request", "approve", taken["request"])
        proof = self.api.call("readRequestCertificate", self.intake, request=taken["request"])
        self.assertEqual(proof["format"], "velum-certificate-file-1")
        self.api.call("takeRequest", self.intake, {
            "right": "object-marketing", "identifier": {"type": "email", "value": "nobody@example.org"},
            "jurisdictions": ["cn-pipl", "eu-gdpr"]})

    def own(self):
        ref = self.customer("5", "1990-05-06")
        token = self.own_token(ref)
        categories = self.api.call("readMe", token, query="?category=contact,profile")["categories"]
        self.assertEqual({one["category"] for one in categories}, {"contact", "profile"})
        self.api.call("recordMyConsent", token, {"purpose": "analytics", "state": "refused", "language": "en"})
        self.api.call("recordMyConsent", token, {"consents": [{"purpose": "direct-marketing", "state": "given"}]})
        self.api.call("recordMyConsent", token, {"all": True, "state": "withdrawn"})
        self.assertEqual(len(self.api.call("listMyConsents", token)["history"]), 3)
        made = self.api.call("makeMyRequest", token, {"right": "access", "details": "都有什么"})
        listed = self.api.call("listMyRequests", token)["requests"]
        self.assertEqual([(one["id"], one["details"]) for one in listed], [(made["request"], "都有什么")])
        self.api.call("cancelMyRequest", token, request=made["request"])

    def own_accesses(self):
        """Told in full, by role, grouped."""
        rows = os.path.join(self.folder.top, "rows.csv")
        names = os.path.join(self.folder.top, "map.yaml")
        with open(rows, "w", encoding="utf-8") as file:
            file.write("id,name\n80001,Person A\n80002,Person B\n")
        with open(names, "w", encoding="utf-8") as file:
            file.write('source: shop\nkey: {type: "ext:shop", column: id}\nfields:\n  name: {from: name}\n')
        refs = os.path.join(self.folder.top, "refs.csv")
        self.velum("import", rows, "--map", names, "--refs-out", refs, "--domain", "shop")
        lookup = {"identifier": {"type": "ext:shop", "value": "80001"}}
        ref = self.api.call("lookupSubject", self.care, lookup)["subject"]
        with open(refs, encoding="utf-8") as file: # the house's own number and our reference, side by side
            self.assertIn(["80001", ref], [line.split(",") for line in file.read().split()])
        self.velum("audit", "log", "--subject", f"shop:{ref}")
        token = self.own_token(ref)
        told = self.api.call("listMyAccesses", token, query="?limit=100")
        self.assertTrue(any("index" in one for one in told["accesses"]), told)
        self.assertTrue(any("day" in one for one in told["accesses"]), told)
        self.assertEqual([one["count"] for one in told["grouped"]], [1])
        entry = next(one["index"] for one in told["accesses"] if one.get("type") == "lookup")
        self.assertEqual(self.api.call("proveMyEntry", token, entry=entry)["index"], entry)

    def erased(self):
        ref = self.customer("6", "1990-05-06")
        self.velum("subject", "erase", f"shop:{ref}", "--yes")
        kept = self.api.call("readRetained", self.keeper, subject=ref)["retained"]
        self.assertEqual([(one["category"], list(one["fields"])) for one in kept], [("location", ["address"])])
        self.api.refused("readSubject", 410, self.care, subject=ref)

    def tasks(self):
        """A recipient hears of a restriction by webhook and says what came of it; the last policy of all."""
        folder = self.policy_folder(
            "told",
            "    purpose: order-fulfilment\n    actions: [create", "    purpose: order-fulfilment\n"
            "    recipient: depot\n    actions: [create",
            "    purpose: right-of-access\n    actions: [acknowledge]",
            "    purpose: right-of-access\n    recipient: depot\n    actions: [acknowledge]",
            "hooks:\n", "hooks:\n  depot: {domain: depot, events: [task.created]}\n")
        self.agree_and_apply(folder)
        depot = self.folder.credential("depot", "delivery", "task-intake")
        courier = self.folder.credential("post", "delivery", "delivery")
        ref = self.customer("70", "1990-05-06")
        self.api.call("takeRequest", self.intake, {"right": "restrict", "subject": ref,
                                                   "verified": {"method": "in-store-id"}})
        hooks = self.api.call("takeHooks", courier, {"limit": 50})["hooks"]
        told = [json.loads(one["body"]) for one in hooks if one["hook"] == "depot"]
        self.assertEqual([one["data"]["right"] for one in told], ["restrict"])
        for one in hooks:
            self.api.call("answerHook", courier, {"outcome": "sent", "status": 204}, hook=one["id"])
        failed = self.api.call("acknowledgeTask", depot, {"state": "failed", "error": "refused"},
                               task=told[0]["data"]["task"])
        self.assertIn("retry", failed)
        self.api.call("acknowledgeTask", depot, {"state": "done"}, task=told[0]["data"]["task"])

    def agree_and_apply(self, folder):
        """The policy in force wants one other to agree to the next (see proposal)."""
        asked = json.loads(self.velum("policy", "propose", folder, "--json"))
        self.api.call("decideApproval", self.an, {"decision": "agree"}, approval=asked["approval"])
        self.velum("policy", "activate", asked["policy"])

    def counts(self):
        told = self.api.call("readCount", self.figures, count="sales_by_store")
        self.assertEqual((told["dimensions"], told["rounded_to"]), (["region", "store", "month"], 5))
        self.api.refused("readCount", 404, self.figures, count="sales_by_customer")

    def webhooks(self):
        courier = self.folder.credential("webhooks", "delivery", "delivery", "outside")
        ref = self.customer("71", "1990-05-06")
        self.api.call("recordConsent", self.capture, {"purpose": "direct-marketing", "state": "given"}, subject=ref)
        hooks = self.api.call("takeHooks", courier, {"limit": 50})["hooks"]
        self.assertEqual({one["hook"] for one in hooks}, {"crm"})
        done = self.api.call("answerHook", courier, {"outcome": "failed", "status": 500}, hook=hooks[-1]["id"])
        self.assertEqual(done["state"], "waiting")
        done = self.api.call("answerHook", courier, {"outcome": "sent", "status": 204}, hook=hooks[0]["id"])
        self.assertEqual(done["state"], "sent")

    def health(self):
        for name in ("alive", "aliveHead", "ready"):
            self.api.call(name)

    def refusals(self):
        self.api.refused("readMe", 401)
        self.api.refused("readSubject", 404, self.care, subject="0" * 27)


if __name__ == "__main__":
    skip_without_products()
    unittest.main(verbosity=0)
