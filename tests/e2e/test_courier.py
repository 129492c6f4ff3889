#!/usr/bin/env python3
"""A message and a webhook from what happens to a customer to the outside and back into the log, through a
real velumd and a real velum-courier; and a courier that dies in between."""
import base64
import glob
import hashlib
import hmac
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "gateway"), os.path.join(HERE, "..", "support")]
import outside  # noqa: E402
from support import VELUM, Daemon, Folder, run, skip_without_products  # noqa: E402

TOP = os.environ.get("VELUM_TOP", os.path.join(HERE, "..", ".."))
COURIER = os.path.join(os.environ.get("VELUM_BUILD", "build/test"), "velum-courier")
TIMEOUT_S = 120
EPOCH_NS = 1795262400 * 10**9
LEASE_NS = 601 * 10**9
MOBILE = "13800005678"


class Courier(unittest.TestCase):
    def setUp(self):
        self.times = tempfile.mkdtemp(prefix="velum-clock.")
        self.addCleanup(shutil.rmtree, self.times, ignore_errors=True)
        self.clock = os.path.join(self.times, "clock")
        self.set_clock(EPOCH_NS)
        os.environ["VELUM_TEST_CLOCK"] = self.clock
        self.addCleanup(os.environ.pop, "VELUM_TEST_CLOCK", None)
        self.folder = Folder(customers=0)
        self.addCleanup(self.folder.remove)
        self.apply_without_quiet_hours()
        names = ("shop", "crm", "winback")
        self.orders = {name: self.folder.credential(f"orders-{name}", "delivery", "order-fulfilment", name)
                       for name in names}
        self.capture = self.folder.credential("capture", "customer_service", "consent-capture")
        self.module = self.folder.credential("winback", "crm_module", "winback", "winback")
        self.token = os.path.join(self.folder.top, "token")
        with open(os.open(self.token, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(self.folder.credential("courier", "delivery", "delivery", "outside"))
        self.daemon = Daemon(self.folder)
        self.addCleanup(self.daemon.stop)

    def set_clock(self, wall_ns):
        with open(self.clock + ".new", "w", encoding="ascii") as file:
            file.write(str(wall_ns))
        os.rename(self.clock + ".new", self.clock)

    def apply_without_quiet_hours(self):
        policy = os.path.join(self.folder.top, "policy")
        shutil.copytree(os.path.join(TOP, "policy", "sample"), policy)
        path = os.path.join(policy, "policy.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        changed = text.replace('    quiet: "21:00-09:00"\n', "").replace("messages: 3, days: 7", "messages: 99, days: 1")
        self.assertNotEqual(text, changed)
        with open(path, "w", encoding="utf-8") as file:
            file.write(changed)
        run(VELUM, "--data", self.folder.path, "policy", "apply", policy)

    def post(self, target, token, body):
        reply = self.daemon.ask("POST", target, token, body, ["Content-Type: application/json"])
        self.assertEqual(reply.status, 200, reply.raw)
        return reply.json()

    def customer(self, number):
        """The references of one customer in each domain, who agreed to marketing."""
        body = {"identifiers": [{"type": "ext:shop", "value": str(number)}],
                "profile": {"name": "王小红", "mobile": MOBILE, "birthday": "1990-05-06"}}
        refs = {name: self.post("/v1/subjects", token, body)["subject"] for name, token in self.orders.items()}
        self.post(f"/v1/subjects/{refs['shop']}/consents", self.capture,
                  {"purpose": "direct-marketing", "state": "given"})
        return refs

    def ask_for(self, ref, occurrence):
        asked = self.post(f"/v1/subjects/{ref}/messages", self.module,
                          {"template": "winback", "flow": "f", "node": "n", "occurrence": occurrence})["messages"][0]
        self.assertEqual(asked["state"], "queued", asked)
        return asked["id"]

    def state(self, id_):
        return json.loads(run(VELUM, "--data", self.folder.path, "message", "show", id_, "--json").stdout)["state"]

    def deliver(self, *arguments, code=0, **environment):
        done = subprocess.run([COURIER, "--data", self.folder.path, "--token-file", self.token, "--once", *arguments],
                              capture_output=True, text=True, timeout=TIMEOUT_S, env={**os.environ, **environment})
        if code is not None:
            self.assertEqual(done.returncode, code, done.stderr)
        for secret in (MOBILE, "王小红", "悦生活"):
            self.assertNotIn(secret, done.stdout + done.stderr)
        return done

    def outbox(self):
        return {os.path.basename(path)[:-5]: path for path in glob.glob(self.folder.path + "/outbox/*.json")}

    def hooks(self):
        return json.loads(run(VELUM, "--data", self.folder.path, "hook", "list", "--json").stdout)["hooks"]

    def log(self, kind):
        done = run(VELUM, "--data", self.folder.path, "audit", "log", "--type", kind, "--json")
        return json.loads(done.stdout)["entries"]

    def test_a_message_goes_out_and_its_outcome_comes_back(self):
        refs = self.customer(1)
        id_ = self.ask_for(refs["winback"], "2026-11")
        self.deliver()
        self.assertEqual((list(self.outbox()), self.state(id_)), ([id_], "sent"))
        with open(self.outbox()[id_], encoding="utf-8") as file:
            message = json.load(file)
        self.assertEqual((message["to"], message["sender"]), (MOBILE, "悦生活"))
        self.assertIn("王小红", message["text"])
        self.deliver()
        self.assertEqual(len(self.outbox()), 1)

    def test_a_webhook_tells_a_pseudonym_and_verifies(self):
        authority = os.path.join(self.folder.top, "authority")
        os.mkdir(authority)
        ca = outside.make_authority(authority)
        server = outside.WebServer(outside.server_context(authority))
        self.addCleanup(server.stop)
        config = os.path.join(self.folder.top, "courier.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write(f"velum-courier: 1\nhooks:\n  crm: {{url: 'https://localhost:{server.port}/ok', ca-file: {ca}}}\n"
                       f"allow: [{{host: 'localhost:{server.port}', private: true}}]\n")
        os.chmod(config, 0o600)
        refs = self.customer(1)
        self.deliver("--config", config)
        (_, headers, body), = server.posts
        told = json.loads(body)
        self.assertEqual((told["type"], told["data"]), ("consent.changed", {"subject": refs["crm"],
                                                                           "purpose": "direct-marketing"}))
        secret = run(VELUM, "--data", self.folder.path, "hook", "secret", "crm").stdout.strip()
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mac = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
        self.assertEqual(headers["webhook-signature"], "v1," + base64.b64encode(mac).decode())
        self.assertEqual(self.hooks(), [])
        self.assertEqual([one["stage"] for one in self.log("hook")], ["intent", "outcome"])
        for one in self.log("hook"):
            told = run(VELUM, "--data", self.folder.path, "audit", "explain", one["id"]).stdout
            self.assertIn("told a receiver outside", told)
            self.assertIn("That policy gives the same decision", told.replace("\n", " "))
            self.assertEqual((one["hook"], one["event"], one["attempt"]), ("crm", "consent.changed", 1))
        for known in (refs["shop"], refs["winback"], MOBILE, "王小红"):
            self.assertNotIn(known.encode(), body)

    def test_what_has_no_address_waits_and_is_shown(self):
        self.customer(1)
        self.deliver()
        (one,) = self.hooks()
        self.assertEqual((one["hook"], one["event"], one["state"], one["attempts"]),
                         ("crm", "consent.changed", "waiting", 0))  # nobody took it

    def test_a_courier_that_dies_leaves_no_doubt_unsaid(self):
        """Killed at each write: what the gate calls sent is there once, the rest is unknown, and nothing twice."""
        number, ended, now, ids = 0, False, EPOCH_NS, []
        while not ended and number < 20:
            number += 1
            ids.append(self.ask_for(self.customer(number)["winback"], "2026-11"))
            done = self.deliver(code=None, VELUM_TEST_FAULT=f"write:{number}:kill")
            ended = done.returncode != -signal.SIGKILL
            now += LEASE_NS
            self.set_clock(now)
            deadline = time.monotonic() + TIMEOUT_S
            while self.state(ids[-1]) == "taken":
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.1)
            self.deliver()
            self.assertIn(self.state(ids[-1]), ("sent", "unknown"))
        self.assertGreater(number, 3)
        for id_ in ids:
            if self.state(id_) == "sent":
                self.assertIn(id_, self.outbox())
        self.assertTrue(any(self.state(id_) == "unknown" for id_ in ids))


if __name__ == "__main__":
    skip_without_products()
    if not os.access(COURIER, os.X_OK):
        print("skipped: there is no velum-courier in this build")
        sys.exit(77)
    unittest.main(verbosity=0)
