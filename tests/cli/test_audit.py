"""velum audit: log, proofs, and every exit code of verify."""
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support


class Audit(support.Case):
    def setUp(self):
        super().setUp()
        self.sample(30)
        self.log = os.path.join(self.data, "audit")

    def verify(self, folder, *more, code=None):
        return self.velum("audit", "verify", folder, *more, code=code)

    def copy(self, name):
        shutil.copytree(self.log, self.path(name))
        return self.path(name)

    def trust_file(self):
        return os.path.join(self.config, "velum", "trust", self.key.split("+")[0].replace("/", "%2F"))

    def trusted(self):
        return self.read("config", "velum", "trust", os.path.basename(self.trust_file()))

    def tail(self, folder):
        return os.path.join(folder, [name for name in os.listdir(folder) if name.startswith("tail-")][0])

    def change(self, path, at, value=None):
        with open(path, "r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1 if value is None else value]))

    def end_of(self, path):
        """Bytes of a preallocated file up to its last one that is not zero."""
        with open(path, "rb") as file:
            return len(file.read().rstrip(b"\0"))

    # --- verify ---

    def test_sound_and_the_trust_file_moves_on(self):
        before = self.trusted()
        found = self.json("audit", "verify", self.data)
        self.assertEqual((found["result"], found["exit"], found["key"], found["seen"]),
                         ("sound", 0, "trust-file", "trust-file"))
        self.at("status")
        self.verify(self.data, code=0)
        after = self.trusted()
        self.assertNotEqual(before, after)
        self.assertEqual(after.split("\n")[0], self.key)
        with open(os.path.join(self.log, "checkpoint"), encoding="utf-8") as file:
            self.assertEqual(after.split("\n", 1)[1], file.read())

    def test_a_copy_a_log_folder_and_a_data_folder(self):
        self.verify(self.copy("copy"), code=0)
        self.verify(self.log, code=0)
        self.verify(self.data, code=0)
        self.at("audit", "verify", code=0)

    def test_without_anything_trusted(self):
        os.unlink(self.trust_file())
        found = self.json("audit", "verify", self.data, code=6)
        self.assertEqual((found["key"], found["seen"]), ("none", "none"))
        self.verify(self.data, "--key", self.key, code=6)
        self.assertFalse(os.path.exists(self.trust_file()))

    def test_given_key_and_checkpoint_make_a_trust_file(self):
        os.unlink(self.trust_file())
        seen = shutil.copy(os.path.join(self.log, "checkpoint"), self.path("seen"))
        key = self.write("key", self.key + "\n")
        self.verify(self.data, "--key", "@" + key, "--seen", seen, code=0)
        self.assertTrue(os.path.exists(self.trust_file()))
        self.verify(self.data, code=0)

    def test_a_wrong_key(self):
        other = self.velum("init", self.path("other"), "--sample", "--customers", "0").stdout.strip()
        found = self.velum("audit", "verify", self.data, "--key", other, code=None)
        self.assertIn(found.returncode, (3, 5))
        self.verify(self.data, "--key", "no key", code=None)
        self.assertNotEqual(self.verify(self.data, "--key", "no key").returncode, 0)
        self.verify(self.data, "--key", "@" + self.path("absent"), code=2)
        self.verify(self.data, "--seen", self.path("absent"), code=2)

    def test_a_flipped_byte(self):
        folder = self.copy("flipped")
        end = self.end_of(self.tail(folder))
        for at in (100, end // 2, end - 40):
            changed = self.copy(f"flipped-{at}")
            self.change(self.tail(changed), at)
            found = self.json("audit", "verify", changed, code=3)
            self.assertEqual(found["result"], "tampered")
            self.assertIn("bad_index", found)
        self.assertIn("TAMPERED", self.verify(changed, code=3).stdout)

    def test_a_log_that_was_cut(self):
        self.verify(self.data, code=0)
        folder = self.copy("cut")
        tail = self.tail(folder)
        with open(tail, "r+b") as file:
            file.truncate(self.end_of(tail) // 2 // 64 * 64)
        self.assertIn(self.verify(folder).returncode, (3, 4))

    def test_an_old_copy_put_back(self):
        old = self.copy("old")
        for _ in range(3):
            self.at("status")
        self.verify(self.data, code=0)
        found = self.json("audit", "verify", old, code=4)
        self.assertEqual(found["result"], "truncated")

    def test_unreadable(self):
        os.mkdir(self.path("empty"))
        self.verify(self.path("empty"), code=5)
        self.verify(self.path("absent"), code=5)
        folder = self.copy("headless")
        os.unlink(os.path.join(folder, "checkpoint"))
        self.assertNotEqual(self.verify(folder).returncode, 0)

    def test_a_failed_verification_leaves_the_trust_file(self):
        folder = self.copy("flipped")
        self.change(self.tail(folder), 100)
        before = self.trusted()
        self.verify(folder, code=3)
        self.assertEqual(self.trusted(), before)

    def test_while_velumd_writes(self):
        with support.Daemon(self):
            found = self.json("audit", "verify", self.data)
            self.assertTrue(found["live"])
            entries = self.at_json("audit", "log")["entries"]
            marks = [one for one in entries if one["type"] == "verification"]
            self.assertEqual(len(marks), 1)
            self.assertEqual(marks[0]["size"], found["entries"])
            self.verify(self.log, code=0)  # the log of a folder that is held counts as live, too
        self.verify(self.data, code=0)

    # --- log ---

    def test_denied_only(self):
        self.at("credential", "revoke", "nobody", code=1)
        denied = self.at_json("audit", "log", "--denied")["entries"]
        self.assertTrue(denied)
        self.assertTrue(all(one["decision"] == "deny" for one in denied))

    def test_pages_hold_together(self):
        everything = self.at_json("audit", "log")["entries"]
        indexes = [one["index"] for one in everything]
        self.assertEqual(indexes, list(range(len(indexes))))
        some = self.at_json("audit", "log", "--limit", "7")["entries"]
        self.assertEqual([one["index"] for one in some], list(range(7)))
        later = self.at_json("audit", "log", "--from", "10", "--limit", "2")["entries"]
        self.assertEqual([one["index"] for one in later], [10, 11])

    def test_more_than_a_page(self):
        rows = "".join(f"k{i},n\n" for i in range(20000))
        file = self.write("many.csv", "id,name\n" + rows)
        map_file = self.write("many.yaml", 'source: many\nkey: {type: "ext:m", column: id}\n'
                                           "fields:\n  name: {from: name}\n")
        self.at("import", file, "--map", map_file)
        indexes = [one["index"] for one in self.at_json("audit", "log")["entries"]]
        self.assertGreater(len(indexes), 300)
        self.assertEqual(indexes, list(range(len(indexes))))
        shown = self.at("audit", "log").stdout
        self.assertEqual(shown.count("INDEX"), 1)

    def test_tables_fit(self):
        for columns in (80, 100):
            shown = self.at("audit", "log", COLUMNS=str(columns)).stdout
            for line in shown.splitlines():
                self.assertLessEqual(len(line), columns, line)

    # --- prove ---

    def test_a_proof_by_index_and_by_id(self):
        entry = self.at_json("audit", "log", "--limit", "6")["entries"][5]
        by_index = self.at("audit", "prove", "5").stdout
        self.assertTrue(by_index.startswith("c2sp.org/tlog-proof@v1\nindex 5\n"))
        by_id = self.at_json("audit", "prove", entry["id"])
        self.assertEqual(by_id["index"], 5)
        self.assertIn("leaf", by_id)
        copied = self.velum("audit", "prove", "5", self.copy("copy")).stdout
        self.assertTrue(copied.startswith("c2sp.org/tlog-proof@v1\nindex 5\n"))
        self.assertEqual(copied, self.velum("audit", "prove", entry["id"], self.path("copy")).stdout)

    def test_no_proof(self):
        self.at("audit", "prove", "999999", code=1)
        self.at("audit", "prove", "0" * 32, code=1)
        self.velum("audit", "prove", "999999", self.log, code=1)
        self.velum("audit", "prove", "0", self.path("absent"), code=1)
        self.at("audit", "prove", "-1", code=2)


if __name__ == "__main__":
    support.main()
