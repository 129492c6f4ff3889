#!/usr/bin/env python3
"""When the machine fails: a journal that cannot be extended discloses nothing and begins no write, a
full disk ends service and does no harm, a hanging disk holds nobody beyond the time limit (I-1, I-3).
Killed within an erasure, an approval's use, a deletion by timer, a policy's activation, velumd ends
what it began, or has not begun it (I-6, I-9); tests/long/kill_at_act.py does so at every place."""
import contextlib
import os
import shutil
import subprocess
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from kill_acts import (KINDS, ActivatePolicy, EraseCategories, EraseWhole, Range,  # noqa: E402
                       TimerErases, UseApproval, kill_along)
from velum_test import (BROKEN, SOUND, UNPROVEN, Box, DaemonDied, expect,  # noqa: E402
                        in_threads, need_seams, wait_until)

LIMIT_S = 5.0  # velumd's time limit of a request
box = None
ref = None

PROFILE = {"name": "Chen Jing", "mobile": "13912345678", "city": "Suzhou", "address": "1 Road",
           "birthday": "1990-05-17"}


def setUpModule():
    global box, ref
    box = Box()
    try:
        box.init().usual_credentials()
        daemon = box.daemon()
        ref = expect(daemon.main_client.upsert(box.orders, "one", PROFILE), 200).json()["subject"]
        expect(daemon.main_client.consent(box.capture, ref, "given"), 200)
        assert daemon.stop() == 0
    except BaseException:
        box.close()
        raise


def tearDownModule():
    box.close()


def daemon_of_reads(kind, effect):
    """A velumd whose Nth fault lands on the entry of a read, that read's reply, and how long it
    took. Which N that is depends on how many came before, so it is looked for: elsewhere no read
    fails."""
    for number in range(4, 64):
        try:
            daemon = box.daemon(faults=f"{kind}:{number}:{effect}")
        except DaemonDied:
            continue  # the fault came at the start
        for _ in range(80):
            started = time.monotonic()
            reply = daemon.main_client.read(box.care, ref)
            if reply.status != 200:
                return daemon, reply, time.monotonic() - started
        daemon.kill()
    raise AssertionError("every read was answered, whatever failed")


class Faults(unittest.TestCase):
    def tearDown(self):
        for daemon in box.daemons:  # of a test that failed: the folder is free for the next one
            daemon.kill()
        box.daemons.clear()

    def assertNothingIsTold(self, reply):
        expect(reply, 503, "unavailable")
        for value in PROFILE.values():
            self.assertNotIn(value.encode(), reply.body)
        self.assertNotIn(b"5678", reply.body)
        self.assertEqual(reply.headers["retry-after"], "1")

    def assertSoundAfter(self, daemon):
        self.assertEqual(daemon.stop(), 0)
        code, report = box.verify()
        self.assertIn(code, (SOUND, UNPROVEN), report)

    def assertServes(self):
        """A new velumd on the same folder is whole."""
        daemon = box.daemon()
        self.assertEqual(expect(daemon.main_client.read(box.orders, ref), 200)
                         .json()["fields"]["name"], PROFILE["name"])
        expect(daemon.main_client.read(box.marketing, ref), 200)
        expect(daemon.ask("GET", "/readyz"), 200)
        return daemon

    def test_an_unwritable_journal_discloses_nothing_and_begins_no_write(self):
        daemon, reply, _ = daemon_of_reads("sync", "eio")
        self.assertNothingIsTold(reply)
        client = daemon.main_client
        for _ in range(20):
            self.assertNothingIsTold(client.read(box.care, ref))
            self.assertNothingIsTold(client.read(box.marketing, ref))
        ready = client.ask("GET", "/readyz")
        self.assertEqual(ready.status, 503)
        self.assertIn(b"journal-unwritable", ready.body)
        expect(client.ask("GET", "/healthz"), 200)
        for key in range(20):  # the databases' own syncs would succeed
            expect(client.upsert(box.orders, f"unwritten-{key}", PROFILE), 503, "unavailable")
        expect(client.consent(box.capture, ref, "withdrawn"), 503, "unavailable")
        self.assertSoundAfter(daemon)
        daemon = self.assertServes()  # the consent stands: the withdrawal never began
        for key in range(20):
            expect(daemon.main_client.lookup(box.orders, f"unwritten-{key}"), 404, "not-found")
        self.assertSoundAfter(daemon)

    def test_one_failed_write_costs_one_read(self):
        daemon, reply, _ = daemon_of_reads("write", "eio")
        self.assertNothingIsTold(reply)
        for _ in range(20):
            expect(daemon.main_client.read(box.care, ref), 200)
        expect(daemon.ask("GET", "/readyz"), 200)
        self.assertSoundAfter(daemon)
        self.assertEqual(box.verify()[0], SOUND)

    def test_no_room_for_one_entry_costs_one_read(self):
        daemon, reply, _ = daemon_of_reads("write", "enospc")
        self.assertNothingIsTold(reply)
        expect(daemon.main_client.read(box.care, ref), 200)
        self.assertSoundAfter(daemon)

    def test_databases_that_take_nothing(self):
        """Every SQL step fails from some moment on: writes are 503, and nothing of them stands."""
        daemon = box.daemon(faults="sql:400+:eio")
        unwritten = []
        for key in range(200):
            reply = daemon.main_client.upsert(box.orders, f"sql-{key}", PROFILE)
            if reply.status != 200:
                expect(reply, 503, "unavailable")
                unwritten.append(key)
        self.assertTrue(unwritten)
        daemon.kill()
        daemon = self.assertServes()
        for key in range(200):
            found = daemon.main_client.lookup(box.orders, f"sql-{key}").status
            self.assertEqual(found, 404 if key in unwritten else 200, key)
        self.assertSoundAfter(daemon)

    def test_a_hanging_disk_holds_nobody_beyond_the_limit(self):
        daemon, reply, took = daemon_of_reads("sync", "hang")
        self.assertNothingIsTold(reply)
        self.assertGreater(took, LIMIT_S - 0.5)
        self.assertLess(took, LIMIT_S + 2)
        # The disk hangs for 10 s: the end is in order all the same, and who asks now is answered in
        # time, or cut off when the request had not been read yet.
        clients = [daemon.client() for _ in range(4)]
        for client in clients:
            expect(client.ask("GET", "/healthz"), 200)
        with ThreadPoolExecutor(len(clients)) as pool:
            asked = [pool.submit(ask_and_time, client) for client in clients]
            began = time.monotonic()
            self.assertEqual(daemon.stop(), 0)
            self.assertLess(time.monotonic() - began, 15)
            for status, seconds in [one.result() for one in asked]:
                self.assertIn(status, (None, 200, 503))  # 200 when the disk woke up in time
                self.assertLess(seconds, LIMIT_S + 2)
        self.assertSoundAfter(self.assertServes())


class Killed(unittest.TestCase):
    """At places that lie further and further apart, from the end of the start to the end of the act."""

    def kill(self, act, kinds=KINDS):
        with contextlib.closing(Range(act)) as places:
            for kind in kinds:
                _, _, within = kill_along(places, kind, dense=2)
                if kind != "rename":  # of which an act needs none
                    self.assertGreater(within, 0, f"nobody died of {kind} within the act")

    def test_in_an_erasure(self):
        self.kill(EraseWhole)

    def test_in_an_erasure_of_categories(self):
        self.kill(EraseCategories)

    def test_in_the_use_of_an_approval(self):
        self.kill(UseApproval)

    def test_between_a_requests_approval_and_its_timer(self):
        self.kill(TimerErases, ("sync",))

    def test_while_a_policy_comes_into_force(self):
        self.kill(ActivatePolicy)


def ask_and_time(client):
    """(status or None, seconds) of one read."""
    began = time.monotonic()
    try:
        status = client.read(box.marketing, ref).status
    except BROKEN:
        status = None
    return status, time.monotonic() - began


class SmallDisk:
    """A file system of its own in a file, for root."""

    def __init__(self, megabytes):
        self.image = os.path.join(box.top, "disk.img")
        self.folder = os.path.join(box.top, "disk")
        os.mkdir(self.folder)
        with open(self.image, "wb") as image:
            image.truncate(megabytes << 20)
        for command in (["mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", self.image],
                        ["mount", "-o", "loop", self.image, self.folder]):
            done = subprocess.run(command, capture_output=True, check=False)
            if done.returncode != 0:
                raise unittest.SkipTest(f"{command[0]}: {done.stderr.decode()[-200:].strip()}")

    def fill(self):
        """Takes every free block."""
        with open(os.path.join(self.folder, "filler"), "wb", buffering=0) as filler:
            for piece in (1 << 20, 1 << 12):
                try:
                    while True:
                        filler.write(b"f" * piece)
                except OSError:
                    continue

    def free(self):
        os.unlink(os.path.join(self.folder, "filler"))

    def remove(self):
        subprocess.run(["umount", self.folder], capture_output=True, check=False)


@unittest.skipUnless(os.geteuid() == 0 and shutil.which("mkfs.ext4"), "mounting needs root")
class FullDisk(unittest.TestCase):
    def setUp(self):
        self.disk = SmallDisk(24)
        self.addCleanup(self.disk.remove)
        self.data = os.path.join(self.disk.folder, "data")
        shutil.copytree(box.data, self.data, ignore=shutil.ignore_patterns("*.sock"))
        self.daemon = box.daemon(data=self.data)
        self.addCleanup(self.daemon.kill)

    def test_full_and_free_again(self):
        client = self.daemon.main_client
        expect(client.read(box.care, ref), 200)
        self.disk.fill()
        written, unwritten = [], []
        for key in range(400):  # as far as the room goes that the database has
            reply = client.upsert(box.orders, f"full-{key}", PROFILE)
            (written if reply.status == 200 else unwritten).append(key)
            if reply.status != 200:
                expect(reply, 503, "unavailable")
        self.assertGreater(len(unwritten), 10)
        expect(client.read(box.care, ref), 200)  # in the room that the journal has
        served = self.read_until_refused()
        self.assertGreater(served, 100)
        self.until_refused_always(client)
        ready = client.ask("GET", "/readyz")
        self.assertEqual(ready.status, 503)
        self.assertIn(b"journal-unwritable", ready.body)
        expect(client.upsert(box.orders, "full-x", PROFILE), 503, "unavailable")
        self.disk.free()
        wait_until(lambda: client.ask("GET", "/readyz").status == 200, "ready again")
        expect(client.read(box.care, ref), 200)
        expect(client.upsert(box.orders, "full-y", PROFILE), 200)
        self.check(client, written, unwritten)
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon = box.daemon(data=self.data)
        self.addCleanup(self.daemon.kill)
        self.check(self.daemon.main_client, written, unwritten)
        self.assertEqual(self.daemon.stop(), 0)
        code, report = box.verify(self.data)
        self.assertEqual(code, SOUND, report)

    def check(self, client, written, unwritten):
        for key in written:
            expect(client.lookup(box.orders, f"full-{key}"), 200)
        for key in unwritten + ["x"]:
            expect(client.lookup(box.orders, f"full-{key}"), 404, "not-found")

    def until_refused_always(self, client):
        """A batch of one fits where a batch of four did not, and a checkpoint gives room back."""
        refused = 0
        for _ in range(2000):
            reply = client.read(box.care, ref)
            refused = 0 if reply.status == 200 else refused + 1
            if refused == 50:
                return
        raise AssertionError("the disk is full and reads go on")

    def read_until_refused(self):
        """How many reads four callers were served until the journal's room was used up."""
        counts = [0] * 4

        def read(number):
            client = self.daemon.client()
            for _ in range(20_000):
                reply = client.read(box.care, ref)
                if reply.status != 200:
                    expect(reply, 503, "unavailable")
                    return
                counts[number] += 1
            raise AssertionError("the disk is full and reads go on and on")

        in_threads(read, len(counts))
        return sum(counts)


if __name__ == "__main__":
    need_seams()
    unittest.main()
