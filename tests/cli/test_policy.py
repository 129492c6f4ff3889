"""velum policy: every finding is told, and only what compiles is applied."""
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

SAMPLE = os.path.join(support.TOP, "policy", "sample")


class Policy(support.Case):
    def copy(self, name="policy"):
        shutil.copytree(SAMPLE, self.path(name))
        return self.path(name)

    def edit(self, folder, old, new, name="policy.yaml"):
        path = os.path.join(folder, name)
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

    def test_modules_are_checked_with_the_policy(self):
        folder = self.copy()
        orders = os.path.join("modules", "orders.yaml")
        self.edit(folder, "    of: orders\n", "    of: invoices\n", orders)
        done = self.velum("policy", "check", folder, code=1)
        self.assertRegex(done.stdout, r"modules/orders.yaml:\d+: error: table order_lines: of names")
        self.edit(folder, "    of: invoices\n", "    of: orders\n", orders)
        self.edit(folder, "k: 10", "k: 5", os.path.join("modules", "counts.yaml"))
        done = self.velum("policy", "diff", SAMPLE, folder)
        self.assertRegex(done.stdout, r"counts +yes +count sales_by_store: k from 10 to 5")

    def test_a_law_of_ones_own(self):
        folder = self.copy()
        os.mkdir(os.path.join(folder, "packs"))
        brought = os.path.join(support.TOP, "policy", "packs", "cn-pipl.v1.yaml")
        own = os.path.join(folder, "packs", "cn-pipl.yaml")
        shutil.copy(brought, own)
        before = self.json("policy", "check", SAMPLE)["policy"]
        self.assertNotEqual(self.json("policy", "check", folder)["policy"], before)
        with open(own, "a", encoding="utf-8") as file:
            file.write("hard-limit: {weeks: 4}\n")
        done = self.velum("policy", "check", folder, code=1)
        self.assertIn("packs/cn-pipl.yaml:", done.stdout)
        self.edit(folder, "jurisdiction: cn-pipl", "jurisdiction: mars")
        done = self.velum("policy", "check", folder, code=1)
        self.assertIn("mars is unknown; choose from: cn-pipl, eu-gdpr, us-ca", done.stdout)

    def test_risks_need_an_assessment(self):
        """PIPL 55, GDPR 35: such a purpose does not come into force."""
        folder = self.copy()
        self.edit(folder, "    assessment: pia-2026-01-analytics\n", "")
        done = self.velum("policy", "check", folder, code=1)
        self.assertIn("no impact assessment (PIPL 55, GDPR 35)", done.stdout)

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

    def test_propose_activate_roll_back(self):
        self.sample(0)
        folder = self.copy()
        first = self.at_json("policy", "show")["policy"]
        self.edit(folder, "clear: [name, city, member_level, orders.*, order_lines.*]\n    mask: [mobile, email, birthday]\n    hide",
                  "clear: [name, member_level, orders.*, order_lines.*]\n    mask: [mobile, email, birthday]\n    hide")
        proposed = self.at("policy", "propose", folder, "--note", "less for care")
        second = proposed.stdout.strip()[-64:]
        self.assertIn("activate", proposed.stderr)
        self.assertEqual(self.at_json("policy", "show")["policy"], first)
        for columns in ("80", "100"):
            shown = self.at("policy", "list", COLUMNS=columns).stdout
            self.assertIn(second[:12], shown.replace("\n", ""))
            self.assertLessEqual(max(map(len, shown.splitlines())), int(columns))
        listed = self.at_json("policy", "list")
        self.assertEqual(listed["active"]["policy"], first)
        self.assertEqual(listed["proposed"][0]["note"], "less for care")
        self.at("policy", "activate", second[:12])
        self.assertEqual(self.at_json("policy", "show")["policy"], second)
        self.at("policy", "rollback")
        self.assertEqual(self.at_json("policy", "show")["policy"], first)
        self.at("policy", "rollback", second[:12])
        self.assertEqual(self.at_json("policy", "show")["policy"], second)
        self.at("policy", "rollback", second, code=1)
        self.at("policy", "activate", "ffffffffffff", code=1)

    def test_a_time_for_it(self):
        self.sample(0)
        folder = self.copy()
        self.edit(folder, "name: Sample retail chain", "name: Another chain")
        hash_ = self.at_json("policy", "propose", folder)["policy"]
        self.at("policy", "activate", hash_, "--at", "2001-01-01", code=1)
        self.at("policy", "activate", hash_, "--at", "soon", code=2)
        tomorrow = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
        self.assertIn("will be in force", self.at("policy", "activate", hash_, "--at", tomorrow).stderr)
        row, = self.at_json("policy", "list")["proposed"]
        self.assertEqual(row["state"], "scheduled")

    def test_differences_and_texts(self):
        self.sample(0)
        folder = self.copy()
        first = self.at_json("policy", "show")["policy"]
        self.assertIn("nothing", self.at("policy", "diff", SAMPLE, folder).stderr)
        self.edit(folder, "clear: [city, member_level]\n    mask: [birthday]",
                  "clear: [city, member_level, birthday]")
        widened = self.at_json("policy", "diff", first[:12], folder)["changes"]
        self.assertTrue(any(change["widens"] for change in widened))
        narrowed = self.at_json("policy", "diff", folder, first)["changes"]
        self.assertFalse(any(change["widens"] for change in narrowed))
        self.assertIn("WIDENS", self.at("policy", "diff", first, folder).stdout)
        out = self.path("kept")
        self.assertEqual(self.at("policy", "files", first[:12], out).stdout.strip(), first)
        self.assertEqual(self.velum("policy", "check", out).stdout.strip()[-64:], first)
        self.assertIn("already", self.at("policy", "files", first, out, code=1).stderr)

    def test_a_policy_in_shadow(self):
        self.sample(0)
        self.assertIn("no policy is in shadow", self.at("policy", "shadow", code=1).stderr)
        folder = self.copy()
        self.edit(folder, "actions: [lookup, consent-read, consent-write]", "actions: [lookup, consent-read]")
        self.token("shop", "delivery", "order-fulfilment")
        ref, = self.refs(1)
        hash_ = self.at_json("policy", "propose", folder, "--shadow")["policy"]
        self.assertIn("no decision was different", self.at("policy", "shadow").stderr)
        for _ in range(2):
            self.at("consent", "give", f"shop:{ref}", "--purpose", "analytics")
        report = self.at_json("policy", "shadow")
        self.assertEqual(report["policy"], hash_)
        row, = report["differences"]
        self.assertEqual((row["activity"], row["shadow_decision"], row["times"]), ("consent-capture", "deny", 2))
        self.assertIn("consent-capture", self.at("policy", "shadow").stdout)
        self.at("policy", "shadow", "off")
        self.at("policy", "shadow", code=1)
        self.at("policy", "shadow", hash_[:12])
        self.assertEqual(len(self.at_json("policy", "shadow")["differences"]), 1)

    def test_a_clock_that_is_right_may_be_accepted(self):
        self.sample(0)
        self.assertIn("accepted", self.at("clock", "accept").stderr)


if __name__ == "__main__":
    support.main()
