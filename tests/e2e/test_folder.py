#!/usr/bin/env python3
"""A data folder that is not what velumd left: put back in part, changed, or held by another. Nothing of
it is served, and nothing is repaired in silence (I-3)."""
import contextlib
import os
import shutil
import sqlite3
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from velum_test import (SOUND, TAMPERED, TRUNCATED, Box, DaemonDied, expect,  # noqa: E402
                        need_products, seeded)

PROFILE = {"name": "Chen Jing", "mobile": "13912345678", "city": "Suzhou",
           "birthday": "1990-05-17"}
TAIL = "audit/tail-00000000000000000000"


class Folder(unittest.TestCase):
    def setUp(self):
        self.box = Box()
        self.addCleanup(self.box.close)
        self.box.init().usual_credentials()
        daemon = self.box.daemon()
        client = daemon.main_client
        self.ref = expect(client.upsert(self.box.orders, "one", PROFILE), 200).json()["subject"]
        expect(client.read(self.box.care, self.ref), 200)
        self.assertEqual(daemon.stop(), 0)
        self.old = os.path.join(self.box.top, "old")
        shutil.copytree(self.box.data, self.old, ignore=shutil.ignore_patterns("*.sock"))

    def path(self, name):
        return os.path.join(self.box.data, name)

    def live_on(self):
        """Another consent, another customer, and an end in order."""
        daemon = self.box.daemon()
        client = daemon.main_client
        expect(client.consent(self.box.capture, self.ref, "given"), 200)
        expect(client.consent(self.box.capture, self.ref, "withdrawn"), 200)
        expect(client.upsert(self.box.orders, "two", PROFILE), 200)
        expect(client.read(self.box.care, self.ref), 200)
        self.assertEqual(daemon.stop(), 0)

    def put_back(self, *names):
        for name in names:
            for suffix in ("-wal", "-shm", ""):
                with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                    os.unlink(self.path(name) + suffix)
            source = os.path.join(self.old, name)
            if os.path.isdir(source):
                shutil.rmtree(self.path(name))
                shutil.copytree(source, self.path(name))
            else:
                shutil.copy2(source, self.path(name))

    def flip(self, name, offset, mask=0x10):
        with open(self.path(name), "r+b") as file:
            file.seek(offset)
            byte = file.read(1)[0]
            file.seek(offset)
            file.write(bytes([byte ^ mask]))

    def assertRefused(self, *words):
        """velumd does not start, and says why in words that name no file's contents."""
        before = sorted(os.listdir(self.box.data))
        with self.assertRaises(DaemonDied) as died:
            self.box.daemon()
        said = str(died.exception)
        self.assertIn("exit 1", said)
        for word in words:
            self.assertIn(word, said)
        after = [name for name in sorted(os.listdir(self.box.data)) if name != "velum.sock"]
        self.assertLessEqual(set(after) - set(before), {"vault.db-wal", "vault.db-shm",
                                                        "keys.db-wal", "keys.db-shm"})

    def test_one_holder(self):
        daemon = self.box.daemon()
        self.assertRefused("another process")
        expect(daemon.main_client.read(self.box.care, self.ref), 200)
        self.assertEqual(daemon.stop(), 0)

    def test_an_older_log_beside_a_newer_vault(self):
        self.live_on()
        self.put_back("audit")
        self.assertRefused("log")
        self.assertEqual(self.box.verify()[0], SOUND)  # whole in itself; the officer saw no other
        self.assertRefused("log")

    def test_an_older_log_after_the_officer_looked(self):
        self.live_on()
        self.assertEqual(self.box.verify()[0], SOUND)
        self.put_back("audit")
        self.assertEqual(self.box.verify()[0], TRUNCATED)

    def test_an_older_vault_beside_a_newer_log(self):
        """A withdrawal would be undone by it."""
        self.live_on()
        self.put_back("vault.db")
        self.assertRefused("vault.db")

    def test_older_keys_beside_a_newer_vault(self):
        self.live_on()
        self.put_back("keys.db")
        with contextlib.suppress(DaemonDied):
            daemon = self.box.daemon()
            client = daemon.main_client
            expect(client.read(self.box.orders, self.ref), 200)
            two = client.lookup(self.box.orders, "two")  # whose keys are gone
            if two.status == 200:
                gone = client.read(self.box.orders, two.json()["subject"])
                self.assertIn(gone.status, (404, 410, 500), gone)
                self.assertNotIn(b"Chen", gone.body)
            self.assertEqual(daemon.stop(), 0)

    def test_an_older_checkpoint_loses_nothing(self):
        """It may stand after a crash: the entries behind it are there, and are signed anew."""
        self.live_on()
        self.assertEqual(self.box.verify()[0], SOUND)
        shutil.copy2(os.path.join(self.old, "audit", "checkpoint"), self.path("audit/checkpoint"))
        daemon = self.box.daemon()
        expect(daemon.main_client.read(self.box.marketing, self.ref), 404, "not-found")
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(self.box.verify()[0], SOUND)  # against what the officer saw

    def test_a_missing_checkpoint_or_tail(self):
        for name in ("audit/checkpoint", "audit/origin", TAIL):
            os.rename(self.path(name), self.path("aside"))
            self.assertRefused()
            self.assertFalse(os.path.exists(self.path(name)), f"{name} was made anew")
            os.rename(self.path("aside"), self.path(name))
        daemon = self.box.daemon()
        self.assertEqual(daemon.stop(), 0)

    def test_a_changed_entry(self):
        with open(self.path(TAIL), "rb") as file:
            end = len(file.read().rstrip(b"\0"))
        with seeded(31) as rng:
            for offset in [100, end - 100] + [rng.randrange(64, end) for _ in range(6)]:
                self.flip(TAIL, offset)
                self.assertEqual(self.box.verify()[0], TAMPERED, offset)
                self.flip(TAIL, offset)
        self.assertEqual(self.box.verify()[0], SOUND)
        self.flip(TAIL, end - 100)  # in the last batch, which the checkpoint covers
        self.assertRefused("status=tampered")
        self.assertEqual(self.box.verify()[0], TAMPERED)  # velumd has not put it right

    def test_missing_databases_are_not_made_anew(self):
        for name in ("vault.db", "keys.db", "keyring", "root.key"):
            os.rename(self.path(name), self.path("aside"))
            self.assertRefused()
            self.assertFalse(os.path.exists(self.path(name)) and
                             os.path.getsize(self.path(name)) > 0, f"{name} was made anew")
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path(name))
            os.rename(self.path("aside"), self.path(name))
        daemon = self.box.daemon()
        expect(daemon.main_client.read(self.box.care, self.ref), 200)
        self.assertEqual(daemon.stop(), 0)

    def test_another_root_secret(self):
        with open(self.path("root.key"), "r+b") as file:
            first = file.read(1)
            file.seek(0)
            file.write(b"0" if first != b"0" else b"1")
        self.assertRefused()

    def test_a_plain_database(self):
        os.unlink(self.path("vault.db"))
        plain = sqlite3.connect(self.path("vault.db"))
        plain.execute("CREATE TABLE subject (id BLOB)")
        plain.commit()
        plain.close()
        self.assertRefused()

    def test_a_damaged_vault_gives_nothing_wrong(self):
        """One flipped byte anywhere: what is answered is right, or nothing is."""
        size = os.path.getsize(self.path("vault.db"))
        right = {"name": PROFILE["name"], "mobile": PROFILE["mobile"], "city": PROFILE["city"]}
        refused = 0
        with seeded(32) as rng:
            for offset in [0, 20] + [rng.randrange(size) for _ in range(18)]:
                self.flip("vault.db", offset)
                refused += not self.is_right(right)
                for name in ("vault.db", "keys.db", "audit"):
                    self.put_back(name)
        self.assertGreater(refused, 3)

    def is_right(self, right):
        try:
            daemon = self.box.daemon()
        except DaemonDied:
            return False
        reply = daemon.main_client.read(self.box.orders, self.ref)
        daemon.kill()
        if reply.status == 200:
            self.assertEqual(reply.json()["fields"], right)
            return True
        self.assertIn(reply.status, (500, 503), reply)
        return False


if __name__ == "__main__":
    need_products()
    unittest.main()
