"""velum upgrade: an older folder is refused, looked at, upgraded, and read again."""
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

GOLDEN = os.path.join(support.TOP, "tests", "golden", "folder-v1")
NEEDED = 10


class Upgrade(support.Case):
    def setUp(self):
        super().setUp()
        self.data = self.path("old")
        shutil.copytree(os.path.join(GOLDEN, "data"), self.data)
        os.chmod(self.data, 0o700)
        for folder, _, files in os.walk(self.data):
            for name in files:
                os.chmod(os.path.join(folder, name), 0o600)
        with open(os.path.join(GOLDEN, "expected.json"), encoding="utf-8") as file:
            self.expected = json.load(file)

    def report(self, code):
        return json.loads(self.velum("upgrade", "--check", "--json", self.data, code=code).stdout)

    def test_an_older_folder_is_refused_with_the_way_out(self):
        for command in (["status"], ["audit", "log"], ["credential", "list"]):
            done = self.at(*command, code=1)
            self.assertIn("schema 1", done.stderr)
            self.assertIn("velum upgrade --check DIR, then --apply", done.stderr)
        self.assertEqual(self.report(NEEDED)["vault_schema"], 1)

    def test_check_then_apply(self):
        before = self.report(NEEDED)
        self.assertTrue(before["needed"])
        self.assertFalse(before["unfinished"] or before["live"])
        shown = self.velum("upgrade", "--check", self.data, code=NEEDED)
        self.assertRegex(shown.stdout, r"vault\.db +schema 1 -> \d")
        self.assertRegex(shown.stdout, r"room +\d+ MiB needed")
        done = self.velum("upgrade", "--apply", self.data)
        self.assertRegex(done.stderr, r"schema of vault\.db: \d+ of \d+, \d+\.\d s")
        backup = done.stdout.strip()
        self.assertRegex(backup, r"/backup-schema-1-\d{8}T\d{6}Z$")
        self.assertEqual(sorted(os.listdir(backup)), ["checkpoint", "keyring", "origin", "vault.db"])
        self.assertEqual(self.mode(os.path.relpath(backup, self.top)), 0o700)
        self.assertFalse(os.path.exists(os.path.join(self.data, "keys.db.upgrade")))
        after = self.report(0)
        self.assertFalse(after["needed"])
        self.assertEqual(after["vault_schema"], after["vault_schema_new"])
        self.velum("upgrade", "--check", self.data)
        self.assertIn("no step", self.velum("upgrade", "--apply", self.data).stderr)
        verified = self.velum("audit", "verify", self.data, "--key", self.expected["verifier_key"], code=None)
        self.assertIn(verified.returncode, (0, 6), verified.stderr)

    def test_an_upgraded_folder_is_served(self):
        self.velum("upgrade", "--apply", self.data)
        with support.Daemon(self):
            shown = self.velum("upgrade", "--check", self.data)
            self.assertIn("nothing is to be done", shown.stderr)

    def test_a_folder_that_is_held(self):
        self.velum("upgrade", "--apply", self.data)
        with support.Daemon(self):
            done = self.velum("upgrade", "--apply", self.data, code=1)
            self.assertIn("stop velumd", done.stderr)

    def test_the_backup_elsewhere(self):
        os.mkdir(self.path("backups"), 0o700)
        answer = json.loads(self.velum("upgrade", "--apply", "--json", "--backup", self.path("backups"),
                                       self.data).stdout)
        self.assertGreaterEqual(answer["steps"], 1)
        self.assertEqual(os.path.dirname(answer["backup"]), self.path("backups"))
        self.assertEqual([name for name in os.listdir(self.data) if name.startswith("backup-")], [])

    def test_called_wrongly(self):
        self.velum("upgrade", self.data, code=2)
        self.velum("upgrade", "--check", "--apply", self.data, code=2)
        self.velum("upgrade", "--check", "--backup", self.top, self.data, code=2)
        self.velum("upgrade", "--check", self.path("none"), code=1)
        self.velum("upgrade", "--apply", "--backup", self.path("none"), self.data, code=1)
        self.assertEqual(self.report(NEEDED)["vault_schema"], 1)

    def test_the_folder_is_found_as_by_any_command(self):
        self.at("upgrade", "--check", code=NEEDED)
        self.velum("upgrade", "--check", code=NEEDED, VELUM_DATA=self.data)


if __name__ == "__main__":
    support.main()
