"""velum key rotate: a new root secret, and what a person is told."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support


class KeyRotate(support.Case):
    def setUp(self):
        super().setUp()
        self.data = self.path("data")
        self.velum("init", self.data, "--kit", self.path("kit"))
        self.old = self.path("kit", "velum-root")
        self.new = self.path("new-root")

    def test_a_new_secret(self):
        done = self.velum("key", "rotate", "--to", self.new, self.data, VELUM_ROOT_FILE=self.old)
        self.assertIn("number 2", done.stderr)
        self.assertIn("VELUM_ROOT_FILE", done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.mode("new-root"), 0o600)
        self.assertNotIn(self.read("new-root").strip(), done.stderr)
        refused = self.at("credential", "list", VELUM_ROOT_FILE=self.old, code=1)
        self.assertIn("root secret", refused.stderr)
        self.at("credential", "list", VELUM_ROOT_FILE=self.new)
        shown = self.at("audit", "log", "--type", "keys", "--json", VELUM_ROOT_FILE=self.new).stdout
        self.assertIn('"root_version":1', shown.replace(" ", ""))
        told = self.at("audit", "log", "--type", "keys", VELUM_ROOT_FILE=self.new).stdout
        self.assertIn("keys", told)

    def test_again_with_the_same_file(self):
        self.velum("key", "rotate", "--to", self.new, self.data, VELUM_ROOT_FILE=self.old)
        again = self.velum("key", "rotate", "--to", self.new, "--json", self.data, VELUM_ROOT_FILE=self.old)
        self.assertEqual(json.loads(again.stdout), {"root_version": 1, "was_done": True})
        self.assertIn("already", again.stderr)

    def test_with_velumd_at_work(self):
        self.at("policy", "apply", os.path.join(support.TOP, "policy", "sample"), VELUM_ROOT_FILE=self.old)
        with support.Daemon(self, VELUM_ROOT_FILE=self.old):
            done = self.velum("key", "rotate", "--to", self.new, self.data, VELUM_ROOT_FILE=self.old, code=1)
        self.assertIn("holds the data folder", done.stderr)
        self.assertFalse(os.path.exists(self.new))
        self.velum("key", "rotate", "--to", self.new, self.data, VELUM_ROOT_FILE=self.old)
        with support.Daemon(self, VELUM_ROOT_FILE=self.new):
            self.at("status")

    def test_words(self):
        self.assertIn("--to", self.velum("key", "rotate", self.data, code=2).stderr)
        done = self.velum("key", "rotate", "--to", os.path.join(self.data, "root"), self.data,
                          VELUM_ROOT_FILE=self.old, code=1)
        self.assertIn("must not lie", done.stderr)


if __name__ == "__main__":
    support.main()
