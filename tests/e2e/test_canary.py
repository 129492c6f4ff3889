#!/usr/bin/env python3
"""Unique words in every string that a caller can send, and then a search for them: in every file of
the data folder, in what velumd says, in every refusal (I-5). Only an answer that the decision
allowed, and what sealed data hides, may hold them."""
import base64
import os
import random
import re
import shutil
import socket
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from velum_test import Box, expect, has_seams, need_products, seeded  # noqa: E402

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

    def run_command(self, *words):
        done = self.box.on_data(*words, check=False)
        self.commands.append((words, done))
        return done

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
                (c("command"),), ("audit", c("subcommand")), ("status", f"--{c('option')}")):
            self.run_command(*words)

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
            self.search(data, os.path.relpath(path, self.box.data), encoded)
            searched += 1
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
        self.send_nonsense(client)
        self.send_raw(daemon)
        return ref or "R4MC22YGSMHE24013P6XQ0K2502"

    # --- tests -------------------------------------------------------------------------------------

    def test_no_word_is_found(self):
        daemon = self.box.daemon()
        ref = self.let_all_in(daemon)
        kinds = {entry["type"] for entry in self.box.log("--subject", f"crm:{ref}")}
        self.assertLessEqual({"upsert", "lookup", "read", "consent"}, kinds)  # it was accepted
        self.command_all(ref)
        self.import_file()
        self.search_all(daemon)  # while it runs, with the write-ahead logs
        self.assertTrue(os.path.exists(os.path.join(self.box.data, "vault.db-wal")))
        daemon.kill()
        self.search_all(daemon)  # as a death leaves it
        daemon = self.box.daemon()
        self.assertEqual(daemon.stop(), 0)
        self.command_all(ref)    # the command in its own process
        self.import_file()
        self.search_all(daemon)
        self.assertGreater(len(self.canary.words), 120)
        self.assertGreater(self.count, 50)

    def test_no_word_is_found_where_things_fail(self):
        if not has_seams():
            self.skipTest("this build has no seams for faults")
        for plan in ("sql:300+:eio", "sql:500:eio", "write:40+:enospc", "sync:30+:eio"):
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
