"""velum sample --csv: the files go in, and each planted mistake ends as planted.csv says."""
import csv
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support


class Sample(support.Case):
    def made(self, *more):
        folder = self.path("try")
        return folder, self.json("sample", "--csv", folder, *more)

    def rejected(self, file):
        with open(file + ".rejected.csv", encoding="utf-8") as lines:
            return {int(row["line"]): row["reason"] for row in csv.DictReader(lines)}

    def test_each_mistake_ends_as_it_says(self):
        folder, report = self.made("--customers", 200)
        with open(os.path.join(folder, "planted.csv"), encoding="utf-8") as lines:
            planted = [row for row in csv.DictReader(lines) if row["file"] == "customers.csv"]
        self.assertEqual(len(planted), report["planted"])
        self.sample(0)
        file = os.path.join(folder, "customers.csv")
        counts = self.at_json("import", file, "--map", os.path.join(folder, "customers.yaml"))
        self.assertEqual(counts["rejected"], report["rejected"])
        self.assertEqual(sum(counts.values()), report["rows"])
        said = {int(row["line"]): row["what comes of it"] for row in planted}
        rejected = self.rejected(file)
        self.assertEqual(rejected, {line: reason for line, reason in said.items() if line in rejected})
        self.assertEqual(len(rejected), report["rejected"])
        # The two numbers of one person are one customer, so the second row changes nothing.
        self.assertEqual(counts["same"], 1)

    def test_its_consents_go_in(self):
        folder, _ = self.made("--customers", 200)
        self.sample(0)
        self.at("import", os.path.join(folder, "customers.csv"), "--map", os.path.join(folder, "customers.yaml"))
        file = os.path.join(folder, "consents.csv")
        done = self.at("consent", "import", file, "--map", os.path.join(folder, "consents.yaml"),
                       "--notice", os.path.join(folder, "notice.zh.md"), "--language", "zh")
        self.assertRegex(done.stdout, r"^2\d\d recorded, 0 same, \d+ rejected")
        with open(file, encoding="utf-8") as lines:
            last = len(lines.readlines())
        reasons = self.rejected(file)
        self.assertEqual(reasons.pop(last), "unknown-subject")
        self.assertLessEqual(set(reasons.values()), {"guardian-consent-required"})

    def test_the_same_seed_gives_the_same_files(self):
        first, _ = self.made("--customers", 70, "--seed", 5)
        again = self.path("again")
        self.velum("sample", "--csv", again, "--customers", 70, "--seed", 5)
        for name in os.listdir(first):
            with open(os.path.join(first, name), "rb") as one, open(os.path.join(again, name), "rb") as two:
                self.assertEqual(one.read(), two.read(), name)
        self.assertEqual(self.mode("again"), 0o700)
        self.assertEqual(self.mode("again", "customers.csv"), 0o600)

    def test_nothing_is_written_over(self):
        self.made("--customers", 70)
        done = self.velum("sample", "--csv", self.path("try"), code=1)
        self.assertIn("not written over", done.stderr)
        self.velum("sample", code=2)
        self.velum("sample", "--csv", self.path("less"), "--customers", 5, code=2)
        self.assertFalse(os.path.exists(self.path("less")))


if __name__ == "__main__":
    support.main()
