"""velum init: refusals, the kit, the sample, the trust file."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support


class Init(support.Case):
    def test_neither_kit_nor_sample(self):
        done = self.velum("init", self.path("data"), code=2)
        self.assertIn("--kit", done.stderr)
        self.assertIn("--sample", done.stderr)
        self.assertFalse(os.path.exists(self.path("data")))

    def test_sample_words_without_a_sample(self):
        self.velum("init", self.path("data"), "--kit", self.path("kit"), "--customers", "5", code=2)
        self.velum("init", self.path("data"), "--sample", "--customers", "five", code=2)
        self.assertFalse(os.path.exists(self.path("data")))
        self.assertFalse(os.path.exists(self.path("kit")))

    def test_a_kit(self):
        key = self.velum("init", self.path("data"), "--kit", self.path("kit")).stdout
        self.assertEqual(sorted(os.listdir(self.path("kit"))), ["officer-token", "velum-root", "verifier-key"])
        for name in os.listdir(self.path("kit")):
            self.assertEqual(self.mode("kit", name), 0o600, name)
        self.assertEqual(self.mode("kit"), 0o700)
        self.assertEqual(self.mode("data"), 0o700)
        self.assertEqual(self.read("kit", "verifier-key").strip(), key.strip())
        self.assertEqual(key.count("\n"), 1)
        self.assertRegex(key, r"^[^+ ]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+\n$")
        self.assertFalse(os.path.exists(self.path("data", "root.key")))

    def test_a_kit_opens_the_folder(self):
        self.velum("init", self.path("data"), "--kit", self.path("kit"))
        done = self.velum("--data", self.path("data"), "status", code=1)
        self.assertIn("VELUM_ROOT_FILE", done.stderr)
        self.data = self.path("data")
        root = self.path("kit", "velum-root")
        status = self.at("status", VELUM_ROOT_FILE=root, code=1)  # the first policy serves nobody
        self.assertIn("no-policy", status.stdout)
        self.assertIn("velum policy apply", status.stderr)
        self.at("policy", "apply", os.path.join(support.TOP, "policy", "sample"), VELUM_ROOT_FILE=root)
        self.at("status", VELUM_ROOT_FILE=root)

    def test_folders_that_are_not_empty(self):
        self.write("data/x", "")
        self.velum("init", self.path("data"), "--sample", code=1)
        self.assertEqual(os.listdir(self.path("data")), ["x"])
        self.write("kit/x", "")
        self.velum("init", self.path("other"), "--kit", self.path("kit"), code=1)
        self.assertEqual(os.listdir(self.path("kit")), ["x"])
        self.assertFalse(os.path.exists(self.path("other")))

    def test_a_sample_is_the_same_twice(self):
        found = []
        for name in ("one", "two"):
            self.velum("init", self.path(name), "--sample", "--customers", "230")
            self.data = self.path(name)
            status = self.at_json("status")
            self.assertEqual(status["subjects"], 230)
            self.assertTrue(status["sample"])
            found.append(self.counts())
        self.assertEqual(found[0], found[1])
        self.assertEqual(found[0]["new"], 230)

    def counts(self):
        entries = self.at_json("audit", "log")["entries"]
        last = [entry for entry in entries if entry["type"] == "import"][-1]
        self.assertEqual(last["stage"], "outcome")
        return {name: last.get(name) for name in ("new", "same", "changed", "rejected")}

    def test_the_trust_file_lets_the_first_verification_say_sound(self):
        for customers in (0, 50):
            self.data = self.path(f"data-{customers}")
            key = self.velum("init", self.data, "--sample", "--customers", customers).stdout.strip()
            name = key.split("+")[0].replace("/", "%2F")
            trust = self.read("config", "velum", "trust", name)
            self.assertEqual(trust.split("\n")[0], key)
            self.assertEqual(self.mode("config", "velum", "trust", name), 0o600)
            self.at("audit", "verify", code=0)

    def test_without_a_home(self):
        env = ["env", "-u", "HOME", "-u", "XDG_CONFIG_HOME"]
        done = self.velum("init", self.path("data"), "--sample", "--customers", "0", before=env)
        self.assertIn("--key", done.stderr)


if __name__ == "__main__":
    support.main()
