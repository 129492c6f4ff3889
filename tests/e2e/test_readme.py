#!/usr/bin/env python3
"""Every command of the README is run as it stands there, on a sample of its own.

Placeholders of the README (a token, a reference, the beginning of an id that an earlier command printed) are
replaced by what this folder has; everything else is pasted. A block that no test knows is a failure, so that
nothing is promised that nobody has run. `make run` and `make test` themselves are run by
tests/build/test_run.py and, on bare systems, by `make check-fresh`."""
import json
import os
import re
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.path.join(HERE, "..", ".."))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
from velum_test import BUILD, NS, SOUND, Box, expect, need_seams  # noqa: E402

NOON_IN_SHANGHAI = 1795262400 - 8 * 3600  # 2026-11-21T04:00:00Z: no quiet hours
CUSTOMERS = 60
REF = "CXFKN0Z375YG7FZEXQKM4XGW8M7"


def blocks():
    """(heading, text) of each fenced block."""
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        text = file.read()
    found, heading, inside = [], "", None
    for line in text.splitlines():
        if line.startswith("```"):
            if inside is None:
                inside = []
            else:
                found.append((heading, "\n".join(inside)))
                inside = None
        elif inside is not None:
            inside.append(line)
        elif line.startswith("#"):
            heading = line.lstrip("# ")
    return found


def pasted(text):
    """The commands of a block that shows answers, too: those behind a "$ "."""
    lines, taking = [], False
    for line in text.splitlines():
        if line.startswith("$ "):
            line, taking = line[2:], True
        if taking:
            lines.append(line)
            taking = line.endswith("\\")
    return "\n".join(lines)


class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.box = Box(clock_ns=NOON_IN_SHANGHAI * NS)
        cls.addClassCleanup(cls.box.close)
        cls.place = os.path.join(cls.box.top, "velum")
        os.makedirs(os.path.join(cls.place, "build"))
        os.symlink(os.path.abspath(BUILD), os.path.join(cls.place, "build", "release"))
        shutil.copytree(os.path.join(TOP, "policy"), os.path.join(cls.place, "policy"))
        cls.box.data = os.path.join(cls.place, "build", "sample")
        cls.box.init(CUSTOMERS)
        cls.token = cls.box.credential("sample-service", "customer_service", "customer-care", "care")
        cls.daemon = cls.box.daemon()
        cls.url = f"http://127.0.0.1:{cls.daemon.port}"
        cls.ref = expect(cls.daemon.main_client.lookup(cls.token, 0, "ext:sample"), 200).json()["subject"]
        cls.customer = cls.box.on_data("credential", "customer", f"care:{cls.ref}").out.strip()
        cls.mobile = cls.mobile_of(0)
        cls.blocks = blocks()

    @classmethod
    def mobile_of(cls, number):
        """Of the sample: what the person would be asked for."""
        office = cls.box.credential("office", "delivery", "order-fulfilment", "care")
        ref = expect(cls.daemon.main_client.lookup(cls.token, number, "ext:sample"), 200).json()["subject"]
        return expect(cls.daemon.ask("GET", f"/v1/subjects/{ref}?fields=mobile", office), 200).json()[
            "fields"]["mobile"]

    def block(self, heading, n=0):
        return [text for name, text in self.blocks if name.startswith(heading)][n]

    def fit(self, text):
        for old, new in (("http://127.0.0.1:8080", self.url), (REF, self.ref), ("velum_…", self.token),
                         ("velumc_…", self.customer)):
            text = text.replace(old, new)
        return text

    def bash(self, text, typed="", code=0, **changes):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=self.place, text=True, input=typed,
                              capture_output=True, timeout=240, check=False,
                              env=self.box.environment | {"TERM": "dumb"} | changes)
        self.assertEqual(done.returncode, code, f"{text}\n{done.stderr[-1500:]}\n{done.stdout[-600:]}")
        return done

    def preamble(self):
        return self.fit(self.block("Three people"))

    # --- the first five minutes ---

    def test_1_the_three_commands(self):
        read = json.loads(self.bash(self.fit(pasted(self.block("The first five minutes", 0)))).stdout)
        self.assertEqual(read["masked"], ["birthday", "mobile", "email"])
        self.assertEqual(read["hidden"], ["id_card", "bank_card", "address"])
        said = json.loads(self.bash(self.fit(pasted(self.block("The first five minutes", 1)))).stdout)
        self.assertEqual((said["purpose"], said["state"]), ("direct-marketing", "withdrawn"))
        log = self.bash(self.fit(pasted(self.block("The first five minutes", 2)))).stdout
        self.assertIn("direct-marketing withdrawn", re.sub(r"\s+", " ", log))
        index = self.first_index("read")
        self.bash(self.block("The first five minutes", 3).replace("171", str(index)))

    def first_index(self, kind):
        return next(one["index"] for one in self.box.log("--subject", f"care:{self.ref}") if one["type"] == kind)

    # --- three people ---

    def test_2_the_customer_and_the_officer(self):
        customer = self.fit(self.block("Three people", 1))
        self.assertEqual(len(customer.strip().replace("\\\n", "").splitlines()), 4)
        answers = self.bash(self.preamble() + "\n" + customer).stdout
        self.assertIn('"state":"open"', answers)
        listed = json.loads(self.bash(self.preamble() + "\nvelum request list --json").stdout)
        request = listed["requests"][0]["id"]
        officer = self.fit(self.block("Three people", 2)).replace("a261", request[:8]).replace(
            "210", str(self.first_index("read")))
        lines = officer.splitlines()
        erase = next(line for line in lines if "--out proof.json" in line)
        who_saw = next(line for line in lines if "who-saw" in line)
        verify = next(line for line in lines if "certificate verify" in line)
        rest = [line for line in lines if line not in (erase, who_saw, verify)]
        self.bash(self.preamble() + "\n" + "\n".join(rest), typed="y\n" * 4)
        self.assertIn("sample-", self.bash(self.preamble() + "\n" + who_saw, typed=self.mobile + "\n").stdout)
        self.bash(self.preamble() + "\n" + erase.split("#")[0] + " --yes")
        key = self.box.on_data("status", "--json").json()["verifier_key"]
        self.bash(f"{verify.split('#')[0]} --key '{key}'")

    def test_3_whoever_answers_for_the_policy(self):
        lines = self.fit(self.block("Three people", 3)).splitlines()
        self.assertTrue(lines[0].startswith("cp -r policy/sample next"))
        self.bash(lines[0])
        with open(os.path.join(self.place, "next", "policy.yaml"), "a", encoding="utf-8") as file:
            file.write("# changed\n")
        propose = next(line for line in lines if "policy propose" in line)
        said = self.bash(self.preamble() + "\n" + propose.split("#")[0] + " --json").stdout
        policy = json.loads(said)["policy"]
        others = [line.replace("8a5b5728", policy[:12]) for line in lines[1:] if line != propose]
        self.bash(self.preamble() + "\n" + "\n".join(others), typed="y\n" * 4)

    # --- a CRM behind it ---

    def test_4_a_crm_behind_it(self):
        text = self.fit(self.block("A CRM behind it"))
        once = 'velum-crm winback --once --token-file winback.token'
        before, _, after = text.rpartition(once)
        self.bash(self.preamble() + "\n" + before)
        # What came due is given out by the gate's steward, which looks each second.
        done = self.bash(self.preamble() + "\n" + text.split("\ntoken orders")[0] +
                         f"\nfor i in 1 2 3 4 5 6; do sleep 1; {once}; done\n" + after.partition("\n")[2])
        self.assertRegex(done.stderr, r"messages sent count=[1-9]")
        self.assertIn("consent-missing", done.stdout)
        self.assertIn("customers", done.stdout)
        outbox = os.path.join(self.box.data, "outbox")
        with open(os.path.join(outbox, sorted(os.listdir(outbox))[0]), encoding="utf-8") as file:
            self.assertIn("回T退订", json.load(file)["text"])

    # --- a folder of your own ---

    def test_5_a_folder_of_your_own(self):
        self.bash("build/release/velum sample --csv own-try 2>/dev/null; cp own-try/customers.csv members.csv; "
                  "cp own-try/customers.yaml map.yaml; cp own-try/notice.zh.md notice.zh.md; "
                  "cp own-try/consents.csv legacy.csv; cp own-try/consents.yaml legacy.yaml")
        text = re.sub(r"\bDIR\b", "own", self.block("A folder of your own", 0))
        text = re.sub(r"\bKIT\b", "kit", text).replace("FOLDER", "policy/sample")
        self.assertTrue(text.rstrip().endswith("velumd --data own"))
        commands = text.rstrip().removesuffix("velumd --data own")
        self.bash('PATH="$PWD/build/release:$PATH"\n' + commands)
        started = self.bash('PATH="$PWD/build/release:$PATH" VELUM_ROOT_FILE=kit/velum-root timeout 3 '
                            "velumd --data own --listen 127.0.0.1:0", code=124)
        self.assertIn("listening on", started.stdout)
        upgrade = re.sub(r"\bDIR\b", "own", self.block("A folder of your own", 1))
        self.bash('PATH="$PWD/build/release:$PATH" VELUM_ROOT_FILE=kit/velum-root\nexport VELUM_ROOT_FILE\n'
                  + upgrade)
        backup, restore = (self.block("A folder of your own", which).replace("NEWDIR", "restored")
                           .replace("/srv/velum-backup", f"{self.place}/backups").replace("KIT", "kit")
                           for which in (2, 3))
        self.bash('PATH="$PWD/build/release:$PATH" VELUM_ROOT_FILE=kit/velum-root\nexport VELUM_ROOT_FILE\n'
                  + re.sub(r"\bDIR\b", "own", backup))
        made = self.bash('PATH="$PWD/build/release:$PATH"\n' + restore)
        self.assertRegex(made.stdout, r"^velum/1/[0-9a-f]{16}\+")
        self.bash('PATH="$PWD/build/release:$PATH"\nvelum audit verify restored')

    # --- nothing is left out ---

    def test_6_every_block_is_known(self):
        known = {"What it": 0, "Velum": 1, "Two commands": 1, "The first five minutes": 4, "Three people": 4,
                 "A CRM behind it": 1, "A folder of your own": 4}
        counted = dict.fromkeys(known, 0)
        for heading, text in self.blocks:
            name = next((one for one in known if heading.startswith(one)), None)
            self.assertIsNotNone(name, f"no test runs the block under “{heading}”: {text[:80]}")
            counted[name] += 1
        self.assertEqual(counted, known)

    def test_7_the_log_is_sound(self):
        self.assertEqual(self.box.verify(self.box.data)[0], SOUND)


if __name__ == "__main__":
    need_seams()
    unittest.main(verbosity=0)
