"""velum consent import and report: consents from before, by file."""
import csv
import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

NOTICE = "# 营销信息告知\n\n我们会向您推送优惠信息（2019年版）。\n"
COLUMNS = "type,value,purpose,state,given,evidence\n"
EXAMPLES = os.path.join(support.TOP, "docs", "examples", "consent-import")


class ConsentImport(support.Case):
    def setUp(self):
        super().setUp()
        self.sample(0)
        self.token("shop", "delivery", "order-fulfilment")
        self.people = self.refs(3)
        self.notice = self.write("marketing-2019.zh.md", NOTICE)

    def held(self, index, purpose="direct-marketing"):
        listed = self.at_json("consent", "list", f"shop:{self.people[index]}")["consents"]
        return [one for one in listed if one["purpose"] == purpose][0]

    def rejected(self, path):
        with open(path + ".rejected.csv", encoding="utf-8") as file:
            return [(int(row["line"]), row["reason"]) for row in csv.DictReader(file)]

    def load(self, path, *options, **how):
        return self.at("consent", "import", path, "--notice", self.notice, "--language", "zh", *options, **how)

    def test_a_file_of_consents(self):
        path = self.write("old.csv", COLUMNS +
                          "ext:people,k0,direct-marketing,given,2025-12-24,form 0231\n"
                          "ext:people,k1,direct-marketing,refused,2025-12-24T08:00:00+08:00,\n"
                          "ext:people,k9,direct-marketing,given,2025-12-24,\n"
                          "ext:people,k2,direct-marketing,given,,\n"
                          "ext:people,k2,direct-marketing,perhaps,2025-12-24,\n"
                          "ext:people,k2,no-such,given,2025-12-24,\n")
        done = self.load(path)
        self.assertEqual(done.stdout, "2 recorded, 0 same, 4 rejected\n")
        self.assertEqual(self.rejected(path), [(4, "unknown-subject"), (5, "invalid-value"),
                                               (6, "invalid-value"), (7, "unknown-purpose")])
        first = self.held(0)
        self.assertEqual((first["state"], first["grade"], first["version"]), ("given", "imported", 1))
        self.assertTrue(first["given"].startswith("2025-12-24T00:00:00"))
        self.assertTrue(first["notice"]["id"].startswith("legacy.zh."))
        self.assertEqual(self.held(1)["state"], "refused")
        self.assertEqual(self.held(2)["state"], "unknown")
        again = self.json("--data", self.data, "consent", "import", path, "--notice", self.notice, "--language", "zh")
        self.assertEqual(again, {"dry_run": False, "recorded": 0, "same": 2, "rejected": 4})

    def test_a_notice_from_elsewhere_does_not_drive_the_terminal(self):
        words = "# Old\x1b]0;mine\x07 notice\r\n\n\tgiven \x9b2Jto\u202e us\n"
        path = self.write("old.csv", COLUMNS + "ext:people,k0,direct-marketing,given,2025-12-24,\n")
        self.at("consent", "import", path, "--notice", self.write("odd.md", words), "--language", "zh")
        entries = [entry["index"] for entry in self.at_json("audit", "log", "--type", "import")["entries"]]
        index = [i for i in entries if "notice" in self.at_json("audit", "explain", i)][0]
        told = self.at("audit", "explain", index, "--notice").stdout
        raw = self.at("audit", "explain", index, "--notice", "--json")
        self.assertIn("# Old?]0;mine? notice\n\n given ?2Jto? us\n", told)
        for shown in (told, raw.stdout):
            for mark in "\x1b\x07\x9b\u202e":
                self.assertNotIn(mark, shown)
        self.assertEqual(json.loads(raw.stdout)["notice"]["text"], words)

    def test_a_rehearsal_keeps_nothing(self):
        path = self.write("old.csv", COLUMNS + "ext:people,k0,direct-marketing,given,2025-12-24,\n")
        self.assertEqual(self.load(path, "--dry-run").stdout, "1 would be recorded, 0 same, 0 rejected\n")
        self.assertEqual(self.held(0)["state"], "unknown")
        self.assertFalse(os.path.exists(path + ".rejected.csv"))

    def test_a_purpose_for_all_rows(self):
        path = self.write("old.csv", "type,value,state,given\next:people,k0,given,2025-12-24\n")
        self.load(path, code=1)  # no column says the purpose
        self.load(path, "--purpose", "analytics")
        self.assertEqual(self.held(0, "analytics")["state"], "given")
        self.assertEqual(self.held(0)["state"], "unknown")

    def test_a_map(self):
        map_file = self.write("map.yaml", 'source: crm-2019\nkey: {type: "ext:people", column: Customer}\nfields:\n'
                                          "  purpose: {value: direct-marketing}\n  state: {from: OptIn}\n"
                                          "  given: {from: Date, format: D.M.YYYY}\n")
        path = self.write("old.csv", "Customer;no\n")
        self.load(path, "--map", map_file, code=1)
        path = self.write("old.csv", "Customer,OptIn,Date\nk0,given,24.12.2025\nk1,given,31.2.2025\n")
        self.assertEqual(self.load(path, "--map", map_file).stdout, "1 recorded, 0 same, 1 rejected\n")
        self.assertEqual(self.rejected(path), [(3, "date-impossible")])
        self.assertTrue(self.held(0)["given"].startswith("2025-12-24T00:00:00"))
        wrong = self.write("wrong.yaml", 'source: crm\nkey: {type: "ext:people", column: Customer}\nfields:\n'
                                         "  city: {from: OptIn}\n")
        self.load(path, "--map", wrong, code=1)

    def test_a_yes_needs_its_notice(self):
        path = self.write("old.csv", COLUMNS + "ext:people,k0,direct-marketing,given,2025-12-24,\n"
                                               "ext:people,k1,direct-marketing,withdrawn,2025-12-24,\n")
        self.assertEqual(self.at("consent", "import", path).stdout, "1 recorded, 0 same, 1 rejected\n")
        self.assertEqual(self.rejected(path), [(2, "unknown-notice")])

    def test_nothing_of_a_row_is_repeated(self):
        path = self.write("old.csv", COLUMNS + "mobile,13800000099,direct-marketing,given,geheim-geheim,geheim\n")
        done = self.load(path)
        self.assertNotIn("geheim", done.stdout + done.stderr + self.read("old.csv.rejected.csv"))
        self.assertNotIn("13800000099", done.stdout + done.stderr + self.read("old.csv.rejected.csv"))

    def test_wrong_calls(self):
        path = self.write("old.csv", COLUMNS)
        for options in (("--notice", self.notice), ("--language", "zh"), ("--version", "x"),
                        ("--map", "m", "--purpose", "p"), ("--purpose", "a: {b}"), ("--source", ""), ("--map", "m", "--source", "s")):
            self.at("consent", "import", path, *options, code=2)
        self.at("consent", "import", self.path("none.csv"), code=1)
        self.at("consent", "import", code=2)
        self.at("consent", "report", code=2)
        self.at("consent", "report", "--min-grade", "weak", code=1)

    def test_through_velumd(self):
        path = self.write("old.csv", COLUMNS + "ext:people,k0,direct-marketing,given,2025-12-24,\n")
        with support.Daemon(self):
            self.load(path)
            self.assertEqual(self.held(0)["state"], "given")
            lost = self.at_json("consent", "report", "--min-grade", "self")["purposes"]
        self.assertEqual({one["purpose"]: one["lost"] for one in lost}, {"direct-marketing": "<5", "analytics": "0"})

    def test_the_report(self):
        rows = "".join(f"ext:more,m{i},direct-marketing,given,2025-12-24,\n" for i in range(250))
        people = self.write("more.csv", "id\n" + "".join(f"m{i}\n" for i in range(250)))
        map_file = self.write("more.yaml", 'source: more\nkey: {type: "ext:more", column: id}\nfields: {}\n')
        self.at("import", people, "--map", map_file)
        self.assertEqual(self.load(self.write("old.csv", COLUMNS + rows)).stdout, "250 recorded, 0 same, 0 rejected\n")
        shown = self.at("consent", "report", "--min-grade", "assisted").stdout
        self.assertRegex(shown, r"direct-marketing +250")
        self.assertRegex(shown, r"analytics +0")
        only = self.at_json("consent", "report", "--min-grade", "imported", "--purpose", "direct-marketing")
        self.assertEqual(only["purposes"], [{"purpose": "direct-marketing", "lost": "0"}])

    def test_the_examples_load(self):
        people = self.write("people.csv", "phone\n13800000001\n13800000002\n")
        map_file = self.write("phones.yaml", "source: phones\nkey: {type: mobile, column: phone}\nfields: {}\n")
        self.at("import", people, "--map", map_file)
        with open(os.path.join(EXAMPLES, "legacy.csv"), encoding="utf-8") as file:
            copy = self.write("legacy.csv", file.read())
        done = self.at("consent", "import", copy, "--map", os.path.join(EXAMPLES, "legacy.yaml"), "--notice",
                       os.path.join(EXAMPLES, "marketing-2019.zh.md"), "--language", "zh")
        self.assertTrue(re.match(r"2 recorded, 0 same, 1 rejected", done.stdout), done.stdout)


if __name__ == "__main__":
    support.main()
