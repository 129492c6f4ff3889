"""velum approval: what others are asked to agree to, and what waits for a review."""
import json
import os
import shutil
import subprocess
import sys
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

SAMPLE = os.path.join(support.TOP, "policy", "sample")
DEMAND = ("policy: {needed: 0}", "policy: {needed: 1}")

CANARY = "李小华"


class Velumd(support.Daemon):
    """velumd with its log in a file, asked over HTTP."""

    def __enter__(self):
        self.log = open(self.case.path("velumd.log"), "wb")
        self.process = subprocess.Popen([support.VELUMD, "--data", self.case.data, "--listen", "127.0.0.1:0"],
                                        stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL,
                                        env={**os.environ, "HOME": self.case.top})
        line = self.process.stdout.readline().decode()
        if "listening" not in line:
            self.process.kill()
            raise AssertionError("velumd did not come up")
        self.address = line.split()[-1]
        return self

    def __exit__(self, *error):
        super().__exit__(*error)
        self.log.close()

    def post(self, path, token, body):
        asked = urllib.request.Request(self.address + path, json.dumps(body).encode(), {
            "Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)


class Approval(support.Case):
    def setUp(self):
        super().setUp()
        self.sample(0)

    def person(self, name, role, *activities, domain="*"):
        """A person besides the officer; a command asks as them with $VELUM_TOKEN_FILE."""
        each = [word for activity in activities for word in ("--activity", activity)]
        token = self.at("credential", "add", name, "--kind", "human", "--role", role, *each,
                        "--domain", domain).stdout.strip()
        path = self.write(f"{name}.token", token + "\n")
        os.chmod(path, 0o600)
        return {"VELUM_TOKEN_FILE": path}

    def folder(self, name, *changes):
        """The sample policy with pieces of its text replaced."""
        folder = self.path(name)
        shutil.copytree(SAMPLE, folder)
        path = os.path.join(folder, "policy.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for old, new in changes:
            self.assertIn(old, text)
            text = text.replace(old, new)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return folder

    def asked_policy(self):
        """A policy that another person has to agree to: its approval's id."""
        self.at("policy", "apply", self.folder("demand", DEMAND))
        proposed = self.at_json("policy", "propose", self.folder("next", DEMAND, ("name: Sample", "name: Next")))
        return proposed["policy"], proposed["approval"]

    def test_list_show_agree(self):
        an = self.person("an", "dpo", "approvals")
        hash_, id_ = self.asked_policy()
        for columns in ("80", "100"):
            shown = self.at("approval", "list", COLUMNS=columns, **an).stdout
            self.assertIn(id_[:8], shown)
            self.assertIn("officer", shown)
            self.assertLessEqual(max(map(len, shown.splitlines())), int(columns))
        row, = self.at_json("approval", "list", **an)["approvals"]
        self.assertEqual((row["id"], row["what"], row["state"]), (id_, hash_, "asked"))
        seen = self.at_json("approval", "show", id_[:8], **an)
        self.assertEqual(seen["policy"], hash_)
        self.assertTrue(seen["changes"])
        shown = self.at("approval", "show", id_, **an).stdout
        self.assertRegex(shown, r"asked by +officer")
        self.assertIn("WIDENS", shown)
        self.assertEqual(self.at("approval", "agree", id_[:8], **an).stdout, "agreed\n")
        self.assertEqual(self.at_json("approval", "list", "--state", "agreed", **an)["approvals"][0]["agreed"], 1)
        self.assertEqual(self.at_json("approval", "list", "--state", "asked", **an)["approvals"], [])

    def test_who_asked_does_not_agree(self):
        _, id_ = self.asked_policy()
        done = self.at("approval", "agree", id_, code=1)
        self.assertIn("Who asked cannot agree", done.stderr)

    def test_refused_is_refused(self):
        an = self.person("an", "dpo", "approvals")
        hash_, id_ = self.asked_policy()
        self.assertEqual(self.at("approval", "refuse", id_, **an).stdout, "refused\n")
        done = self.at("policy", "activate", hash_, code=1)
        self.assertIn("refused", done.stderr)

    def test_others_are_asked_for_one_thing(self):
        an = self.person("an", "dpo", "approvals")
        care = self.person("clerk", "customer_service", "customer-care", domain="shop")
        shop = self.token("shop", "delivery", "order-fulfilment")
        with Velumd(self) as daemon:
            child = daemon.post("/v1/subjects", shop, {
                "identifiers": [{"type": "mobile", "value": "13800000002"}],
                "profile": {"name": CANARY, "birthday": "2020-05-06"}})["subject"]
            asked = ("approval", "ask", "--kind", "minor", "--activity", "customer-care", "--subject", child,
                     "--fields", "name,city")
            done = self.at(*asked, **care)
            self.assertRegex(done.stdout, r"\A[0-9a-f]{32}\n\Z")
            self.assertNotIn(child, done.stderr)
            id_ = done.stdout.strip()
            self.assertEqual(self.at(*asked, **care).stdout, done.stdout)
            row, = self.at_json("approval", "list", **an)["approvals"]
            self.assertEqual((row["id"], row["kind"], sorted(row["fields"])), (id_, "minor", ["city", "name"]))
            self.at("approval", "agree", id_, **an)
            with open(care["VELUM_TOKEN_FILE"], encoding="utf-8") as file:
                token = file.read().strip()
            seen = daemon.post(f"/v1/subjects/{child}/read", token,
                               {"activity": "customer-care", "fields": ["name", "city"], "approval": id_})
            self.assertEqual(seen["fields"]["name"], CANARY)

    def test_what_is_asked_wrongly(self):
        self.assertIn("--kind", self.at("approval", "ask", "--kind", "policy", code=2).stderr)
        self.assertIn("--activity", self.at("approval", "ask", "--activity", "administration", code=2).stderr)
        for words in (["--kind", CANARY], ["--kind", "minor"], ["--kind", "policy", "--what", CANARY],
                      ["--kind", "bulk", "--fields", CANARY], ["--kind", "policy"]):
            done = self.at("approval", "ask", "--activity", "administration", *words, code=1)
            self.assertEqual(done.stdout, "")
            self.assertNotIn(CANARY, done.stderr)

    def test_ids_that_are_none(self):
        an = self.person("an", "dpo", "approvals")
        for typed in ("xyz", "12", "0" * 33):
            self.assertIn("hex digits", self.at("approval", "show", typed, code=1, **an).stderr)
        self.assertIn("begins so", self.at("approval", "agree", "abcdef", code=1, **an).stderr)
        self.at("approval", "agree", "0" * 32, code=1, **an)
        self.at("approval", "list", "--state", "nonsense", code=1, **an)
        self.assertIn("no such approvals", self.at("approval", "list", **an).stderr)

    def test_a_policy_is_agreed_to_by_its_hash(self):
        an = self.person("an", "dpo", "approvals")
        hash_, _ = self.asked_policy()
        self.assertIn("--yes", self.at("policy", "approve", hash_[:12], code=1, **an).stderr)
        self.at("policy", "activate", hash_, code=1)
        done = self.at("policy", "approve", hash_[:12], "--yes", **an)
        self.assertIn("agreed", done.stdout)
        self.assertIn("1 of 1", done.stderr)
        self.assertIn("in force", self.at("policy", "activate", hash_[:12]).stderr)
        self.assertEqual(self.at_json("policy", "show")["policy"], hash_)

    def test_a_broken_glass_is_told_and_looked_at(self):
        an = self.person("an", "dpo", "approvals")
        urgent = self.person("urgent", "customer_service", "urgent-care", domain="shop")
        shop = self.token("shop", "delivery", "order-fulfilment")
        with open(urgent["VELUM_TOKEN_FILE"], encoding="utf-8") as file:
            token = file.read().strip()
        with Velumd(self) as daemon:
            child = daemon.post("/v1/subjects", shop, {
                "identifiers": [{"type": "mobile", "value": "13800000002"}],
                "profile": {"name": CANARY, "birthday": "2020-05-06"}})["subject"]
            seen = daemon.post(f"/v1/subjects/{child}/read", token,
                               {"activity": "urgent-care", "reason_code": "safety", "fields": ["name"]})
            self.assertEqual(seen["fields"]["name"], CANARY)
            row, = self.at_json("approval", "list", "--to-review", **an)["approvals"]
            self.assertEqual((row["id"], row["kind"]), (seen["break_glass"]["review"], "break-glass"))
            self.assertEqual(self.at("approval", "review", row["id"][:8], **an).stdout, "reviewed\n")
        told = self.read("velumd.log")
        self.assertIn("broke the glass", told)
        self.assertNotIn(CANARY, told)
        self.assertNotIn(child, told)

    def test_apply_is_refused_where_others_must_agree(self):
        self.at("policy", "apply", self.folder("demand", DEMAND))
        done = self.at("policy", "apply", SAMPLE, code=1)
        self.assertIn("propose", done.stderr)


if __name__ == "__main__":
    support.main()
