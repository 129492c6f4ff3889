"""velum import: three published files, rows that cannot go in, files that may not be written over."""
import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

MAP = """source: t
key: {type: "ext:t", column: id}
fields:
  name: {from: name}
  birthday: {from: born, format: DD/MM/YYYY}
"""
CANARY = "Zanzibar Quux"


class Import(support.Case):
    def setUp(self):
        super().setUp()
        self.sample(0)

    def counts(self, file, map_file, *more):
        return self.at_json("import", file, "--map", map_file, *more)

    def rejected(self, file):
        with open(file + ".rejected.csv", encoding="utf-8") as lines:
            rows = [line.strip().split(",") for line in lines]
        self.assertEqual(rows[0], ["line", "reason"])
        return {int(line): reason for line, reason in rows[1:]}

    def import_text(self, content, *more, code=0, map_text=MAP):
        self.file = self.write("in.csv", content)
        return self.at("import", self.file, "--map", self.write("map.yaml", map_text), *more, code=code)

    # --- published files ---

    def published(self, name, new, rejected):
        source = os.path.join(support.DATA, name + ".csv")
        if not os.path.exists(source):
            self.skipTest(f"{name} is not here")
        file = shutil.copy(source, self.path(name + ".csv"))
        map_file = os.path.join(support.EXAMPLES, name + ".yaml")
        self.assertEqual(self.counts(file, map_file),
                         {"new": new, "changed": 0, "same": 0, "rejected": rejected})
        self.assertEqual(self.counts(file, map_file),
                         {"new": 0, "changed": 0, "same": new, "rejected": rejected})
        self.assertEqual(self.at_json("status")["subjects"], new)
        self.assertEqual(os.path.exists(file + ".rejected.csv"), rejected > 0)
        return file

    @unittest.skipUnless(support.DATA, "the published files are not here")
    def test_febrl(self):
        file = self.published("febrl_dataset1", 997, 3)
        self.assertEqual(set(self.rejected(file).values()), {"date-impossible"})
        self.assertEqual(os.stat(file + ".rejected.csv").st_mode & 0o777, 0o600)

    @unittest.skipUnless(support.DATA, "the published files are not here")
    def test_fake_1000(self):
        self.published("fake_1000", 1000, 0)

    @unittest.skipUnless(support.DATA, "the published files are not here")
    def test_complete_journey(self):
        self.published("cj_demographics", 801, 0)

    # --- rows ---

    def test_rows_that_cannot_go_in(self):
        rows = [b"id,name,born", b"a,An,01/02/1990",        # 2
                b"b," + CANARY.encode() + b",30/02/1990",   # 3
                b"c,\xff\xfe,01/02/1990",                   # 4
                b"d,only two",                              # 5
                b"e,nul\0byte,01/02/1990",                  # 6
                b"f," + b"x" * 10_000_000 + b",01/02/1990", # 7
                b",no key,01/02/1990",                      # 8
                b"g,Bo,1990-02-01",                         # 9
                b'h,"Li, Wu ""W""",',                       # 10
                b'i,"never closed,01/02/1990',              # 11
                b"j,\xe5\xbc\xa0\xe4\xb8\x89,03/04/1985"]   # 12
        done = self.import_text(b"\n".join(rows) + b"\n")
        self.assertEqual(done.stdout, "3 new, 0 changed, 0 same, 8 rejected\n")
        self.assertEqual(self.rejected(self.file), {
            3: "date-impossible", 4: "bad-utf8", 5: "column-count", 6: "nul-byte", 7: self.rejected(self.file)[7],
            8: "key-missing", 9: "date-form", 11: "bad-quoting"})
        self.assertIn(self.rejected(self.file)[7], ("field-too-long", "row-too-long"))
        self.assertNotIn(CANARY, self.read("in.csv.rejected.csv") + done.stdout + done.stderr)
        self.assertEqual(self.mode("in.csv.rejected.csv"), 0o600)

    def test_what_the_gate_rejects_is_named_too(self):
        bad = MAP.replace("birthday: {from: born, format: DD/MM/YYYY}", "shoe_size: {from: born}")
        done = self.import_text("id,name,born\na,An,1\n", map_text=bad, code=None)
        self.assertNotIn("An", self.read("in.csv.rejected.csv").replace("line,reason", ""))
        self.assertEqual(done.stdout, "0 new, 0 changed, 0 same, 1 rejected\n")

    def test_changed_and_same(self):
        self.import_text("id,name,born\na,An,01/02/1990\nb,Bo,\n")
        done = self.import_text("id,name,born\na,Anna,01/02/1990\nb,Bo,\nc,Cy,\n")
        self.assertEqual(done.stdout, "1 new, 1 changed, 1 same, 0 rejected\n")
        done = self.import_text("id,name,born\na,Anna,01/02/1990\nd,Di,\n", map_text=MAP + "on_match: reject\n")
        self.assertEqual(done.stdout, "1 new, 0 changed, 0 same, 1 rejected\n")

    def test_an_old_list_of_rejected_rows_goes(self):
        self.import_text("id,name,born\na,An,99/02/1990\n")
        self.assertTrue(os.path.exists(self.file + ".rejected.csv"))
        self.import_text("id,name,born\na,An,01/02/1990\n")
        self.assertFalse(os.path.exists(self.file + ".rejected.csv"))

    def test_windows_line_ends_and_a_mark(self):
        done = self.import_text(b"\xef\xbb\xbfid,name,born\r\na,An,01/02/1990\r\n\r\nb,Bo,\r\n")
        self.assertEqual(done.stdout, "2 new, 0 changed, 0 same, 0 rejected\n")

    # --- refused before the first row ---

    def test_columns_that_are_missing(self):
        done = self.import_text("id,name\na,An\n", code=1)
        self.assertIn("map line 5", done.stderr)
        self.assertIn("Nothing was imported", done.stderr)
        self.assertEqual(self.at_json("status")["subjects"], 0)
        self.import_text("id,name,born,name\na,An,,x\n", code=1)

    def test_files_that_are_none(self):
        self.import_text("", code=1)
        self.import_text("id,name,born\n", map_text="source: t\n", code=1)
        self.at("import", self.path("absent"), "--map", self.path("map.yaml"), code=1)
        self.at("import", self.file, "--map", self.path("absent"), code=1)
        done = self.import_text("id,name,born\n")
        self.assertEqual(done.stdout, "0 new, 0 changed, 0 same, 0 rejected\n")

    # --- references ---

    def test_references(self):
        self.token("shop", "delivery", "order-fulfilment")
        out = self.path("refs.csv")
        self.import_text("id,name,born\na,An,\nb,Bo,99/99/9999\nc,Cy,\n", "--refs-out", out, "--domain", "shop")
        rows = self.read("refs.csv").split()
        self.assertEqual([row.split(",")[0] for row in rows], ["key", "a", "c"])
        self.assertEqual(self.mode("refs.csv"), 0o600)
        self.at("consent", "list", "shop:" + rows[1].split(",")[1].strip('"').lstrip("'"))
        before = self.read("refs.csv")
        self.import_text("id,name,born\nz,Zo,\n", "--refs-out", out, "--domain", "shop", code=1)
        self.assertEqual(self.read("refs.csv"), before)
        self.assertEqual(self.at_json("status")["subjects"], 2)

    def test_references_of_many_chunks_keep_their_keys(self):
        self.token("shop", "delivery", "order-fulfilment")
        first = self.path("first.csv")
        second = self.path("second.csv")
        rows = "id,name,born\n" + "".join(f"key{i},Name {i},\n" for i in range(450))
        self.import_text(rows, "--refs-out", first, "--domain", "shop")
        lines = rows.split("\n")[1:-1]
        self.import_text("id,name,born\n" + "\n".join(reversed(lines)) + "\n", "--refs-out", second, "--domain", "shop")
        self.assertEqual(len(self.read("first.csv").split()), 451)
        self.assertEqual(sorted(self.read("first.csv").split()), sorted(self.read("second.csv").split()))

    def test_through_velumd(self):
        with support.Daemon(self):
            done = self.import_text("id,name,born\na,An,01/02/1990\n")
            self.assertEqual(done.stdout, "1 new, 0 changed, 0 same, 0 rejected\n")

    def test_nobody_else_sends_consents(self):
        self.import_text("id,name,born\na,An,\n", map_text=MAP + "consents: []\n", code=1)


if __name__ == "__main__":
    support.main()
