"""velum request: letters taken in, listed, decided; two people; tables that fit; nothing typed is repeated."""
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support


class Request(support.Case):
    def setUp(self):
        super().setUp()
        self.sample(0)
        self.token("shop", "delivery", "order-fulfilment")
        self.ref = "shop:" + self.refs(1)[0]
        clerk = self.at("credential", "add", "clerk", "--kind", "human", "--role", "dpo", "--activity",
                        "request-intake,requests", "--domain", "shop").stdout
        os.chmod(self.write("clerk", clerk), 0o600)
        self.clerk = self.path("clerk")

    def add(self, right, *options, who=None):
        """By the clerk, so that the officer may decide."""
        return self.at("request", "add", "--right", right, *options,
                       VELUM_TOKEN_FILE=who or self.clerk).stdout.strip()

    def show(self, request):
        return self.at_json("request", "show", request)

    def state(self, request):
        return self.show(request)["state"]

    def test_a_letter_from_its_receipt_to_its_answer(self):
        details = self.write("letter.txt", "Please tell me what you hold.\n祝好\n")
        received = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 5 * 86400))
        request = self.add("access", self.ref, "--received", received, "--details-file", details)
        self.assertRegex(request, r"^[0-9a-f]{32}$")
        shown = self.show(request[:8])
        self.assertEqual(shown["state"], "need_user_verification")
        self.assertEqual(shown["details"], "Please tell me what you hold.\n祝好\n")
        self.assertEqual(shown["subject"], self.ref)
        self.assertEqual(shown["taken_by"], "clerk")
        self.assertTrue(shown["received"].startswith(received[:19]))
        self.assertIn("identity-unverified", self.at("request", "approve", request, code=1).stderr)
        self.at("request", "verify", request, "--method", "document")
        self.assertEqual(self.state(request), "open")
        note = self.write("answer.txt", "See the enclosed copy.\n")
        done = self.at("request", "fulfil", request[:10], "--note-file", note)
        self.assertIn("fulfilled", done.stderr)
        self.assertEqual(self.show(request)["notes"][-1]["text"], "See the enclosed copy.")

    def test_words_of_others_do_not_mislead_the_reader(self):
        """Directional overrides: shown as a question mark, in JSON by their number."""
        words = "Refund \u202e0001\u202c of \u2067x\u2069, \u200eyours\u061c"
        request = self.add("access", self.ref, "--details-file", self.write("letter.txt", words))
        self.at("request", "answer", request, "--note-file", self.write("note", "Ours: \u202eok"))
        told = self.at("request", "show", request).stdout
        raw = self.at("request", "show", request, "--json").stdout
        self.assertIn("Refund ?0001? of ?x?", told)
        self.assertIn("\\u202e0001\\u202c", raw)
        for mark in "\u202e\u202c\u2067\u2069\u200e\u061c":
            self.assertNotIn(mark, told)
            self.assertNotIn(mark, raw)
        self.assertEqual(self.show(request)["details"], words)

    def test_who_takes_in_does_not_decide(self):
        request = self.add("access", self.ref)
        done = self.at("request", "verify", request, "--method", "document", code=1, VELUM_TOKEN_FILE=self.clerk)
        self.assertIn("approval-own", done.stderr)
        self.assertEqual(self.state(request), "need_user_verification")

    def test_a_denial_needs_a_reason_an_extension_details(self):
        request = self.add("delete", self.ref)
        self.at("request", "deny", request, code=2)
        self.at("request", "extend", request, code=2)
        self.assertIn("request-reason", self.at("request", "deny", request, "--reason", "mood", code=1).stderr)
        before = self.show(request)["due"]
        self.at("request", "extend", request, "--details-file", self.write("why", "Three systems.\n"))
        after = self.show(request)
        self.assertGreater(after["due"], before)
        self.assertEqual(after["extension_details"], "Three systems.")
        self.at("request", "deny", request, "--reason", "no_match")
        self.assertEqual(self.show(request)["reason"], "no_match")

    def test_a_deletion_cools_down(self):
        request = self.add("delete", self.ref)
        self.at("request", "verify", request, "--method", "in-store-id")
        done = self.at("request", "approve", request)
        self.assertRegex(done.stderr, r"cool_down: can be cancelled until \d{4}-\d\d-\d\d")
        self.assertIn("begins in", self.at("request", "list").stdout)

    def test_somebody_never_stored_objects(self):
        mobile = "13912345678"
        env = {**os.environ, "HOME": self.top, "XDG_CONFIG_HOME": self.config, "VELUM_TOKEN_FILE": self.clerk}
        done = subprocess.run([support.VELUM, "--data", self.data, "request", "add", "--right", "opt-out",
                               "--identifier-prompt"], input=f"mobile\n{mobile}\n", capture_output=True,
                              text=True, env=env, timeout=support.TIMEOUT_S)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(mobile, done.stderr + done.stdout)
        self.assertEqual(self.state(done.stdout.strip()), "fulfilled")
        self.assertEqual(self.show(done.stdout.strip())["identifier"]["value"], "+86" + mobile)

    def test_duplicates_are_joined(self):
        first = self.add("access", self.ref)
        done = self.at("request", "add", "--right", "access", self.ref, VELUM_TOKEN_FILE=self.clerk)
        self.assertEqual(done.stdout.strip(), first)
        self.assertIn("joined", done.stderr)

    def test_lists_tables_and_csv(self):
        for right in ("access", "correct", "explain", "portability", "object-automation", "close-account"):
            self.add(right, self.ref)
        for columns in (80, 100):
            shown = self.at("request", "list", COLUMNS=str(columns)).stdout
            self.assertEqual(len(shown.splitlines()), 7, shown)
            self.assertNotIn("\033", shown)
            for line in shown.splitlines():
                self.assertLessEqual(len(line), columns, line)
            self.assertRegex(shown, r"in \d+ days")
        self.assertEqual([one["right"] for one in self.at_json("request", "list", "--right", "correct")["requests"]],
                         ["correct"])
        self.assertEqual(self.at_json("request", "list", "--state", "denied")["requests"], [])
        self.assertEqual(self.at_json("request", "list", "--due", "0")["requests"], [])
        lines = self.at("request", "list", "--csv").stdout.splitlines()
        self.assertEqual(lines[0], "id,right,state,verified,received,due,overdue,reason,paused_by,ended")
        self.assertEqual(len(lines), 7)
        self.at("request", "list", "--state", "sleepy", code=1)
        self.at("request", "list", "--due", "soon", code=2)

    def on_a_terminal(self, *words, **environment):
        """What a terminal of 80 columns gets."""
        ours, theirs = pty.openpty()
        env = {**os.environ, "HOME": self.top, "XDG_CONFIG_HOME": self.config, "COLUMNS": "80", "TERM": "xterm",
               **environment}
        env.pop("NO_COLOR", None)
        with subprocess.Popen([support.VELUM, "--data", self.data, *words], stdout=theirs, env=env) as shown:
            os.close(theirs)
            text = b""
            try:
                while piece := os.read(ours, 4096):
                    text += piece
            except OSError:  # the other end is closed
                pass
            self.assertEqual(shown.wait(support.TIMEOUT_S), 0)
        os.close(ours)
        return text.decode().replace("\r\n", "\n")

    def test_what_is_late_is_red_on_a_terminal(self):
        self.at("request", "verify", self.add("access", self.ref), "--method", "account")
        soon = self.on_a_terminal("request", "list")
        self.assertNotIn("\033[31m", soon)
        clock = self.write("clock", f"{time.time_ns() + 60 * 86400 * 10**9}\n")
        late = self.on_a_terminal("request", "watch", "--times", "1", VELUM_TEST_CLOCK=clock)
        self.assertRegex(late, r"\033\[31m\d+ days late\033\[0m")
        self.assertIn("\033[2J", late)
        for line in re.sub(r"\033\[[0-9;]*[A-Za-z]", "", late).splitlines():
            self.assertLessEqual(len(line), 80, line)
        self.assertNotIn("\033", self.at("request", "list", VELUM_TEST_CLOCK=clock).stdout)

    def test_ids(self):
        request = self.add("access", self.ref)
        secret = "13800138000"
        for words in (["show", "zz"], ["show", request[:3]], ["show", "0" * 31 + "z"]):
            self.assertEqual(self.at("request", *words, code=1).stdout, "")
        self.assertNotIn(secret, self.at("request", "show", secret, code=1).stderr)
        self.assertIn("not-found", self.at("request", "show", "0" * 32, code=1).stderr)
        self.assertIn("no request", self.at("request", "approve", "0" * 12, code=1).stderr)

    def test_watching(self):
        self.add("access", self.ref)
        shown = self.at("request", "watch", "--times", "2", "--interval", "1", COLUMNS="80").stdout
        self.assertEqual(shown.count("access"), 2)
        self.assertNotIn("\033", shown)
        env = {**os.environ, "HOME": self.top, "XDG_CONFIG_HOME": self.config, "COLUMNS": "80"}
        watch = subprocess.Popen([support.VELUM, "--data", self.data, "request", "watch", "--interval", "30"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        self.assertIn("RIGHT", watch.stdout.readline())
        watch.send_signal(signal.SIGINT)
        _, errors = watch.communicate(timeout=support.TIMEOUT_S)
        self.assertEqual(watch.returncode, 0, errors)

    def test_help_fits(self):
        for name in ("list", "show", "watch", "add", "verify", "approve", "deny", "extend", "fulfil", "answer", "task"):
            for line in self.velum("request", name, "--help").stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_the_log_tells_all_of_it(self):
        request = self.add("access", self.ref)
        self.at("request", "verify", request, "--method", "document")
        self.at("request", "fulfil", request)
        entries = self.at_json("audit", "log", "--subject", self.ref)["entries"]
        acts = [(one["request_act"], one["request_state"]) for one in entries if one["type"] == "request"]
        self.assertIn(("receive", "need_user_verification"), acts)
        self.assertIn(("verify", "open"), acts)
        self.assertEqual(acts[-1], ("fulfil", "fulfilled"))
        self.assertIn("fulfil access fulfilled", self.at("audit", "log", "--subject", self.ref, COLUMNS="200").stdout)
        self.assertNotIn("enclosed", json.dumps(entries))
        self.assertTrue(re.match(r"\d", str(entries[-1]["index"])))


if __name__ == "__main__":
    support.main()
