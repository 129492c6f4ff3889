"""velum consent: given, listed, withdrawn; and the log of it."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support


class Consent(support.Case):
    def setUp(self):
        super().setUp()
        self.sample(0)
        self.token("shop", "delivery", "order-fulfilment")
        self.ref = "shop:" + self.refs(1)[0]

    def state(self, purpose="direct-marketing"):
        held = self.at_json("consent", "list", self.ref)["consents"]
        found = [one["state"] for one in held if one["purpose"] == purpose]
        return found[0] if found else None

    def test_given_and_withdrawn(self):
        self.assertNotEqual(self.state(), "given")
        done = self.at("consent", "give", self.ref, "--purpose", "direct-marketing", "--language", "zh")
        self.assertEqual(done.stdout, "")
        self.assertEqual(self.state(), "given")
        self.assertNotEqual(self.state("analytics"), "given")
        self.at("consent", "withdraw", self.ref, "--purpose", "direct-marketing")
        self.assertEqual(self.state(), "withdrawn")
        self.at("consent", "give", self.ref, "--purpose", "direct-marketing")
        self.assertEqual(self.state(), "given")

    def test_refusals(self):
        self.at("consent", "give", self.ref, code=2)
        self.at("consent", "give", self.ref, "--purpose", "order-fulfilment", code=1)
        self.at("consent", "give", self.ref, "--purpose", "no-such-purpose", code=1)
        self.at("consent", "give", "shop:aaaaaaaaaaaaaaaaaaaaaaaaaa", "--purpose", "analytics", code=1)
        self.assertNotEqual(self.state("analytics"), "given")

    def test_a_table_that_fits(self):
        self.at("consent", "give", self.ref, "--purpose", "direct-marketing", "--language", "zh")
        for columns in (80, 100):
            shown = self.at("consent", "list", self.ref, COLUMNS=str(columns)).stdout
            self.assertIn("direct-marketing", shown)
            for line in shown.splitlines():
                self.assertLessEqual(len(line), columns, line)

    def test_each_is_an_entry(self):
        self.at("consent", "give", self.ref, "--purpose", "analytics")
        self.at("consent", "withdraw", self.ref, "--purpose", "analytics")
        entries = self.at_json("audit", "log", "--subject", self.ref)["entries"]
        states = [one.get("consent_state") for one in entries if one["type"] == "consent"]
        self.assertEqual(states, ["given", "withdrawn"])

    def test_through_velumd(self):
        with support.Daemon(self):
            self.at("consent", "give", self.ref, "--purpose", "analytics")
            self.assertEqual(self.state("analytics"), "given")
            self.assertIn("velumd holds", self.at("status").stderr)


if __name__ == "__main__":
    support.main()
