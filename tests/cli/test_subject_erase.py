"""velum subject erase and retained, velum certificate get and verify: what is shown before, done, and proved after
(I-6; PIPL 47, GDPR 17)."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

ROWS = "id,name,address\nk0,Wang Xiaoming,Nanjing Road 1\nk1,Li Lei,Nanjing Road 2\n"
MAP = ('source: people\nkey: {type: "ext:people", column: id}\n'
       "fields:\n  name: {from: name}\n  address: {from: address}\n")


class SubjectErase(support.Case):
    def setUp(self):
        super().setUp()
        self.sample(0)
        self.token("shop", "delivery", "order-fulfilment")
        self.file = self.write("people.csv", ROWS)
        self.map = self.write("people.yaml", MAP)
        refs = self.path("refs.csv")
        self.bring("--refs-out", refs, "--domain", "shop")
        with open(refs, encoding="utf-8") as lines:
            self.refs = ["shop:" + line.strip().split(",")[1].strip('"') for line in list(lines)[1:]]

    def bring(self, *more, **options):
        return self.at("import", self.file, "--map", self.map, *more, **options)

    def erase(self, ref, *more, **options):
        return self.at("subject", "erase", ref, *more, **options)

    def test_shown_before_and_done_only_with_a_word(self):
        shown = self.erase(self.refs[0], "--preview")
        self.assertEqual(shown.stdout, "")
        self.assertIn("destroyed: profile", shown.stderr)
        self.assertIn("kept by law: location until", shown.stderr)
        refused = self.erase(self.refs[0], code=2)
        self.assertIn("--yes", refused.stderr)
        self.erase(self.refs[0], "--ask", code=1)  # nobody needs to agree under the sample
        self.at("consent", "list", self.refs[0])

    def test_erased_with_a_certificate(self):
        """PIPL 47, GDPR 17: destroyed, and provably so."""
        out = self.path("certificate.json")
        done = self.erase(self.refs[0], "--yes", "--out", out)
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.mode("certificate.json"), 0o600)
        held = self.velum("certificate", "verify", out)
        self.assertIn("person", held.stdout)
        self.assertIn("E-Commerce Law", held.stdout)
        self.assertNotIn("Wang", held.stdout + self.read("certificate.json"))
        self.erase(self.refs[0], "--yes", code=1)
        self.at("consent", "list", self.refs[0], code=1)
        self.at("consent", "list", self.refs[1])
        self.velum("audit", "verify", self.data)

    def test_a_certificate_needs_a_key_that_is_trusted(self):
        out = self.path("certificate.json")
        self.erase(self.refs[0], "--yes", "--out", out)
        self.config = self.path("nobody")
        self.velum("certificate", "verify", out, code=6)
        self.velum("certificate", "verify", out, "--key", self.key)
        self.velum("certificate", "verify", out, "--key", "@" + self.write("key", self.key + "\n"))
        self.velum("certificate", "verify", out, "--key", "no key", code=2)
        other = self.path("other")
        other_key = self.velum("init", other, "--sample", "--customers", 0).stdout.strip()
        self.velum("certificate", "verify", out, "--key", other_key, code=3)

    def test_a_changed_certificate_does_not_hold(self):
        out = self.path("certificate.json")
        self.erase(self.refs[0], "--yes", "--out", out)
        whole = json.loads(self.read("certificate.json"))
        for member in ("certificate", "leaf", "proof"):
            changed = dict(whole)
            text = changed[member]
            at = len(text) // 2
            changed[member] = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1:]
            file = self.write("changed.json", json.dumps(changed, separators=(",", ":")) + "\n")
            self.assertIn(self.velum("certificate", "verify", file, code=None).returncode, (3, 5), member)
        self.velum("certificate", "verify", self.write("empty.json", ""), code=5)
        self.velum("certificate", "verify", self.path("missing.json"), code=5)

    def test_the_certificate_can_be_had_again(self):
        first = self.erase(self.refs[0], "--yes")
        said = json.loads(self.velum("certificate", "verify", self.write("c.json", first.stdout),
                                     "--json").stdout)
        self.assertEqual(said["exit_code"], 0)
        again = self.at("certificate", "get", said["certificate"]["id"])
        self.assertEqual(json.loads(again.stdout)["certificate"], json.loads(first.stdout)["certificate"])
        self.at("certificate", "get", "0" * 32, code=1)
        self.at("certificate", "get", "short", code=2)
        self.at("certificate", "get", said["certificate"]["id"], "--out", self.write("there", "x"), code=1)
        self.assertEqual(self.read("there"), "x")

    def test_one_category(self):
        self.erase(self.refs[0], "--category", "profile", "--yes", "--out", self.path("c.json"))
        self.at("consent", "list", self.refs[0])
        self.erase(self.refs[0], "--category", "location", "--yes", code=1)
        self.erase(self.refs[0], "--category", "nonsense", "--yes", code=1)

    def test_what_a_law_keeps(self):
        self.at("subject", "retained", self.refs[0])
        self.erase(self.refs[0], "--yes")
        shown = self.at("subject", "retained", self.refs[0]).stdout
        self.assertIn("location", shown)
        self.assertIn("E-Commerce Law", shown)
        self.assertNotIn("Wang", shown)
        kept = self.at_json("subject", "retained", self.refs[0])["retained"]
        self.assertEqual([one["category"] for one in kept], ["location"])

    def test_last_nights_file_brings_nobody_back(self):
        self.erase(self.refs[0], "--yes")
        counts = json.loads(self.bring("--json").stdout)
        self.assertEqual((counts["rejected"], counts["same"]), (1, 1))
        self.assertIn("suppressed", self.read("people.csv.rejected.csv"))

    def test_through_velumd(self):
        with support.Daemon(self):
            out = self.path("c.json")
            self.erase(self.refs[0], "--yes", "--out", out)
            self.velum("certificate", "verify", out)
            self.erase(self.refs[0], "--yes", code=1)


if __name__ == "__main__":
    support.main()
