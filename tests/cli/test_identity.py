#!/usr/bin/env python3
"""A command asks as the holder of the token in $VELUM_TOKEN_FILE, and reads only a file that nobody else can."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from velum_test import Box, need_products  # noqa: E402


class Identity(unittest.TestCase):
    def setUp(self):
        self.box = Box().init()
        self.addCleanup(self.box.close)
        self.path = os.path.join(self.box.top, "token")

    def person(self, name, activity):
        return self.box.on_data("credential", "add", name, "--kind", "human", "--role", "dpo",
                                "--activity", activity, "--domain", "*").out.strip()

    def write(self, content, mode=0o600):
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(self.path, mode)

    def ask(self, *words):
        return self.box.on_data(*words, check=False, env={"VELUM_TOKEN_FILE": self.path})

    def test_the_token_speaks_instead_of_the_uid(self):
        self.write(self.person("auditor", "audit") + "\n")
        self.assertEqual(self.ask("audit", "log").code, 0)
        refused = self.ask("credential", "list")  # the uid's person could
        self.assertEqual(refused.code, 1)
        self.assertIn("activity-not-registered", refused.err)
        entries = self.box.log()
        self.assertIn("auditor", [e.get("actor") for e in entries if e["type"] == "log-read"])

    def test_over_the_socket_too(self):
        self.write(self.person("auditor", "audit"))
        daemon = self.box.daemon()
        self.assertEqual(self.ask("audit", "log").code, 0)
        self.assertEqual(self.ask("status").code, 1)
        self.assertEqual(daemon.stop(), 0)

    def test_a_doubtful_file_is_not_read(self):
        token = self.person("auditor", "audit")
        for content, mode, words in ((token, 0o644, "chmod 600"), (token, 0o660, "chmod 600"),
                                     ("", 0o600, "one line"), (token + "\n\nx", 0o600, "one line"),
                                     ("a" * 5000, 0o600, "one line")):
            self.write(content, mode)
            done = self.ask("audit", "log")
            self.assertEqual(done.code, 1, (content[:5], oct(mode)))
            self.assertIn(words, done.err)
            self.assertNotIn(token, done.err)
        os.unlink(self.path)
        self.assertIn("does not open", self.ask("audit", "log").err)
        self.path = self.box.top
        self.assertIn("names no file", self.ask("audit", "log").err)

    def test_a_forged_token_is_nobody(self):
        self.write("velum_" + "A" * 43)
        done = self.ask("audit", "log")
        self.assertEqual(done.code, 1)
        self.assertIn("unauthenticated", done.err)


if __name__ == "__main__":
    need_products()
    unittest.main(verbosity=0)
