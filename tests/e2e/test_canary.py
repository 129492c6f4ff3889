#!/usr/bin/env python3
"""Unique words in every string that a caller can send, and then a search for them: in every file of
the data folder, in what velumd says, in every refusal (I-5). Only an answer that the decision
allowed, and what sealed data hides, may hold them."""
import base64
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from velum_test import VELUMD, Box, expect, has_seams, need_products, seeded  # noqa: E402

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

MAP = """source: shop
key: {type: "ext:shop", column: COLUMN}
on_match: update
fields:
  name: {from: "the name"}
  city: {from: "the city"}
"""


class Canaries:
    """Words that nobody else would write, by the place where they were let in."""

    def __init__(self, rng):
        self.rng = rng
        self.words = {}

    def __call__(self, place):
        word = "Kanari" + "".join(self.rng.choices("bcdfghjkmnpqrstvwxz", k=10))
        self.words[word] = place
        return word

    def digits(self, place, prefix, count):
        word = prefix + "".join(self.rng.choices("0123456789", k=count - len(prefix)))
        self.words[word] = place
        return word

    def id_card(self, place):
        body = "110101199003" + f"{self.rng.randrange(10, 28):02d}{self.rng.randrange(100, 999)}"
        weights = [2 ** (17 - i) % 11 for i in range(17)]  # GB 11643-1999
        body += "10X98765432"[sum(int(d) * w for d, w in zip(body, weights)) % 11]
        self.words[body] = place
        return body


def forms(word):
    """The word as bytes: as it is and in capitals, in UTF-16, in base64 at each offset, in hex."""
    plain = word.encode()
    yield from (plain, plain.lower(), plain.upper())
    yield from (word.encode("utf-16-le"), word.encode("utf-16-be"))
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + plain)
        begin = -(-offset * 8 // 6)  # characters that the bytes before have a share in
        end = len(whole) if (offset + len(plain)) % 3 == 0 else (offset + len(plain)) * 8 // 6
        yield whole[begin:end]
        yield whole[begin:end].replace(b"+", b"-").replace(b"/", b"_")
    yield plain.hex().encode()
    yield plain.hex().upper().encode()


def all_files(folder):
    for place, _, names in os.walk(folder):
        for path in (os.path.join(place, name) for name in names):
            if os.path.isfile(path):  # not velum.sock
                with open(path, "rb") as file:
                    yield path, file.read()


class Canary(unittest.TestCase):
    def setUp(self):
        seed = self.enterContext(seeded(5)) if hasattr(self, "enterContext") else random.Random(5)
        self.canary = Canaries(seed)
        self.box = Box()
        self.addCleanup(self.box.close)
        self.box.init().usual_credentials()
        self.intake = self.box.credential("intake", "customer_service", "request-intake")
        self.writer = self.box.credential("winback", "crm_module", "winback", domain="winback")
        self.finder = self.box.credential("finder", "delivery", "order-fulfilment", domain="winback")
        self.desk = self.box.credential("desk", "customer_service", "consent-capture", domain="winback")
        self.courier = self.box.credential("courier", "crm_module", "delivery", domain="courier")
        self.clerk = {"VELUM_TOKEN_FILE": self.write("clerk", self.box.on_data(
            "credential", "add", "clerk", "--kind", "human", "--role", "dpo", "--activity",
            "request-intake,requests,approvals", "--domain", "crm").out)}
        self.refusals = []
        self.commands = []
        self.count = 0

    # --- letting them in ---------------------------------------------------------------------------

    def send(self, client, method, target, token=None, body=None, headers=None, allowed=False):
        """Sends, and keeps the answer to be searched unless the decision allowed it."""
        reply = client.ask(method, target, token, body, headers)
        if not (allowed and reply.status == 200):
            self.refusals.append((f"{method} {target}", reply))
        self.count += 1
        return reply

    def run_command(self, *words, allowed=False, **options):
        """Runs it, and keeps what it said to be searched unless the decision allowed it."""
        done = self.box.on_data(*words, check=False, **options)
        if not (allowed and done.code == 0):
            self.commands.append((words, done))
        return done

    def write(self, name, content):
        path = os.path.join(self.box.top, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(path, 0o600)
        return path

    def profile(self):
        c = self.canary
        return {
            "name": c("profile name"), "city": c("profile city"), "address": c("profile address"),
            "member_level": c("profile level"), "email": c("profile email") + "@example.org",
            "mobile": c.digits("profile mobile", "139", 11), "birthday": "1990-05-17",
            "id_card": c.id_card("profile id card"),
            "bank_card": c.digits("profile bank card", "62258", 19),
            "store": c("attribute store"), "region": c("attribute region"),
        }

    def send_profiles(self, client):
        """What is accepted: identifiers of each type and a whole profile. The subject's ref."""
        c, orders = self.canary, self.box.orders
        identifiers = [{"type": "ext:" + c("ext type").lower(), "value": c("ext value")},
                       {"type": "mobile", "value": c.digits("identifier mobile", "138", 11)},
                       {"type": "email", "value": c("identifier email") + "@Example.org"},
                       {"type": "id_card", "value": c.id_card("identifier id card")}]
        body = {"identifiers": identifiers, "profile": self.profile()}
        reply = self.send(client, "POST", "/v1/subjects", orders, body)
        for one in identifiers:
            self.send(client, "POST", "/v1/subjects/lookup", orders, {"identifier": one})
        if reply.status != 200:
            return None
        ref = reply.json()["subject"]
        seen = self.send(client, "GET", f"/v1/subjects/{ref}", orders, allowed=True)
        if seen.status == 200:  # they are there: the search below is not for nothing
            self.assertIn(body["profile"]["address"].encode(), seen.body)
        odd = {"identifiers": identifiers[:1], "profile": {c("unknown field"): c("unknown value"),
                                                           "birthday": c("no date"),
                                                           "city": ["x", c("in an array")]}}
        self.send(client, "POST", "/v1/subjects", orders, odd)
        return ref

    def send_to_subject(self, client, ref):
        c, care, capture = self.canary, self.box.care, self.box.capture
        path = f"/v1/subjects/{ref}"
        for target in (f"{path}?fields=name,{c('fields')}", f"{path}?activity={c('activity')}",
                       f"{path}?{c('parameter')}=1", f"{path}?fields={c('double')}&fields=name",
                       f"{path}?activity=customer-care&{c('parameter alone')}",
                       f"{path}/{c('path below')}", f"{path}#{c('fragment')}"):
            self.send(client, "GET", target, care)
        for body in ({"purpose": c("purpose"), "state": "given"},
                     {"purpose": "direct-marketing", "state": c("state")},
                     {"purpose": "direct-marketing", "state": "given", "language": c("language")},
                     {"purpose": "direct-marketing", "state": "given", c("member"): 1},
                     {"purpose": {c("purpose object"): c("inside")}, "state": "given"}):
            self.send(client, "POST", path + "/consents", capture, body)
        self.send(client, "GET", path, care, headers={"X-Request-Id": c("request id")}, allowed=True)
        self.send(client, "GET", path, self.box.marketing, headers={"X-Request-Id": c("id 2")},
                  allowed=True)

    def send_nonsense(self, client):
        c, care, orders = self.canary, self.box.care, self.box.orders
        for target in (f"/v1/subjects/{c('ref')}", f"/{c('path')}", f"/v1/me/{c('path of me')}",
                       f"/v1/subjects/{c('domain')}:R4MC22YGSMHE24013P6XQ0K2502",
                       f"/v1/subjects/%{c('percent')}", f"/healthz?{c('health parameter')}=1"):
            self.send(client, "GET", target, care)
        self.send(client, c("method").upper(), "/v1/me", care)
        for value in (f"Bearer {c('token')}", f"Bearer velum_{c('velum token')}",
                      f"Bearer velum_me_{c('customer token')}", f"Basic {c('basic')}",
                      c("scheme")):
            self.send(client, "GET", "/v1/me", headers={"Authorization": value})
        for name in ("Cookie", "User-Agent", "Content-Type", "X-Forwarded-For", "Host", "Referer",
                     "X-Request-Id", "Accept", "Content-Encoding"):
            self.send(client, "GET", f"/v1/subjects/{'R' * 27}", care,
                      headers={name: c(f"header {name}")})
        self.send(client, "GET", "/v1/me", care, headers={c("header name"): "1"})
        for body in (f'{{"{c("broken name")}": ', f'"{c("a string")}"', c("no JSON"),
                     f'{{"identifier": {{"type": "{c("identifier type")}", "value": "v"}}}}',
                     f'{{"identifier": {{"type": "email", "value": "{c("bad email")}"}}}}',
                     f'{{"identifier": {{"type": "mobile", "value": "{c("bad mobile")}"}}}}',
                     f'{{"identifier": {{"type": "ext:x", "value": "v", "{c("third")}": 1}}}}',
                     f'{{"{c("twice")}": 1, "identifier": 1, "identifier": 1}}',
                     "[" * 40 + f'"{c("deep")}"' + "]" * 40, f'{{"a": "{c("long") * 5000}"}}'):
            self.send(client, "POST", "/v1/subjects/lookup", care, body.encode())
            self.send(client, "POST", "/v1/subjects", orders, body.encode())

    def send_requests(self, client, ref):
        """What people ask under the law, by a service that takes it in. The id of one."""
        c, intake = self.canary, self.intake
        letter = {"right": "access", "subject": ref}
        made = self.send(client, "POST", "/v1/requests", intake,
                         letter | {"details": c("details of a request")})
        for details in ("more details", "details of one who is joined"):
            self.send(client, "POST", "/v1/requests", intake, letter | {"details": c(details)})
        self.send(client, "POST", "/v1/requests", intake, {
            "right": "opt-out", "details": c("details of a stranger"),
            "identifier": {"type": "mobile", "value": c.digits("mobile of a stranger", "137", 11)}})
        for odd in ({"right": c("right")}, {"subject": c("subject of a request")},
                    {"right": "delete", "categories": [c("category")]},
                    {"jurisdictions": [c("jurisdiction")]}, {"received": c("received")},
                    {"verified": {"method": c("method of proof")}},
                    {"verified": {"method": "document", "at": c("time of proof")}},
                    {"verified": {"method": "document", c("member of proof"): 1}},
                    {c("member of a request"): 1}, {"details": c("too long") * 400},
                    {"details": c("with a control") + "\x1b"}):
            self.send(client, "POST", "/v1/requests", intake, letter | odd)
        for target in (f"/v1/requests/{c('request')}", f"/v1/requests/{'0' * 32}?{c('of a query')}=1"):
            self.send(client, "GET", target, intake)
        self.send(client, "POST", f"/v1/requests/{c('cancelled')}/cancel", intake)
        id_ = made.json().get("request", "0" * 32) if made.status == 200 else "0" * 32
        self.send(client, "GET", f"/v1/requests/{id_}", intake)
        self.send(client, "GET", f"/v1/requests/{id_}", self.box.care)
        return id_

    def send_changes(self, client, ref):
        """Patches, reads with more said, consents with evidence, approvals."""
        c, box = self.canary, self.box
        path = f"/v1/subjects/{ref}"
        self.send(client, "PATCH", path, box.orders, {"city": c("patched city")})
        for body, headers in (({"city": c("city for a version")}, {"If-Match": '"999"'}),
                              ({"city": c("city with a tag")}, {"If-Match": c("tag")}),
                              ({"city": c("city with a weak tag")}, {"If-Match": f'W/"{c("weak")}"'}),
                              ({c("patched field"): "x"}, {}), ({"city": {c("patched in"): 1}}, {}),
                              ({"birthday": c("patched day")}, {})):
            self.send(client, "PATCH", path, box.orders, body, headers=headers)
        for more in ({"fields": [c("field read")]}, {"reason_code": c("reason code")},
                     {"approval": c("approval")}, {"activity": c("activity read")}):
            self.send(client, "POST", path + "/read", box.care,
                      {"activity": "customer-care", "fields": ["name"]} | more, allowed=True)
        given = {"purpose": "analytics", "state": "given"}
        for more in ({"evidence": c("evidence")}, {"notice": c("notice")}, {"given": c("given")},
                     {"assisted_by": c("assistant")}, {"verified": c("verified")}):
            self.send(client, "POST", path + "/consents", box.capture, given | more)
        self.send(client, "POST", path + "/consents", box.capture,
                  {"consents": [given, {"purpose": c("second purpose"), "state": "given"}]})
        self.send(client, "POST", path + "/consents", box.capture, {"all": True, "state": c("all")})
        asked = {"kind": "minor", "subject": ref, "fields": ["name"]}
        self.send(client, "POST", "/v1/approvals", box.care, asked)
        for more in ({"kind": c("kind")}, {"subject": c("subject of an approval")},
                     {"fields": [c("field of an approval")]}, {"what": c("what")},
                     {"reason_code": c("code of an approval")}, {c("member of an approval"): 1}):
            self.send(client, "POST", "/v1/approvals", box.care, asked | more)
        self.send(client, "GET", f"/v1/approvals?state={c('state of approvals')}", box.care)
        self.send(client, "GET", f"/v1/approvals/{c('approval shown')}", box.care)
        self.send(client, "POST", f"/v1/approvals/{'0' * 32}", box.care, {"decision": c("decision")})
        for where in (ref, c("retained")):
            self.send(client, "GET", f"/v1/subjects/{where}/retained", box.care)

    def send_own(self, client, ref):
        """By the customer, with a token of their own."""
        c = self.canary
        me = self.box.on_data("credential", "customer", f"crm:{ref}", check=False).out.strip()
        for target in (f"/v1/me?category={c('own category')}", f"/v1/me?{c('own parameter')}=1",
                       f"/v1/me/accesses?from={c('from')}", f"/v1/me/accesses?{c('of accesses')}=1",
                       f"/v1/me/proof/{c('proof')}", "/v1/me/accesses", "/v1/me/proof/0"):
            self.send(client, "GET", target, me)
        for body in ({"right": "correct", "details": c("own details")}, {"right": c("own right")},
                     {"right": "delete", "categories": [c("own categories")]},
                     {"right": "not-me", "identifier": {"type": "email", "value": c("mine") + "@e.org"}},
                     {"right": "correct", "subject": c("another")}):
            self.send(client, "POST", "/v1/me/requests", me, body)
        self.send(client, "POST", f"/v1/me/requests/{c('own request')}/cancel", me)
        self.send(client, "POST", "/v1/me/consents", me, {"purpose": c("own purpose"), "state": "given"})
        for target in ("/v1/me", "/v1/me/requests", "/v1/me/consents"):
            seen = self.send(client, "GET", target, me, allowed=True)
            if seen.status == 200 and target == "/v1/me/requests":  # they are there
                self.assertIn(b"Kanari", seen.body)

    def send_messages(self, client):
        """What a module may say of a message, and a courier of its end; names of a flow are kept as a hash
        alone, and nothing of what is handed out stays."""
        c = self.canary
        made = self.send(client, "POST", "/v1/subjects", self.finder, {
            "identifiers": [{"type": "ext:written", "value": c("written to")}], "profile": self.profile()})
        ref = made.json()["subject"] if made.status == 200 else "R4MC22YGSMHE24013P6XQ0K2502"
        self.send(client, "POST", f"/v1/subjects/{ref}/consents", self.desk,
                  {"purpose": "direct-marketing", "state": "given"})
        place = {"template": "winback", "flow": c("flow"), "node": c("node"), "occurrence": c("occurrence")}
        for body in (place, place | {"ref": ref}, place | {"refs": [c("message ref")]},
                     place | {"template": c("template"), "ref": ref}, place | {c("message member"): 1},
                     place | {"flow": c("flow with a blank") + " x", "ref": ref}):
            self.send(client, "POST", "/v1/messages", self.writer, body)
        self.send(client, "GET", f"/v1/messages?state={c('message state')}", self.writer)
        self.send(client, "GET", f"/v1/messages/{c('message id')}", self.writer)
        given = self.send(client, "POST", "/v1/courier/messages/next", self.courier, {}, allowed=True)
        self.send(client, "POST", "/v1/courier/messages/next", self.courier, {"limit": c("taken limit")})
        for one in given.json().get("messages", []) + [{"id": "0" * 32}]:
            for body in ({"outcome": c("outcome")}, {"outcome": "failed", "note": c("note of an end").upper()},
                         {"outcome": "sent", c("end member"): 1}, {"outcome": "sent"}):
                self.send(client, "POST", f"/v1/courier/messages/{one['id']}/done", self.courier, body)
            self.send(client, "POST", f"/v1/messages/{one['id']}/opt-out", self.courier)

    def send_raw(self, daemon):
        """What is no HTTP at all; what comes back is a refusal in fixed words."""
        c = self.canary
        for line in (f"{c('raw')}\r\n\r\n", f"GET /{c('raw path')} HTTP/{c('version')}\r\n\r\n",
                     f"GET / HTTP/1.1\r\n{c('header without colon')}\r\n\r\n",
                     f"GET /{c('very long') * 3000} HTTP/1.1\r\nHost: x\r\n\r\n"):
            with socket.create_connection((daemon.host, daemon.port), timeout=20) as connection:
                answer = b""
                try:
                    connection.sendall(line.encode())
                    connection.shutdown(socket.SHUT_WR)
                    while piece := connection.recv(65536):
                        answer += piece
                except OSError:
                    pass
            self.refusals.append((line[:40], _Raw(answer)))

    def command_all(self, ref):
        c = self.canary
        add = ("credential", "add", "--kind", "service")
        usual = ("--role", "delivery", "--activity", "order-fulfilment", "--domain", "crm")
        for words in (
                (*add, c("credential name"), *usual),
                (*add, "ok-name", "--role", c("role"), *usual[2:]),
                (*add, "ok-name", *usual[:3], c("credential activity"), *usual[4:]),
                (*add, "ok-name", *usual[:5], c("credential domain")),
                (*add, "ok-name", *usual, "--expires", c("expires")),
                (*add, "ok-name", *usual, "--uid", c("uid")),
                (*add, "store-name", *usual, "--store", c("store")),
                (*add[:3], c("kind"), "ok-name", *usual),
                ("credential", "revoke", c("revoked name")),
                ("credential", "customer", c("customer ref")),
                ("credential", "customer", f"{c('customer domain')}:{ref}"),
                ("consent", "give", c("consent ref"), "--purpose", "direct-marketing"),
                ("consent", "give", f"crm:{ref}", "--purpose", c("given purpose")),
                ("consent", "withdraw", f"crm:{ref}", "--purpose", c("withdrawn purpose")),
                ("consent", "give", f"crm:{ref}", "--purpose", "analytics", "--language",
                 c("given language")),
                ("consent", "list", c("listed ref")),
                ("audit", "log", "--subject", c("subject")),
                ("audit", "log", "--subject", f"{c('subject domain')}:{ref}"),
                ("audit", "prove", c("entry")), ("audit", "log", "--limit", c("limit")),
                ("message", "list", "--state", c("listed messages")),
                ("message", "list", "--reason", c("listed reasons")),
                ("message", "list", "--module", c("listed module")), ("message", "show", c("shown message")),
                (c("command"),), ("audit", c("subcommand")), ("status", f"--{c('option')}")):
            self.run_command(*words)
        self.command_requests(ref, self.request)
        self.command_people(ref)

    def command_requests(self, ref, id_):
        """Letters and what an officer makes of them; what they are told stands in files."""
        c = self.canary
        added = self.run_command("request", "add", "--right", "portability", f"crm:{ref}", "--details-file",
                                 self.write("letter", c("letter")), env=self.clerk).out.strip()
        self.run_command("request", "add", "--right", "opt-out", "--identifier-prompt", env=self.clerk,
                         typed=f"mobile\n{c.digits('typed mobile', '136', 11)}\n")
        self.run_command("request", "add", "--right", "opt-out", "--identifier-prompt", env=self.clerk,
                         typed=f"{c('typed type')}\n{c('typed value')}\n")
        for words in (("add", "--right", c("added right"), f"crm:{ref}"),
                      ("add", "--right", "access", f"{c('added domain')}:{ref}"),
                      ("add", "--right", "access", f"crm:{ref}", "--received", c("added time")),
                      ("list", "--state", c("listed state")), ("list", "--right", c("listed right")),
                      ("show", c("shown")), ("verify", id_, "--method", c("verified method")),
                      ("verify", id_, "--method", "document"), ("approve", id_, "--approval", c("agreed")),
                      ("answer", id_, "--note-file", self.write("note", c("answer"))),
                      ("extend", id_, "--details-file", self.write("why", c("extension"))),
                      ("task", id_, c("processor"), "done"), ("task", id_, "crm", c("task state")),
                      ("task", id_, "crm", "failed", "--error", c("task error")),
                      ("deny", id_, "--reason", c("denial")), ("list",), ("list", "--csv"), ("list", "--json"),
                      ("deny", id_, "--reason", "no_match", "--note-file", self.write("no", c("denial note")))):
            self.run_command("request", *words)
        for one in (id_, added):
            self.run_command("request", "show", one, "--json", allowed=True)

    def command_people(self, ref):
        """Approvals, policies with notes, the ways back from a token, a configuration."""
        c = self.canary
        policy = os.path.join(self.box.top, "policy")
        if not os.path.exists(policy):
            shutil.copytree(os.path.join(TOP, "policy", "sample"), policy)
            with open(os.path.join(policy, "policy.yaml"), "a", encoding="utf-8") as file:
                file.write("# Another text, and so another hash.\n")
        for note in ("note", "the note of one who proposes again"):
            self.run_command("policy", "propose", policy, "--note", c(note), allowed=True)
        self.run_command("policy", "list", "--json", allowed=True)
        config = self.write("velum.yaml", f"velum-config: 1\nlisten: {c('listen')}\n{c('key')}: 1\n"
                                          f"log-level: {c('level')}\nroot: {{{c('root')}: 1}}\n")
        for words in (
                ("config", "check", config), ("config", "show", "--config", config),
                ("policy", "activate", c("hash")), ("policy", "approve", c("approved hash")),
                ("policy", "rollback", c("earlier hash")), ("policy", "diff", c("one"), c("other")),
                ("policy", "files", c("files"), self.box.top), ("policy", "shadow", c("shadow")),
                ("approval", "list", "--state", c("listed approvals")), ("approval", "show", c("shown approval")),
                ("approval", "agree", "0" * 31 + "1"), ("approval", "refuse", c("refused approval")),
                ("audit", "resolve", c("resolved")), ("audit", "resolve", "0" * 32, "--month", c("month")),
                ("audit", "resolve", "0" * 32, "--month", "202611", "--domain", c("resolved domain")),
                ("audit", "explain", c("explained")), ("audit", "log", "--actor", c("actor")),
                ("audit", "log", "--store", c("log store")), ("audit", "log", "--reason", c("log reason")),
                ("audit", "who-saw", "--subject", c("seen")), ("credential", "rotate", c("rotated")),
                ("subject", "hold", c("held")), ("subject", "release", f"{c('released')}:{ref}"),
                ("subject", "retained", c("kept")), ("subject", "erase", c("erased"), "--yes"),
                ("subject", "erase", f"crm:{ref}", "--preview", "--category", c("erased category")),
                ("certificate", "get", c("certificate")),
                ("consent", "report", "--min-grade", c("grade")),
                ("consent", "report", "--min-grade", "self", "--purpose", c("reported purpose")),
                ("upgrade", "--check", c("folder"))):
            self.run_command(*words)
        for forged in ("{%s}", '{"certificate": "%s"}'):
            path = self.write("forged", forged % c("forged"))
            done = self.box.velum("certificate", "verify", path, check=False)
            self.commands.append((("certificate", "verify"), done))
            self.assertEqual(done.code, 5)
        for words, typed in ((("who-saw",), c("asked for")), (("who-saw", "--type", c("asked type")), "x"),
                             (("who-saw", "--field", c("asked field")), "13900001111"),
                             (("who-saw",), c("asked mail") + "@example.org")):
            self.run_command("audit", *words, typed=typed + "\n")

    def import_consents(self):
        c = self.canary
        path = self.write("consents.csv", "type,value,purpose,state,given,evidence," + c("odd column") + "\n" + "".join(
            f"ext:shop,{value},{purpose},{state},{given},{evidence},{c('beside')}\n"
            for value, purpose, state, given, evidence in (
                (c("consent key"), "analytics", "given", "2025-12-24", c("consent evidence")),
                ("k", c("consent purpose"), "given", "2025-12-24", "e"),
                ("k", "analytics", c("consent state"), "2025-12-24", "e"),
                ("k", "analytics", "given", c("consent time"), "e"))))
        done = self.run_command("consent", "import", path, "--language", "zh", "--notice",
                                self.write("old.md", "# Notice of old\n"))
        if done.code == 0:
            with open(path + ".rejected.csv", "rb") as file:
                self.search(file.read(), "consents.csv.rejected.csv", ())

    def import_file(self):
        """A file whose header, accepted rows, rejected rows and broken rows hold canaries."""
        c = self.canary
        column = c("import column")
        rows = [f"{column},the name,the city,{c('unused column')}",
                f"{c('import key')},{c('import name')},{c('import city')},{c('unused value')}",
                f",{c('row without key')},x,y", f"{c('key of a long row')},a,b,c,{c('too much')}",
                f"\"{c('open quote')}"]
        for name, lines in (("good.csv", rows[:3]), ("bad.csv", rows)):
            path = os.path.join(self.box.top, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
            with open(path + ".map", "w", encoding="utf-8") as file:
                file.write(MAP.replace("COLUMN", column))
            done = self.run_command("import", path, "--map", path + ".map")
            if name == "good.csv":
                self.assertIn("1 rejected", done.out, done.err)  # the other row went in
        self.run_command("import", os.path.join(self.box.top, "good.csv"), "--map",
                         os.path.join(self.box.top, "good.csv"))

    # --- looking for them --------------------------------------------------------------------------

    def search(self, data, where, encoded):
        """Searches bytes for every word, and for two of them in every form."""
        low = data.lower()
        for word, place in self.canary.words.items():
            self.assertNotIn(word.lower().encode(), low, f"{place} stands in {where}")
        for word in encoded:
            for form in forms(word):
                self.assertNotIn(form, data, f"{self.canary.words[word]} stands in {where}")

    def search_all(self, daemon):
        words = {place: word for word, place in self.canary.words.items()}
        encoded = (words["profile name"], words["profile mobile"])
        searched = 0
        for path, data in all_files(self.box.data):
            name = os.path.relpath(path, self.box.data)
            self.search(data, name, encoded)
            self.search(name.encode(), "the name of a file", ())
            searched += 1
        for name in os.listdir(self.box.top):
            if name.endswith((".rejected.csv", ".merged.csv", ".json")):
                with open(os.path.join(self.box.top, name), "rb") as file:
                    self.search(file.read(), name, ())
        self.assertGreaterEqual(searched, 7)  # lock, keyring, two databases, three of the log
        self.search(daemon.said().encode(), "stdout of velumd", encoded)
        self.search(daemon.errors().encode(), "stderr of velumd", encoded)
        for what, reply in self.refusals:
            headers = "\n".join(f"{k}: {v}" for k, v in reply.headers.items())
            where = f"the answer {reply.status} to {re.sub('Kanari[a-z]+', '…', what)[:80]}"
            self.search(headers.encode() + b"\n" + reply.body, where, ())
        for words, done in self.commands:
            where = f"what `velum {' '.join(words[:2])}` said"
            self.search((done.out + done.err).encode(), where, ())

    def let_all_in(self, daemon):
        client = daemon.main_client
        ref = self.send_profiles(client)
        if ref is not None:
            self.send_to_subject(client, ref)
        ref = ref or "R4MC22YGSMHE24013P6XQ0K2502"
        self.send_changes(client, ref)
        self.send_own(client, ref)
        self.request = self.send_requests(client, ref)
        self.send_messages(client)
        self.send_nonsense(client)
        self.send_raw(daemon)
        return ref

    # --- tests -------------------------------------------------------------------------------------

    def test_no_word_is_found(self):
        daemon = self.box.daemon()
        ref = self.let_all_in(daemon)
        kinds = {entry["type"] for entry in self.box.log("--subject", f"crm:{ref}")}
        self.assertLessEqual({"upsert", "lookup", "read", "consent", "request", "access-log"}, kinds)
        self.command_all(ref)
        self.import_file()
        self.import_consents()
        self.search_all(daemon)  # while it runs, with the write-ahead logs
        self.assertTrue(os.path.exists(os.path.join(self.box.data, "vault.db-wal")))
        daemon.kill()
        self.search_all(daemon)  # as a death leaves it
        daemon = self.box.daemon()
        self.assertEqual(daemon.stop(), 0)
        self.command_all(ref)    # the command in its own process
        self.import_file()
        self.import_consents()
        self.search_all(daemon)
        kinds = {entry["type"] for entry in self.box.log()}  # it was accepted
        self.assertLessEqual({"request", "policy", "import", "access-log"}, kinds)
        self.erase(ref)
        self.search_all(daemon)
        self.assertGreater(len(self.canary.words), 250)
        self.assertGreater(self.count, 120)

    def erase(self, ref):
        """What a certificate says, which stands in the open, and what is left of the person."""
        path = os.path.join(self.box.top, "certificate.json")
        done = self.run_command("subject", "erase", f"crm:{ref}", "--yes", "--out", path)
        self.assertEqual(done.code, 0, done.err)
        self.assertGreater(os.path.getsize(path), 500)
        for words in ((), ("--json",)):
            self.commands.append((("certificate", "verify"), self.box.velum("certificate", "verify", path, *words)))
        self.run_command("subject", "retained", f"crm:{ref}", allowed=True)
        self.run_command("audit", "log", "--subject", f"crm:{ref}", "--json")

    def test_a_configuration_is_not_repeated(self):
        """By velumd that does not start with it."""
        c = self.canary
        for line in (f"{c('key of velumd')}: 1", f"listen: {c('listen of velumd')}", f"data: {c('data')}",
                     f"log-level: {c('level of velumd')}", f"root: {{file: {c('root of velumd')}}}",
                     f"workers: {c('workers')}", f"\"{c('open')}"):
            path = self.write("velumd.yaml", f"velum-config: 1\n{line}\n")
            done = subprocess.run([VELUMD, "--config", path], capture_output=True, timeout=60, check=False,
                                  stdin=subprocess.DEVNULL, env=self.box.environment, cwd=self.box.top)
            self.assertNotEqual(done.returncode, 0)
            self.assertTrue(done.stderr)
            self.search(done.stdout + done.stderr, f"what velumd said of {line.split(':')[0]}", ())

    def test_an_upgrade_leaves_nothing_in_the_open(self):
        """Of a folder of the version before: in the folder, its backup and what is said."""
        golden = os.path.join(TOP, "tests", "golden", "folder-v1")
        shutil.rmtree(self.box.data)
        shutil.copytree(os.path.join(golden, "data"), self.box.data)
        for path, _ in all_files(self.box.data):
            os.chmod(path, 0o600)
        os.chmod(self.box.data, 0o700)
        backup = os.path.join(self.box.top, "backup")
        os.mkdir(backup, 0o700)
        done = self.run_command("upgrade", "--apply", "--backup", backup)
        self.assertEqual(done.code, 0, done.err)
        with open(os.path.join(golden, "expected.json"), encoding="utf-8") as file:
            expected = json.load(file)
        daemon = self.box.daemon()
        seen = expect(daemon.ask("GET", f"/v1/subjects/{expected['adult']}", expected["shop"]), 200).json()
        held = [value for value in seen["fields"].values() if isinstance(value, str) and len(value) > 7]
        self.assertGreater(len(held), 1)
        self.canary.words |= {value: "a value from before" for value in held}
        self.canary.words |= {expected[name]: "a token from before" for name in ("shop", "care", "desk")}
        files = [*all_files(self.box.data), *all_files(backup)]
        self.assertGreater(len(files), 8)
        for path, data in files:
            self.search(data, os.path.relpath(path, self.box.top), held)
        self.search(daemon.errors().encode(), "stderr of velumd", held)
        self.search((done.out + done.err).encode(), "what the upgrade said", held)

    def test_no_word_is_found_where_things_fail(self):
        if not has_seams():
            self.skipTest("this build has no seams for faults")
        for plan in ("sql:500+:eio", "sql:700:eio", "write:60+:enospc", "sync:45+:eio"):
            self.refusals, self.commands = [], []
            daemon = self.box.daemon(faults=plan)
            ref = self.let_all_in(daemon)
            self.command_all(ref)
            self.search_all(daemon)
            daemon.kill()
            self.search_all(daemon)

    def test_the_search_finds(self):
        """Each form of a word, in a file of the folder, is found."""
        word = self.canary("profile name")
        self.canary.words["13911112222"] = "profile mobile"
        daemon = self.box.daemon()
        self.search_all(daemon)
        shutil.copy(os.path.join(self.box.data, "vault.db"), os.path.join(self.box.data, "copy"))
        for form in forms(word):
            for path in ("copy", "audit/tail-00000000000000000000"):
                with open(os.path.join(self.box.data, path), "r+b") as file:
                    file.seek(5001)
                    before = file.read(len(form))
                    file.seek(5001)
                    file.write(form)
                    file.flush()
                    with self.assertRaises(AssertionError):
                        self.search_all(daemon)
                    file.seek(5001)
                    file.write(before)
        self.search_all(daemon)


class _Raw:
    status = "raw"
    headers = {}

    def __init__(self, body):
        self.body = body


if __name__ == "__main__":
    need_products()
    unittest.main()
