"""velum credential: tokens, refusals, people."""
import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support


class Credential(support.Case):
    def setUp(self):
        super().setUp()
        self.sample(0)

    def names(self):
        return {one["name"]: one for one in self.at_json("credential", "list")["credentials"]}

    def add(self, name, *more, code=0):
        return self.at("credential", "add", name, *more, code=code)

    def test_a_token_stands_alone(self):
        done = self.add("crm", "--kind", "service", "--role", "customer_service", "--activity",
                        "customer-care,order-fulfilment", "--domain", "crm", "--expires", "2199-12-31")
        self.assertRegex(done.stdout, r"^\S{20,}\n$")
        self.assertNotIn(done.stdout.strip(), done.stderr)
        listed = self.names()["crm"]
        self.assertEqual(listed["roles"], ["customer_service"])
        self.assertEqual(sorted(listed["activities"]), ["customer-care", "order-fulfilment"])
        self.assertTrue(listed["expires"].startswith("2199-12-31T00:00:00"))
        self.assertNotIn(done.stdout.strip(), str(listed))

    def test_nobody_records_the_consent_they_live_on(self):
        done = self.add("bad", "--kind", "service", "--role", "marketing", "--activity",
                        "consent-capture,direct-marketing", "--domain", "shop", code=1)
        self.assertEqual(done.stdout, "")
        self.assertNotIn("bad", self.names())

    def test_refusals(self):
        good = ["--kind", "service", "--role", "delivery", "--activity", "order-fulfilment", "--domain", "shop"]
        for more in (["--role", "nobody"], ["--activity", "nothing"], ["--domain", "No Domain"]):
            words = good.copy()
            words[words.index(more[0]) + 1] = more[1]
            self.add("x", *words, code=1)
        self.add("Not A Name", *good, code=1)
        self.add("y", *good)
        self.add("y", *good, code=1)  # taken
        self.assertNotIn("x", self.names())

    def test_words_that_are_wrong_before_the_gate(self):
        good = ["--kind", "service", "--role", "delivery", "--activity", "order-fulfilment", "--domain", "shop"]
        self.add("x", *good, "--expires", "2001-01-01", code=2)
        self.add("x", *good, "--expires", "tomorrow", code=2)
        self.add("x", *good, "--uid", "-1", code=2)
        self.add("x", "--kind", "robot", *good[2:], code=2)
        self.add("x", *good[:4], code=2)

    def test_revoking(self):
        self.add("till", "--kind", "service", "--role", "delivery", "--activity", "order-fulfilment",
                 "--domain", "shop")
        self.at("credential", "revoke", "till")
        self.assertIn("revoked", self.names()["till"])
        self.assertIn("revoked", self.at("credential", "list").stdout)
        self.at("credential", "revoke", "nobody", code=1)

    def test_rotating(self):
        first = self.token("till", "delivery", "order-fulfilment")
        done = self.at("credential", "rotate", "till", "--overlap", "3")
        self.assertRegex(done.stdout, r"^\S{20,}\n$")
        self.assertNotEqual(done.stdout.strip(), first)
        self.assertNotIn(done.stdout.strip(), done.stderr)
        self.assertIn("until", done.stderr)
        self.assertIn("old_until", self.names()["till"])
        self.at("credential", "rotate", "till", "--overlap", "169", code=2)
        self.at("credential", "rotate", "till", "--overlap", "x", code=2)
        self.at("credential", "rotate", "nobody", code=1)
        self.at("credential", "revoke", "till")
        self.at("credential", "rotate", "till", code=1)

    def test_a_customer_token(self):
        self.token("shop", "delivery", "order-fulfilment")
        ref = self.refs(1)[0]
        done = self.at("credential", "customer", f"shop:{ref}")
        self.assertRegex(done.stdout, r"^\S{20,}\n$")
        self.at("credential", "customer", "shop:zzzz", code=1)

    def test_tables_fit(self):
        for i in range(3):
            self.add(f"a-service-with-a-long-name-{i}", "--kind", "service", "--role",
                     "customer_service,marketing,analyst", "--activity", "customer-care,order-fulfilment",
                     "--domain", "shop", "--expires", "2199-12-31T10:00:00Z")
        for columns in (80, 100):
            for line in self.at("credential", "list", COLUMNS=str(columns)).stdout.splitlines():
                self.assertLessEqual(len(line), columns, line)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "needs root and setpriv")
    def test_a_uid_without_a_person(self):
        other = ["setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps", "+dac_override",
                 "--ambient-caps", "+dac_override"]
        if self.velum("--version", code=None, before=other).returncode != 0:
            self.skipTest("another user cannot run the command here")
        done = self.at("status", before=other, code=1)
        self.assertEqual(done.stdout, "")
        self.assertIn("65534", done.stderr)
        self.add("eve", "--kind", "human", "--role", "dpo", "--activity", "administration", "--domain", "*",
                 "--uid", "65534")
        self.at("status", before=other)
        self.at("audit", "log", before=other, code=1)  # registered, but not for this


if __name__ == "__main__":
    support.main()
