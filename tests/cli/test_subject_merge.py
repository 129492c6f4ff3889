"""velum subject merge and unmerge: two records are one customer, and are not after all (docs/merging.md)."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

ROWS = "id,name\nk0,Wang Xiaoming\nk1,Li Lei\n"
MAP = 'source: people\nkey: {type: "ext:people", column: id}\nfields:\n  name: {from: name}\n'
UNDER = ("--activity", "order-fulfilment")


class SubjectMerge(support.Case):
    def setUp(self):
        super().setUp()
        self.sample(0)
        self.token("shop", "delivery", "order-fulfilment")
        refs = self.path("refs.csv")
        self.at("import", self.write("people.csv", ROWS), "--map", self.write("people.yaml", MAP), "--refs-out", refs,
                "--domain", "shop")
        with open(refs, encoding="utf-8") as lines:
            self.refs = [line.strip().split(",")[1].strip('"') for line in list(lines)[1:]]
        self.steward = self.person("steward", "customer_service", "order-fulfilment", "shop")

    def person(self, name, role, activity, domain):
        """A person besides the officer; a command asks as them with $VELUM_TOKEN_FILE."""
        token = self.at("credential", "add", name, "--kind", "human", "--role", role, "--activity", activity,
                        "--domain", domain).stdout.strip()
        path = self.write(f"{name}.token", token + "\n")
        os.chmod(path, 0o600)
        return {"VELUM_TOKEN_FILE": path}

    def agreed(self, *words):
        """The approval of an act that the steward is about to do."""
        asked = self.at("subject", *words, *UNDER, "--ask", **self.steward).stdout.strip()
        self.at("approval", "agree", asked)
        return ("--approval", asked)

    def merge(self, stays, joins):
        agreed = self.agreed("merge", stays, joins)
        return self.at("subject", "merge", stays, joins, *UNDER, *agreed, **self.steward)

    def test_merged_and_taken_apart(self):
        stays, joins = self.refs
        refused = self.at("subject", "merge", stays, joins, *UNDER, code=1, **self.steward)
        self.assertIn("approval", refused.stderr)
        merged = self.merge(stays, joins)
        self.assertEqual(merged.stdout, stays + "\n")
        self.assertIn("merged: 1", merged.stderr)
        refused = self.at("subject", "unmerge", joins, *UNDER, code=1, **self.steward)
        self.assertIn("approval", refused.stderr)
        parted = self.at("subject", "unmerge", joins, *UNDER, *self.agreed("unmerge", joins), **self.steward)
        self.assertEqual(parted.stdout, joins + "\n")
        self.assertIn("unmerged: 2", parted.stderr)
        self.velum("audit", "verify", self.data)

    def test_a_domain_stands_before_both_or_before_the_first(self):
        stays, joins = self.refs
        agreed = self.agreed("merge", stays, joins)
        merged = self.at("subject", "merge", f"shop:{stays}", f"shop:{joins}", *UNDER, *agreed, **self.steward)
        self.assertEqual(merged.stdout, stays + "\n")
        self.at("subject", "merge", f"shop:{stays}", f"crm:{joins}", *UNDER, code=1, **self.steward)

    def test_what_is_missing_is_told(self):
        self.assertIn("--activity", self.at("subject", "merge", *self.refs, code=2).stderr)
        self.at("subject", "merge", self.refs[0], *UNDER, code=2)
        self.at("subject", "merge", self.refs[0], "nobody", *UNDER, code=1, **self.steward)

    def test_erasing_one_says_that_the_other_goes(self):
        stays, joins = self.refs
        self.merge(stays, joins)
        shown = self.at("subject", "erase", f"shop:{joins}", "--preview")
        self.assertIn(f"another record of the same customer: {stays}", shown.stderr)
        done = self.at("subject", "erase", f"shop:{joins}", "--yes", "--out", self.path("first.json"))
        certificate = done.stderr.rsplit("its certificate is ", 1)[1].split()[0]
        self.at("certificate", "get", certificate, "--out", self.path("second.json"))
        for name in ("first.json", "second.json"):
            self.velum("certificate", "verify", self.path(name))


if __name__ == "__main__":
    support.main()
