"""velum policy: every finding is told, and only what compiles is applied."""
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

SAMPLE = os.path.join(support.TOP, "policy", "sample")


class Policy(support.Case):
    def copy(self, name="policy"):
        shutil.copytree(SAMPLE, self.path(name))
        return self.path(name)

    def edit(self, folder, old, new):
        path = os.path.join(folder, "policy.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn(old, text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))

    def test_the_sample_compiles(self):
        done = self.velum("policy", "check", SAMPLE)
        self.assertRegex(done.stdout, r"(^|\n)[0-9a-f]{64}\n$")
        self.assertRegex(done.stderr, r"0 errors")
        self.assertEqual(self.json("policy", "check", SAMPLE)["policy"], done.stdout.strip()[-64:])

    def test_a_broken_policy_lists_all_findings(self):
        folder = self.copy()
        self.edit(folder, "clear: [city, member_level]", "clear: [city, shoe_size]")
        self.edit(folder, "actors: [customer]", "actors: [anybody]")
        done = self.velum("policy", "check", folder, code=1)
        findings = self.json("policy", "check", folder, code=1)["findings"]
        errors = [finding for finding in findings if finding["kind"] == "error"]
        self.assertGreaterEqual(len(errors), 3)  # two roles and an activity
        for error in errors:
            self.assertEqual(error["file"], "policy.yaml")
            self.assertGreater(error["line"], 0)
            self.assertIn(f'policy.yaml:{error["line"]}: error: ', done.stdout)
        self.assertNotRegex(done.stdout, r"[0-9a-f]{64}")

    def test_folders_that_are_none(self):
        self.velum("policy", "check", self.path("none"), code=1)
        os.mkdir(self.path("empty"))
        self.velum("policy", "check", self.path("empty"), code=1)

    def test_apply_and_show(self):
        self.sample(0)
        folder = self.copy()
        before = self.at_json("policy", "show")["policy"]
        self.assertEqual(self.at("policy", "apply", folder).stdout.strip(), before)
        self.edit(folder, "name: Sample retail chain", "name: Another chain")
        after = self.at("policy", "apply", folder).stdout.strip()
        shown = self.at_json("policy", "show")
        self.assertNotEqual(before, after)
        self.assertEqual(shown["policy"], after)
        self.assertEqual(shown["name"], "Another chain")
        self.assertIn("consent-capture", self.at("policy", "show").stdout)

    def test_what_does_not_compile_is_not_applied(self):
        self.sample(0)
        folder = self.copy()
        before = self.at_json("policy", "show")["policy"]
        self.edit(folder, "basis: contract # PIPL 13(2), GDPR 6(1)(b)", "basis: because")
        done = self.at("policy", "apply", folder, code=1)
        self.assertIn("policy.yaml:", done.stderr)
        self.assertEqual(self.at_json("policy", "show")["policy"], before)

    def test_a_clock_that_is_right_may_be_accepted(self):
        self.sample(0)
        self.assertIn("accepted", self.at("clock", "accept").stderr)


if __name__ == "__main__":
    support.main()
