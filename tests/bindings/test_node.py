"""Velum in a Node.js program, in process and through velumd: each scenario of scenarios.js by itself."""
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

import host
from host import BUILD, CANARY, LIMIT_S, MOBILE, NODE, PERSON, TOP, Shop
from support import VELUM, Daemon, run

import velum

KOFFI = os.path.join(TOP, "build", "deps", "koffi")
SCENARIOS = os.path.join(TOP, "tests", "bindings", "scenarios.js")


def skip_without_node():
    if shutil.which("node") is None:
        print("skipped: there is no node")
        sys.exit(77)
    if int(run("node", "-p", "process.versions.node").stdout.split(".")[0]) < 18:
        print("skipped: node is older than 18")
        sys.exit(77)
    got = subprocess.run(["tools/koffi.sh", KOFFI], cwd=TOP, capture_output=True, text=True, timeout=LIMIT_S)
    if got.returncode != 0:
        print(f"skipped: {got.stderr.strip().splitlines()[-1] if got.stderr.strip() else 'koffi cannot be had'}")
        sys.exit(77)


def setUpModule():
    global shop, ref
    shop = Shop()
    with velum.Gate(shop.path) as gate:
        ref = gate.call("UPSERT", token=shop.write, body=PERSON).result()["subject"]


def tearDownModule():
    shop.remove()


def node(*arguments, door="process"):
    """Runs a script, which has to end in order and say nothing on stderr."""
    environment = {**os.environ, "NODE_PATH": os.path.join(KOFFI, "node_modules"), "NODE": NODE, "DOOR": door,
                   "TOKEN_READ": shop.read, "TOKEN_WRITE": shop.write, "TOKEN_SEND": shop.send,
                   "VELUM_TOKEN": shop.read, "CANARY": CANARY, "MOBILE": MOBILE}
    done = subprocess.run(["node", "--expose-gc", *arguments], capture_output=True, text=True, timeout=LIMIT_S,
                          env=environment, stdin=subprocess.DEVNULL)
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"ended with {done.returncode}: {done.stderr[-1500:]}")
    return done.stdout


class Both:
    door = ""

    def play(self, name):
        node(SCENARIOS, name, shop.path, ref, door=self.door)

    def test_reads_a_masked_profile(self):
        self.play("reads_a_masked_profile")

    def test_is_refused_by_name(self):
        self.play("is_refused_by_name")

    def test_tells_nothing_in_an_error(self):
        self.play("tells_nothing_in_an_error")

    def test_outlives_in_any_order(self):
        self.play("outlives_in_any_order")

    def test_calls_many_at_once(self):
        self.play("calls_many_at_once")

    def test_closes_under_calls(self):
        self.play("closes_under_calls")

    def test_ends_without_a_word(self):
        self.play("ends_without_a_word")

    def test_serves_worker_threads(self):
        self.play("serves_worker_threads")

    def test_has_children(self):
        self.play("has_children")

    def test_the_example(self):
        said = node(os.path.join(NODE, "examples", "read-profile.js"), shop.path, ref, door=self.door)
        self.assertRegex(said, r"(?m)^mobile: .*\*")


class InProcess(Both, unittest.TestCase):
    door = "process"

    def test_lives_beside_sqlite_and_openssl(self):
        self.play("lives_beside_sqlite_and_openssl")
        self.assertTrue(shop.is_encrypted())
        with open(os.path.join(shop.top, "node-host.db"), "rb") as file:
            self.assertTrue(file.read().startswith(b"SQLite format 3"))
        run(VELUM, "--data", shop.path, "audit", "verify")


class ThroughTheSocket(Both, unittest.TestCase):
    door = "socket"

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(shop)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()


class Package(unittest.TestCase):
    """What is installed is named by its hash and by nobody's address, and is one version."""

    def setUp(self):
        with open(os.path.join(NODE, "package.json"), encoding="utf-8") as file:
            self.package = json.load(file)
        with open(os.path.join(NODE, "package-lock.json"), encoding="utf-8") as file:
            self.text = file.read()
        self.lock = json.loads(self.text)["packages"]

    def test_versions_are_exact_and_hashed(self):
        for name, version in self.package["dependencies"].items():
            self.assertRegex(version, r"^\d+\.\d+\.\d+$")
            self.assertEqual(self.lock["node_modules/" + name]["version"], version)
        for name, entry in self.lock.items():
            self.assertTrue(name == "" or re.match(r"sha512-.{88}$", entry["integrity"]), name)

    def test_no_address_stands_in_the_lock(self):
        self.assertNotRegex(self.text, r"https?:|resolved")

    def test_it_is_as_old_as_its_library(self):
        self.assertEqual({self.package["version"], self.lock[""]["version"]}, {velum.version()})

    def test_its_types_name_what_it_gives(self):
        given = node("-p", f"Object.keys(require({json.dumps(NODE)})).join(' ')").split()
        with open(os.path.join(NODE, "index.d.ts"), encoding="utf-8") as file:
            declared = re.findall(r"(?m)^export (?:class|function) (\w+)", file.read())
        self.assertEqual(sorted(given), sorted(declared))


def main():
    host.skip_without_library()
    skip_without_node()
    unittest.main()


if __name__ == "__main__":
    main()
