"""velum backup and velum restore: a backup cannot undo an erasure (docs/backup.md; I-3, I-6, I-8; PIPL 47, GDPR 17)."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

HEAD = "id,name,address\n"
PEOPLE = ["k0,Wang Xiaoming,Nanjing Road 1\n", "k1,Li Lei,Nanjing Road 2\n", "k2,Zhao Min,Nanjing Road 3\n"]
MAP = ('source: people\nkey: {type: "ext:people", column: id}\n'
       "fields:\n  name: {from: name}\n  address: {from: address}\n")
COPY = re.compile(r"vault-(\d{8}T\d{6}Z)\.db")
MEMBERS = {"name", "log_size", "entries_since", "subjects", "erased", "unreadable", "consents", "restricted", "messages", "missing",
           "approvals", "credentials", "policies", "requests", "origin", "verifier_key"}
PURPOSE = "direct-marketing"
DEADLINE_S = 60


class Velumd(support.Daemon):
    """velumd, from which customers are read over HTTP."""

    def __enter__(self):
        self.process = subprocess.Popen([support.VELUMD, "--data", self.case.data, "--listen", "127.0.0.1:0"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                        env={**os.environ, "HOME": self.case.top, **self.environment})
        line = self.process.stdout.readline().decode()
        if "listening" not in line:
            self.process.kill()
            raise AssertionError("velumd did not come up")
        self.address = line.split()[-1]
        return self

    def get(self, ref, token):
        """Status and profile of a customer."""
        asked = urllib.request.Request(f"{self.address}/v1/subjects/{ref}?activity=order-fulfilment",
                                       headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)


class Places(support.Case):
    """A folder of three people whose root secret lies outside, as of a house and not of a sample."""

    root = ""

    def setUp(self):
        super().setUp()
        self.top = os.path.realpath(self.top)
        self.config = self.path("config")
        self.data = self.path("data")
        self.key = super().velum("init", self.data, "--kit", self.path("kit")).stdout.strip()
        self.root = self.path("kit", "velum-root")
        self.at("policy", "apply", os.path.join(support.TOP, "policy", "sample"))
        self.service = self.token("shop", "delivery", "order-fulfilment")
        self.file = self.write("people.csv", HEAD + "".join(PEOPLE))
        self.map = self.write("people.yaml", MAP)
        refs = self.path("refs.csv")
        self.bring("--refs-out", refs, "--domain", "shop")
        with open(refs, encoding="utf-8") as lines:
            self.bare = [line.strip().split(",")[1].strip('"') for line in list(lines)[1:]]
        self.refs = ["shop:" + ref for ref in self.bare]
        self.place = self.path("place")
        self.new = self.path("new")

    def velum(self, *arguments, **options):
        options.setdefault("VELUM_ROOT_FILE", self.root)
        return super().velum(*arguments, **options)

    def velumd(self):
        return Velumd(self, VELUM_ROOT_FILE=self.root)

    def bring(self, *more, **options):
        return self.at("import", self.file, "--map", self.map, *more, **options)

    def backup(self, *more):
        """The name of a new copy in the place."""
        done = self.at("backup", "--to", self.place, *more)
        found = re.fullmatch(r"backup: (\S+) in (.+)\n", done.stdout)
        self.assertTrue(found, done.stdout)
        self.assertEqual(found.group(2), self.place)
        self.assertRegex(found.group(1), COPY)
        return found.group(1)

    def restore(self, *more, code=0, **options):
        return self.velum("restore", "--from", self.place, *more, self.new, code=code, **options)

    def names(self):
        """All that lies in the place, at whatever depth."""
        return sorted(name for _, folders, files in os.walk(self.place) for name in folders + files)

    def copies(self):
        return [name for name in self.names() if name.startswith("vault-")]

    def places(self):
        return {one["place"]: one for one in self.at_json("backup", "--status")["places"]}

    def until(self, what, condition):
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.05)

    def until_another_second(self, copy):
        """The next copy has another name than this one, which tells its second."""
        self.until("the clock stands", lambda: time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) >
                   COPY.fullmatch(copy).group(1))

    def nothing_restored(self):
        self.assertEqual([name for name in os.listdir(self.top) if name.startswith("new")], [])


class Restored(Places):
    def prepare(self):
        self.token("old", "delivery", "order-fulfilment")
        self.at("consent", "give", self.refs[1], "--purpose", PURPOSE)

    def change(self):
        """What happens after the copy: k0 is erased, k1 takes a consent back, a credential is revoked."""
        self.at("subject", "erase", self.refs[0], "--yes", "--out", self.path("certificate.json"))
        self.at("consent", "withdraw", self.refs[1], "--purpose", PURPOSE)
        self.at("credential", "revoke", "old")
        self.until("the place follows", lambda: self.places()[self.place]["behind"] == 0)

    def state(self, ref):
        shown = self.at_json("consent", "list", ref)
        return {one["purpose"]: one["state"] for one in shown["consents"]}[PURPOSE]

    def check(self, copy, *more):
        """The new folder, made from `copy`, knows of the erasure and has logs that are believed."""
        done = self.restore("--json", *more)
        result = json.loads(done.stdout)
        self.assertEqual(set(result), MEMBERS)
        self.assertEqual(result["name"], copy)
        self.assertEqual((result["subjects"], result["erased"]), (2, 1))
        self.assertEqual((result["unreadable"], result["missing"], result["requests"]), (0, 0, 0))
        self.assertGreater(result["log_size"], result["entries_since"])
        self.assertIn("1 customer who was erased since is erased again.", done.stderr)
        self.assertNotRegex(done.stderr, r"(?m)^ +0 ")
        self.assertNotIn("Wang", done.stdout + done.stderr)
        self.assertEqual(self.mode("new"), 0o700)
        self.assertEqual([name for name in os.listdir(self.top) if name.startswith("new")], ["new"])
        old, self.data = self.data, self.new
        self.check_people()
        self.check_logs(old, result)
        return result

    def check_people(self):
        """k0 is erased and does not come back, k2 is as before; k1 has no consent that was taken back."""
        self.at("consent", "list", self.refs[0], code=1)
        self.at("subject", "erase", self.refs[0], "--yes", code=1)
        self.assertEqual(self.state(self.refs[1]), "invalidated")
        self.write("people.csv", HEAD + PEOPLE[0] + PEOPLE[2])
        counts = json.loads(self.bring("--json").stdout)
        self.assertEqual((counts["rejected"], counts["same"]), (1, 1))
        self.assertIn("suppressed", self.read("people.csv.rejected.csv"))
        with self.velumd() as velumd:
            status, problem = velumd.get(self.bare[0], self.service)
            self.assertIn(status, (404, 410))
            self.assertNotIn("Wang", json.dumps(problem))
            status, profile = velumd.get(self.bare[2], self.service)
            self.assertEqual(status, 200)
            self.assertIn("Zhao Min", json.dumps(profile))

    def check_logs(self, old, result):
        """The new log under the new key, the old one under the old; each by its trust file (B-6)."""
        self.assertEqual(result["verifier_key"].split("+")[0], result["origin"])
        self.assertNotEqual(result["origin"], self.key.split("+")[0])
        self.velum("audit", "verify", self.new)
        self.velum("audit", "verify", os.path.join(self.new, "audit-before"))
        self.velum("audit", "verify", old)
        trusted, self.config = self.config, self.path("nobody")
        self.velum("audit", "verify", self.new, "--key", result["verifier_key"], code=6)
        self.velum("audit", "verify", self.new, "--key", self.key, code=3)
        self.config = trusted

    def test_a_backup_that_velumd_makes(self):
        """I-6, B-5: with the log of the machine everything is known that was taken back."""
        self.prepare()
        with self.velumd():
            copy = self.backup()
            status = self.at_json("backup", "--status")
            self.assertEqual((status["state"], status["place"], status["name"]), ("done", self.place, copy))
            self.change()
        result = self.check(copy, "--log", os.path.join(self.data, "audit"))
        self.assertEqual((result["consents"], result["restricted"]), (1, 0))
        self.assertGreaterEqual(result["entries_since"], 3)
        self.assertGreaterEqual(result["credentials"], 1)
        life = {one["name"]: one for one in self.at_json("credential", "list")["credentials"]}
        self.assertIn("revoked", life["old"])
        self.assertNotIn("revoked", life["shop"])
        with self.velumd() as velumd:
            self.assertEqual(velumd.get(self.bare[1], self.service)[0], 200)

    def test_a_backup_without_velumd(self):
        """I-3, B-5: of a log that ends with the backup nothing can be learned. Keys tell of the erasure, and that k1
        changed."""
        self.prepare()
        copy = self.backup()
        (log,) = glob.glob(os.path.join(self.place, "*", "audit"))
        then = self.path("log-then")
        shutil.copytree(log, then)
        self.assertEqual(self.copies(), [copy])
        self.assertLessEqual({"keys.db", "keyring", "audit"}, set(self.names()))
        for folder, _, files in os.walk(self.place):
            self.assertEqual(os.stat(folder).st_mode & 0o077, 0, folder)
            for name in files:
                self.assertEqual(os.stat(os.path.join(folder, name)).st_mode & 0o077, 0, name)
        self.change()
        result = self.check(copy, "--log", then)
        self.assertEqual((result["consents"], result["restricted"]), (0, 1))
        with self.velumd() as velumd:
            status, problem = velumd.get(self.bare[1], self.service)
            self.assertEqual(status, 403)
            self.assertNotIn("Li Lei", json.dumps(problem))
            self.assertIn("Lifted", self.at("subject", "unrestrict", self.refs[1], "--marketing").stderr)
            self.assertEqual(velumd.get(self.bare[1], self.service)[0], 200)
            self.at("subject", "unrestrict", self.refs[1], code=1)

    def test_the_log_in_the_place_goes_on(self):
        """A gate that closes has brought it what came since: the restore knows what was taken back."""
        self.prepare()
        copy = self.backup()
        self.change()
        result = self.check(copy)
        self.assertEqual((result["consents"], result["restricted"]), (1, 0))
        self.assertGreaterEqual(result["credentials"], 1)

    def test_the_key_alone_on_stdout(self):
        copy = self.backup()
        done = self.restore()
        self.assertRegex(done.stdout, r"^[^+ \n]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+\n$")
        self.assertIn(copy, done.stderr)
        self.assertIn("3 customers are there.", done.stderr)
        self.assertNotIn("erased", done.stderr)
        self.assertIn("audit-before", done.stderr)

    def test_a_newer_log_by_its_data_folder(self):
        self.prepare()
        copy = self.backup()
        self.at("consent", "withdraw", self.refs[1], "--purpose", PURPOSE)
        result = json.loads(self.restore("--json", "--log", self.data).stdout)
        self.assertEqual((result["name"], result["consents"], result["restricted"]), (copy, 1, 0))
        self.data = self.new
        self.assertEqual(self.state(self.refs[1]), "invalidated")

    def test_an_older_copy_that_is_named(self):
        first = self.backup()
        self.until_another_second(first)
        second = self.backup()
        done = self.restore("--json", "--backup", first)
        self.assertEqual(json.loads(done.stdout)["name"], first)
        self.new = self.path("newest")
        self.assertEqual(json.loads(self.restore("--json").stdout)["name"], second)

    def test_the_folder_is_found_as_by_any_command(self):
        self.backup()
        self.velum("--data", self.new, "restore", "--from", self.place)
        self.velum("restore", "--from", self.place, VELUM_DATA=self.path("other"))
        for folder in (self.new, self.path("other")):
            self.velum("audit", "verify", folder)


class Backup(Places):
    def test_copies_that_stay(self):
        with self.velumd():
            first = self.backup()
            self.until_another_second(first)
            second = self.backup()
            self.assertEqual(self.copies(), [first, second])
            self.until_another_second(second)
            third = self.backup("--keep", 1)
            self.assertEqual(self.copies(), [third])
        self.restore()

    def test_json(self):
        status = json.loads(self.at("backup", "--to", self.place, "--json").stdout)
        self.assertEqual((status["state"], status["place"]), ("done", self.place))
        self.assertEqual(self.copies(), [status["name"]])
        self.assertEqual([one["place"] for one in status["places"]], [self.place])

    def test_a_place_by_another_path(self):
        """A place has one path, however it is typed: else it would be followed twice."""
        os.mkdir(self.path("disk"))
        os.symlink("disk", self.path("link"))
        self.place = self.path("disk", "here")
        done = self.at("backup", "--to", "link/here/")
        self.assertTrue(done.stdout.endswith(f" in {self.place}\n"), done.stdout)
        self.until_another_second(self.copies()[0])
        self.at("backup", "--to", os.path.join("disk", "..", "link", "here"))
        self.assertEqual(list(self.places()), [self.place])

    def test_status(self):
        with self.velumd():
            shown = self.at("backup", "--status")
            self.assertRegex(shown.stdout, r"^state +none\n$")
            self.assertIn("velum backup --to PLACE", shown.stderr)
            self.assertEqual(self.at_json("backup", "--status")["places"], [])
            self.place = self.path("p" * 60)
            copy = self.backup()
            for columns in (80, 100):
                shown = self.at("backup", "--status", COLUMNS=str(columns))
                self.assertLessEqual(max(map(len, shown.stdout.splitlines())), columns, shown.stdout)
                self.assertRegex(shown.stdout, r"(?m)^state +done$")
                self.assertRegex(shown.stdout, r"(?m)^PLACE +BEHIND +LAST$")
                self.assertRegex(shown.stdout, rf"(?m)^backup +{re.escape(copy)}$")
            self.until("the place is up to date", lambda: self.places()[self.place]["behind"] == 0)
            self.assertRegex(self.places()[self.place]["last"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")

    def test_forget(self):
        self.backup()
        self.at("backup", "--forget", self.path("other"), code=1)
        done = self.at("backup", "--forget", self.place)
        self.assertEqual(done.stdout, "")
        self.assertIn("keys.db", done.stderr)
        self.assertEqual(self.places(), {})
        self.assertEqual(len(self.copies()), 1)
        self.assertNotIn("keys.db", self.names())
        self.restore(code=1)
        self.nothing_restored()

    def test_a_place_that_is_gone_is_forgotten_by_its_path(self):
        with self.velumd():
            self.backup()
            os.rename(self.place, self.path("elsewhere"))
            answer = json.loads(self.at("backup", "--forget", self.place, "--json").stdout)
            self.assertEqual(answer["place"], self.place)
            self.assertEqual(self.places(), {})
        self.at("backup", "--forget", os.path.join("gone", "place"), code=1)

    def test_places_that_are_refused(self):
        def refuse():
            done = self.at("backup", "--to", self.path("none", "place"), code=1)
            self.assertIn("not there", done.stderr)
            self.assertFalse(os.path.exists(self.path("none")))
            self.at("backup", "--to", os.path.join(self.data, "place"), code=1)
            self.assertFalse(os.path.exists(os.path.join(self.data, "place")))
            self.at("backup", "--to", self.data, code=1)
            self.at("backup", "--to", self.file, code=1)
            self.assertEqual([name for name in os.listdir(self.data) if name.startswith("vault-")], [])
            self.assertEqual(self.places(), {})
        refuse()
        with self.velumd():
            refuse()

    def test_only_an_officer(self):
        token = self.write("token", self.service + "\n")
        os.chmod(token, 0o600)
        for words in (["--to", self.place], ["--status"], ["--forget", self.place]):
            done = self.at("backup", *words, VELUM_TOKEN_FILE=token, code=1)
            self.assertIn("refused", done.stderr)
        self.assertFalse(os.path.exists(self.place))

    def test_called_wrongly(self):
        for words in ([], ["--to", "a", "--status"], ["--status", "--forget", "a"], ["--to", "a", "--forget", "a"],
                      ["--status", "--keep", "1"], ["--forget", "a", "--keep", "1"], ["--to", "a", "--keep", "0"],
                      ["--to", "a", "--keep", "1001"], ["--to", "a", "--keep", "many"], ["--to"], ["a"]):
            done = self.at("backup", *words, code=2)
            self.assertEqual(done.stdout, "")
        self.assertFalse(os.path.exists(self.path("a")))


class Refused(Places):
    def test_a_folder_that_is_there(self):
        self.backup()
        os.mkdir(self.new)
        done = self.restore(code=1)
        self.assertIn("must not exist", done.stderr)
        self.assertEqual(os.listdir(self.new), [])
        self.velum("restore", "--from", self.place, self.data, code=1)
        self.at("consent", "list", self.refs[0])

    def test_another_root_secret(self):
        self.backup()
        self.velum("init", self.path("other"), "--kit", self.path("other-kit"))
        done = self.restore(code=1, VELUM_ROOT_FILE=self.path("other-kit", "velum-root"))
        self.assertIn("root secret", done.stderr)
        self.nothing_restored()
        self.restore(code=1, VELUM_ROOT_FILE=self.path("nothing"))
        self.nothing_restored()

    def test_no_backup(self):
        self.restore(code=1)
        os.mkdir(self.place, 0o700)
        self.assertIn("velum backup --to PLACE", self.restore(code=1).stderr)
        self.assertEqual(os.listdir(self.place), [])
        self.backup()
        self.restore("--backup", "vault-20200101T000000Z.db", code=1)
        self.restore("--backup", "keys.db", code=1)
        self.restore("--backup", "../data/vault.db", code=1)
        self.restore("--log", self.path("none"), code=1)
        self.nothing_restored()

    def test_a_log_that_was_changed(self):
        """I-8: what the log does not prove is not restored."""
        self.backup()
        path = sorted(os.path.join(folder, name) for folder, _, files in os.walk(self.place)
                      for name in files if name.startswith("tail-"))[0]
        with open(path, "r+b") as file:
            file.seek(100)
            byte = file.read(1)
            file.seek(100)
            file.write(bytes([byte[0] ^ 1]))
        self.restore(code=1)
        self.nothing_restored()

    def test_called_wrongly(self):
        self.assertIn("--from", self.velum("restore", self.new, code=2).stderr)
        self.velum("restore", "--from", self.place, self.new, self.path("more"), code=2)
        self.velum("restore", "--from", code=2)
        self.nothing_restored()


if __name__ == "__main__":
    support.main()
