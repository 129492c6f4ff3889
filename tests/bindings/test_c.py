"""The program of docs/embedding.md: compiled as it is written there, and run by both doors."""
import os
import subprocess
import tempfile
import unittest

import host
from host import BUILD, CANARY, LIMIT_S, MOBILE, PERSON, TOP, Shop
from support import Daemon, run

import velum

SOURCE = os.path.join(TOP, "bindings", "c", "read_profile.c")


class Example(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shop = Shop()
        cls.addClassCleanup(cls.shop.remove)
        with velum.Gate(cls.shop.path) as gate:
            cls.ref = gate.call("UPSERT", token=cls.shop.write, body=PERSON).result()["subject"]
        cls.program = os.path.join(cls.shop.top, "read_profile")
        run(os.environ.get("CC", "gcc"), "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
            "-I" + os.path.join(TOP, "include"), SOURCE, "-L" + BUILD, "-l:libvelum.so.0", "-Wl,-rpath," + BUILD,
            "-o", cls.program)

    def read(self, token, folder=None):
        done = subprocess.run([self.program, folder or self.shop.path, self.ref], capture_output=True, text=True,
                              timeout=LIMIT_S, env={**os.environ, "VELUM_TOKEN": token})
        self.assertNotIn(MOBILE, done.stdout + done.stderr)
        return done

    def check(self):
        done = self.read(self.shop.read)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn('"fields"', done.stdout)
        done = self.read("velum_wrong")
        self.assertEqual((done.returncode, done.stdout), (1, "refused: unauthenticated\n"))

    def test_in_process(self):
        self.check()

    def test_through_velumd(self):
        with Daemon(self.shop):
            self.check()

    def test_no_folder(self):
        with tempfile.TemporaryDirectory() as empty:
            done = self.read(self.shop.read, os.path.join(empty, CANARY))
        self.assertEqual(done.returncode, 2)
        self.assertIn("there is no such data folder", done.stderr)
        self.assertNotIn(CANARY, done.stderr)


def main():
    host.skip_without_library()
    unittest.main()


if __name__ == "__main__":
    main()
