"""velum audit: log, proofs, and every exit code of verify."""
import csv
import io
import json
import os
import shutil
import subprocess
import sys
import unicodedata

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

    def test_filters(self):
        self.shop()
        count = lambda *words: len(self.at_json("audit", "log", *words)["entries"])
        self.assertEqual(count("--actor", "officer", "--type", "consent-read"), 2)
        self.assertEqual(count("--activity", "consent-capture", "--type", "consent-read"), 2)
        self.assertEqual(count("--type", "consent-read", "--decision", "deny"), 0)
        self.assertEqual(count("--purpose", "consent-evidence", "--since", "2000-01-01"), 2)
        self.assertEqual(count("--purpose", "consent-evidence", "--until", "2000-01-01"), 0)
        self.assertGreater(count("--actor", "velum", "--field", "mobile") + count("--actor", "velum"), 1)
        self.assertEqual(count("--break-glass") + count("--shadow"), 0)
        for words in (["--actor", "canary"], ["--activity", "canary"], ["--purpose", "canary"],
                      ["--field", "canary"], ["--type", "canary"], ["--decision", "canary"],
                      ["--reason", "canary"], ["--store", "canary"]):
            done = self.at("audit", "log", *words, code=1)
            self.assertIn("invalid-value", done.stderr)
            self.assertNotIn("canary", done.stderr + done.stdout)
        self.assertNotIn("yesterday", self.at("audit", "log", "--since", "yesterday", code=2).stderr)

    # --- who-saw ---

    MOBILE = "138-0000-0001"

    def shop(self):
        """A customer of the domain shop, whose consents were listed twice; the reference."""
        self.token("shop", "delivery", "order-fulfilment")
        people = self.write("two.csv", "m,n\n13800000001,One\n13800000002,Two\n")
        columns = self.write("two.yaml", "source: two\nkey: {type: mobile, column: m}\n"
                                         "fields:\n  name: {from: n}\n")
        out = self.path("two-refs.csv")
        self.at("import", people, "--map", columns, "--refs-out", out, "--domain", "shop")
        with open(out, encoding="utf-8") as lines:
            ref = list(lines)[1].strip().split(",")[1].strip('"')
        for _ in range(2):
            self.at("consent", "list", f"shop:{ref}")
        return ref

    def who_saw(self, *words, typed=MOBILE, code=0, **environment):
        return self.at("audit", "who-saw", *words, typed=typed, code=code, **environment)

    def test_who_saw_by_what_is_typed(self):
        ref = self.shop()
        found = json.loads(self.who_saw("--json").stdout)["disclosures"]
        self.assertEqual([one["type"] for one in found], ["import", "consent-read", "consent-read"])
        self.assertEqual({one["actor"] for one in found}, {"officer"})
        self.assertEqual(found[0]["among"], 2)
        other = json.loads(self.who_saw("--json", typed="+86 138 0000 0002").stdout)["disclosures"]
        self.assertEqual([one["type"] for one in other], ["import"])
        by_ref = json.loads(self.who_saw("--subject", f"shop:{ref}", "--json", typed=None).stdout)
        self.assertEqual(by_ref["disclosures"], found)
        self.assertEqual(json.loads(self.who_saw("--json", "--field", "mobile").stdout)["disclosures"], [])
        self.assertIn("Nothing", self.who_saw("--until", "2001-01-01").stderr)

    def test_who_saw_never_takes_an_argument(self):
        for words in ([self.MOBILE], ["--json", self.MOBILE]):
            done = self.who_saw(*words, code=2)
            self.assertNotIn(self.MOBILE, done.stderr + done.stdout)
        self.assertNotIn(self.MOBILE, self.who_saw().stdout if self.shop() else "")
        for typed in ("", "\n", "x" * 600, "13\t8"):
            self.who_saw(typed=typed, code=2)
        self.who_saw(typed="13800000009", code=1)
        done = self.who_saw(typed="canary of no form", code=1)
        self.assertNotIn("canary", done.stderr)
        self.who_saw("--json", "--csv", code=2)
        self.who_saw("--type", "mobile", "--subject", "shop:x", code=2)

    def test_who_saw_guesses_the_type(self):
        people = self.write("kinds.csv", "k,e,i\n13800000003,ming@example.com,110101199003070177\n")
        columns = self.write("kinds.yaml", "source: kinds\nkey: {type: mobile, column: k}\n"
                             "identifiers:\n  - {type: email, column: e}\n  - {type: id_card, column: i}\n")
        self.at("import", people, "--map", columns)
        for typed in ("Ming@Example.com", "110101199003070177"):
            self.assertEqual(len(json.loads(self.who_saw("--json", typed=typed).stdout)["disclosures"]), 1)
        self.who_saw("--type", "email", typed="13800000003", code=1)

    def test_who_saw_tables_fit_in_both_languages(self):
        self.shop()
        for columns in (80, 100):
            for language, title in (("en", "ACTIVITY"), ("zh", "访问者")):
                shown = self.who_saw("--lang", language, COLUMNS=str(columns)).stdout
                self.assertIn(title, shown)
                self.assertNotIn("\033", shown)
                for line in shown.splitlines():
                    width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
                    self.assertLessEqual(width, columns, line)
        self.assertIn("访问者", self.who_saw(LC_ALL="zh_CN.UTF-8").stdout)
        self.who_saw("--lang", "fr", code=2)

    def test_who_saw_as_csv(self):
        self.shop()
        done = subprocess.run([support.VELUM, "--data", self.data, "audit", "who-saw", "--csv"],
                              input=self.MOBILE.encode(), stdout=subprocess.PIPE, check=True, timeout=60,
                              env={**os.environ, "HOME": self.top}).stdout.decode()
        self.assertTrue(all(line.endswith("\r") for line in done.split("\n")[:-1]))  # RFC 4180
        rows = list(csv.reader(io.StringIO(done, newline="")))
        self.assertEqual(rows[0][:6], ["index", "id", "at", "type", "who", "actor_token"])
        self.assertEqual({len(row) for row in rows}, {18})
        self.assertEqual([row[3] for row in rows[1:]], ["import", "consent-read", "consent-read"])
        self.assertEqual(rows[1][17], "2")

    # --- explain, resolve ---

    def test_explain(self):
        self.shop()
        entry = self.at_json("audit", "log", "--type", "consent-read")["entries"][0]
        english = self.at("audit", "explain", entry["index"]).stdout
        for words in ("officer", "consent-capture", "legal obligation", "same decision",
                      f"velum audit prove {entry['index']}"):
            self.assertIn(words, english)
        chinese = self.at("audit", "explain", entry["id"], "--lang", "zh").stdout
        for words in ("同意采集", "法定义务", "结果一致"):
            self.assertIn(words, chinese)
        found = self.at_json("audit", "explain", entry["id"])
        self.assertEqual((found["index"], found["replay"]["result"]), (entry["index"], "same"))
        for line in self.at("audit", "explain", entry["index"], COLUMNS="80").stdout.splitlines():
            self.assertLessEqual(len(line), 80, line)
        self.assertIn("began the log", self.at("audit", "explain", "0").stdout)
        self.at("audit", "explain", "999999", code=1)
        self.at("audit", "explain", "x", code=2)

    def test_every_entry_of_a_log_can_be_explained(self):
        self.shop()
        self.at("credential", "rotate", "shop")
        self.at("consent", "give", "shop:x", "--purpose", "analytics", code=1)
        last = self.at_json("audit", "log")["entries"][-1]["index"]
        kinds = {}
        for entry in self.at_json("audit", "log")["entries"]:
            kinds.setdefault((entry["type"], entry["decision"]), entry["index"])
        self.assertGreater(len(kinds), 7)
        for index in [*kinds.values(), last]:
            found = self.at_json("audit", "explain", index)
            self.assertIn(found["replay"]["result"], ("same", "no-decision", "beside"), found)

    def test_the_notice_of_a_consent(self):
        ref = self.shop()
        self.at("consent", "give", f"shop:{ref}", "--purpose", "direct-marketing")
        entry = self.at_json("audit", "log", "--type", "consent", "--actor", "officer")["entries"][-1]
        told = self.at("audit", "explain", entry["index"]).stdout
        self.assertIn("SHA-256", told)
        whole = self.at("audit", "explain", entry["index"], "--notice").stdout
        self.assertTrue(whole.startswith(told))
        self.assertGreater(len(whole), len(told) + 50)

    def test_resolve(self):
        ref = self.shop()
        entry = self.at_json("audit", "log", "--type", "consent-read")["entries"][0]
        month = entry["at"][:7].replace("-", "")
        found = self.at_json("audit", "resolve", entry["subject_token"], "--month", month, "--domain", "shop")
        self.assertEqual(found["subject"], ref)
        self.assertIn("officer", self.at("audit", "resolve", entry["actor_token"]).stdout)
        self.at("audit", "resolve", entry["subject_token"], code=1)
        self.at("audit", "resolve", "0" * 31 + "1", "--month", month, "--domain", "shop", code=1)
        self.at("audit", "resolve", "xyz", code=2)

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
