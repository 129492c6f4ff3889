"""Velum in a Python program: in process and through velumd."""
import gc
import inspect
import itertools
import os
import re
import select
import sqlite3
import ssl  # noqa: F401  the host's own OpenSSL is loaded first
import subprocess
import sys
import textwrap
import threading
import time
import traceback
import unittest

import host
from host import CANARY, LIMIT_S, MOBILE, PERSON, Shop
from support import Daemon, run, VELUM

import velum


def setUpModule():
    global shop, ref
    shop = Shop()
    with velum.Gate(shop.path) as gate:
        ref = gate.call("UPSERT", token=shop.write, body=PERSON).result()["subject"]


def tearDownModule():
    shop.remove()


def script(source, *arguments, code=0):
    """Runs Python of its own, which has to end with `code` and say nothing on stderr."""
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(source), *arguments], capture_output=True,
                          text=True, timeout=LIMIT_S, stdin=subprocess.DEVNULL)
    if done.returncode != code or done.stderr:
        raise AssertionError(f"ended with {done.returncode}: {done.stderr[-1500:]}")
    return done.stdout


def in_child(work):
    """Runs `work` in a child process made by fork; its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    deadline = time.monotonic() + LIMIT_S
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done == pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    raise AssertionError("the child did not end")


class Both:
    """What holds in process and through the socket."""

    door = ""

    def open(self, **options):
        gate = velum.Gate(shop.path, **options)
        self.addCleanup(gate.close)
        return gate

    def test_a_masked_profile(self):
        gate = self.open()
        self.assertEqual(gate.door, self.door)
        with gate.read(ref, token=shop.read) as answer:
            self.assertTrue(answer.ok and answer)
            self.assertEqual((answer.status, answer.problem), (200, ""))
            fields = answer.json()["fields"]
            self.assertNotIn(MOBILE, str(fields))
            self.assertRegex(str(fields["mobile"]), r"\*")
            self.assertEqual(answer.result()["fields"], fields)
        with gate.read(ref, fields=["city"], token=shop.read) as answer:
            self.assertEqual(set(answer.json()["fields"]), {"city"})
        with gate.lookup("mobile", MOBILE, token=shop.write) as answer:
            self.assertEqual(answer.result()["subject"], ref)

    def test_a_body_is_copied_when_it_is_asked_for(self):
        with self.open().read(ref, token=shop.read) as answer:
            body = answer.body()
            target = bytearray(len(answer) + 3)
            self.assertEqual(answer.copy_into(target), len(body))
            self.assertEqual(bytes(target), body + b"\0\0\0")
            with self.assertRaises(ValueError):
                answer.copy_into(bytearray(len(answer) - 1))
            self.assertNotIn("fields", repr(answer))

    def test_refusals_have_names_and_tell_nothing(self):
        gate = self.open()
        for token, wanted in ((shop.send, r"consent-missing|not-found"), ("velum_wrong", "unauthenticated"),
                              ("", "unauthenticated")):
            with gate.read(ref, token=token) as answer:
                self.assertFalse(answer.ok or answer)
                self.assertRegex(answer.problem, wanted)
                self.assertEqual(answer.json()["status"], answer.status)
                with self.assertRaises(velum.Refused) as caught:
                    answer.result()
                self.assertEqual((caught.exception.problem, caught.exception.status),
                                 (answer.problem, answer.status))
                self.assertEqual(str(caught.exception), f"{answer.problem} ({answer.status})")
            time.sleep(1.1)  # the same refusal within a second is 429

    def test_no_exception_repeats_what_a_caller_sent(self):
        gate = self.open()
        for mistake in (lambda: gate.call("READ", ref=CANARY, **{CANARY: 1}),
                        lambda: gate.call(999, ref=CANARY),
                        lambda: gate.call(CANARY),
                        lambda: gate.call("READ", ref=CANARY * 1000),
                        lambda: gate.call("READ", ref=CANARY + "\ud800"),
                        lambda: gate.call("LOOKUP", body={CANARY: object()}),
                        lambda: gate.call("LOOKUP", body='{"' + CANARY).result()):
            with self.assertRaises(Exception) as caught:
                mistake()
            self.assertNotIn(CANARY, "".join(traceback.format_exception_only(type(caught.exception),
                                                                             caught.exception)))

    def test_mistakes_of_the_call(self):
        gate = self.open()
        with self.assertRaises(velum.Error) as caught:
            gate.call(999)
        self.assertEqual((caught.exception.name, caught.exception.status),
                         ("invalid", velum.constant("VELUM_E_INVALID")))
        with self.assertRaises(KeyError):
            gate.call("NO_SUCH_VERB")
        gate.close()
        gate.close()
        for use in (lambda: gate.call("READ", ref=ref), lambda: gate.door):
            with self.assertRaises(ValueError):
                use()

    def test_lives_end_in_any_order(self):
        for order in itertools.permutations(range(3)):
            gate = velum.Gate(shop.path)
            held = [gate, gate.read(ref, token=shop.read), gate.read(ref, token=shop.read)]
            del gate
            for at in order:  # by hand and by the collector
                if order[0] == 2:
                    held[at].close()
                held[at] = None
                gc.collect()
                for answer in held[1:]:
                    self.assertTrue(answer is None or "fields" in answer.json())
        answer = self.open().read(ref, token=shop.read)
        answer.close()
        answer.close()
        self.assertEqual(repr(answer), "<velum.Answer closed>")
        with self.assertRaises(ValueError):
            answer.body()

    def test_threads(self):
        gate = self.open(workers=8, timeout_ms=30000)
        results = []

        def read_often():
            for _ in range(15):
                with gate.read(ref, token=shop.read) as answer:
                    results.append(answer.status)

        threads = [threading.Thread(target=read_often) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(LIMIT_S)
        self.assertEqual(results, [200] * 90)

    def test_closing_while_threads_call(self):
        gate = self.open()
        seen = []
        started = threading.Barrier(5)

        def read_until_closed():
            started.wait(LIMIT_S)
            try:
                while True:
                    with gate.read(ref, token=shop.read) as answer:
                        seen.append(answer.status)
            except ValueError:
                seen.append("closed")

        threads = [threading.Thread(target=read_until_closed) for _ in range(4)]
        for thread in threads:
            thread.start()
        started.wait(LIMIT_S)
        while len(seen) < 8:
            time.sleep(0.001)
        gate.close()
        for thread in threads:
            thread.join(LIMIT_S)
        self.assertEqual(seen.count("closed"), 4)
        self.assertLessEqual(set(seen), {200, 503, "closed"})

    def test_a_child_is_told_and_the_parent_goes_on(self):
        gate = self.open()
        answer = gate.read(ref, token=shop.read)

        def use():
            for _ in range(2):
                try:
                    gate.read(ref, token=shop.read)
                    return 1
                except velum.Error as error:
                    if error.name != "forked":
                        return 2
            answer.close()
            gate.close()
            return 0

        self.assertEqual(in_child(use), 0)
        self.assertTrue(answer.ok)
        self.assertTrue(gate.read(ref, token=shop.read).ok)

    def test_the_interpreter_may_end_at_any_time(self):
        out = script("""
            import os, sys, threading, velum
            gate = velum.Gate(sys.argv[1])
            answers = [gate.read(sys.argv[2], token=sys.argv[3]) for _ in range(3)]
            cycle = [gate, answers]
            cycle.append(cycle)
            class Last:  # a finalizer that runs while the interpreter goes
                def __del__(self, gate=gate, answer=answers[0]):
                    gate.close()
                    answer.close()
            last = Last()
            def read_on():
                try:
                    while True:
                        gate.read(sys.argv[2], token=sys.argv[3]).close()
                except (ValueError, velum.Error):
                    pass
            threading.Thread(target=read_on, daemon=True).start()
            if os.fork() == 0:
                sys.exit(0)  # all finalizers run in the child, too
            os.wait()
            print(gate.read(sys.argv[2], token=sys.argv[3]).status)
            """, shop.path, ref, shop.read)
        self.assertEqual(out, "200\n")
        self.assertTrue(self.open().read(ref, token=shop.read).ok)

    def test_the_example(self):
        path = os.path.join(host.PYTHON, "examples", "read_profile.py")
        done = subprocess.run([sys.executable, path, shop.path, ref], capture_output=True, text=True,
                              timeout=LIMIT_S, env={**os.environ, "VELUM_TOKEN": shop.read})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^mobile: .*\*")


class InProcess(Both, unittest.TestCase):
    door = "process"

    def test_one_gate_a_folder(self):
        self.open()
        with self.assertRaises(velum.Error) as caught:
            velum.Gate(shop.path)
        self.assertEqual(caught.exception.name, "locked")
        with self.assertRaises(velum.Error) as caught:
            velum.Gate(shop.path, door="socket")
        self.assertEqual(caught.exception.name, "unavailable")
        with self.assertRaises(ValueError):
            velum.Gate(shop.path, door="window")

    def test_a_folder_that_is_none(self):
        with self.assertRaises(velum.Error) as caught:
            velum.Gate("/nowhere/" + CANARY)
        self.assertEqual(caught.exception.name, "not-found")
        self.assertNotIn(CANARY, str(caught.exception))

    def test_beside_the_host_s_own_sqlite_and_openssl(self):
        """Both are loaded and used before, while a gate is open, and after; the folder stays encrypted."""
        plain = os.path.join(shop.top, "host.db")
        script("""
            import hashlib, sqlite3, ssl, sys
            def use_own(n):
                db = sqlite3.connect(sys.argv[4])
                db.execute("CREATE TABLE IF NOT EXISTS t (x)")
                db.execute("INSERT INTO t VALUES ('plain')")
                db.commit()
                assert db.execute("SELECT count(*) FROM t").fetchone() == (n,)
                db.close()
                assert hashlib.new("sha256", b"abc").hexdigest().startswith("ba7816bf")
                ssl.create_default_context().get_ciphers()
            use_own(1)
            import velum
            with velum.Gate(sys.argv[1]) as gate:
                use_own(2)
                gate.upsert({"mobile": "13800000002"}, {"name": sys.argv[3]}, token=sys.argv[2]).result()
                use_own(3)
            use_own(4)
            with velum.Gate(sys.argv[1]) as gate:
                gate.lookup("mobile", "13800000002", token=sys.argv[2]).result()
            use_own(5)
            """, shop.path, shop.write, CANARY, plain)
        self.assertTrue(shop.is_encrypted())
        with open(plain, "rb") as file:
            self.assertTrue(file.read().startswith(b"SQLite format 3"))
        with self.assertRaises(sqlite3.DatabaseError):
            sqlite3.connect(os.path.join(shop.path, "vault.db")).execute("SELECT * FROM sqlite_schema")
        run(VELUM, "--data", shop.path, "audit", "verify")


class ThroughTheSocket(Both, unittest.TestCase):
    door = "socket"

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(shop)

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()

    def test_a_restart_of_velumd(self):
        gate = self.open(timeout_ms=300)
        self.assertTrue(gate.read(ref, token=shop.read).ok)
        self.daemon.stop()
        with gate.read(ref, token=shop.read) as answer:
            self.assertEqual((answer.status, answer.problem), (503, "unavailable"))
        type(self).daemon = Daemon(shop)
        self.assertTrue(gate.read(ref, token=shop.read).ok)
        with self.assertRaises(velum.Error) as caught:
            velum.Gate(shop.path, door="process")
        self.assertEqual(caught.exception.name, "locked")


class Package(unittest.TestCase):
    def test_every_call_has_its_words(self):
        for name in velum.__all__:
            thing = getattr(velum, name)
            self.assertTrue(inspect.getdoc(thing), name)
            for member, value in vars(thing).items() if inspect.isclass(thing) else ():
                if not member.startswith("_"):
                    text = value.fget if isinstance(value, property) else value
                    self.assertTrue(not callable(text) or inspect.getdoc(text), f"{name}.{member}")

    def test_it_is_as_old_as_its_library(self):
        with open(os.path.join(host.PYTHON, "pyproject.toml"), encoding="utf-8") as file:
            declared = re.search(r'(?m)^version = "(.+)"$', file.read())[1]
        self.assertEqual({declared, velum.__version__}, {velum.version()})

    def test_its_numbers_are_the_library_s(self):
        from velum import gate, module
        for number, door in enumerate(gate.DOORS):
            self.assertEqual(velum.constant("VELUM_DOOR_" + door.upper()), number)
        for number, kind in module.KINDS.items():
            try:
                found = velum.constant("VELUM_WORK_" + kind.upper())
            except KeyError:
                self.skipTest("this libvelum has no velum/module.h")
            self.assertEqual(found, number)


def main():
    host.skip_without_library()
    unittest.main()


if __name__ == "__main__":
    main()
