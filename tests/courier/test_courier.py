#!/usr/bin/env python3
"""velum-courier between a gate and the folder: what is delivered, when it waits, how it ends."""
import json
import os
import signal
import stat
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

PHONE = "13800138000"


class Folder(support.Case):
    def config_of_folder(self):
        return self.config(channels=f"sms: {{driver: folder, path: {self.outbox}}}")

    def test_a_message_becomes_a_file_under_its_id(self):
        self.gate.message("a1", to=PHONE, text="您好\n", subject="好")
        self.gate.message("a2", channel="email")
        done = self.run_once(self.config_of_folder())
        self.assertEqual(self.files(), ["a1.json"])
        with open(os.path.join(self.outbox, "a1.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file), {"id": "a1", "channel": "sms", "to": PHONE, "sender": "优选商店",
                                               "subject": "好", "text": "您好\n", "language": "zh"})
        self.assertEqual(stat.S_IMODE(os.stat(self.outbox).st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.outbox, "a1.json")).st_mode), 0o600)
        self.assertEqual(self.gate.kinds(), {"a1": "sent", "a2": "failed"})
        self.assertEqual(self.outcome("a2")["note"], "channel")
        self.assertEqual(self.gate.tokens, {support.TOKEN})
        for secret in (PHONE, "您好", support.TOKEN, "a1"):
            self.assertNotIn(secret, done.stderr + done.stdout)

    def test_without_a_file_everything_goes_to_the_outbox_of_the_folder(self):
        self.gate.message("a1")
        self.gate.message("a2", channel="email")
        self.run_once()
        self.outbox = os.path.join(self.data, "outbox")
        self.assertEqual(self.files(), ["a1.json", "a2.json"])

    def test_what_is_there_already_was_sent(self):
        for text in ("first", "second"):
            self.gate.message("a1", text=text)
            self.run_once(self.config_of_folder())
        self.assertEqual(self.gate.kinds(), {"a1": "sent"})
        with open(os.path.join(self.outbox, "a1.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file)["text"], "first")

    def test_an_id_that_could_be_a_path_is_refused(self):
        for id_ in ("../a", "A", "a/b", "", "x" * 65, "a\n"):
            self.gate.message(id_)
        self.run_once(self.config_of_folder())
        self.assertEqual(set(self.gate.kinds().values()), {"failed"})
        self.assertEqual(self.files(), [])

    def test_a_folder_that_others_may_read_is_not_written(self):
        os.mkdir(self.outbox)
        os.chmod(self.outbox, 0o755)
        self.gate.message("a1")
        self.run_once(self.config_of_folder())
        self.assertEqual((self.gate.kinds(), self.files()), ({"a1": "failed"}, []))

    def test_many_more_than_one_round_takes(self):
        for index in range(20):
            self.gate.message(f"m{index:02}")
        self.run_once(self.config_of_folder())
        self.assertEqual(len(self.files()), 20)
        self.assertEqual(set(self.gate.kinds().values()), {"sent"})

    def test_a_full_disk_is_a_failure(self):
        for kind in ("write", "sync", "rename"):
            self.gate.message(f"{kind}1")
            self.run_once(self.config_of_folder(), VELUM_TEST_FAULT=f"{kind}:1:enospc")
            self.assertEqual(self.gate.kinds()[f"{kind}1"], "failed", kind)


class Kills(support.Case):
    """Killed at each numbered step: nothing twice, nothing called sent that was not, nothing lost unseen."""

    def kill_everywhere(self, kind, config, delivered):
        """`delivered` gives the ids that arrived, one entry each time."""
        ended = False
        number = 0
        while not ended:
            number += 1
            self.assertLess(number, 40)
            ids = [f"{kind}{number}a", f"{kind}{number}b"]
            for id_ in ids:
                self.gate.message(id_, channel="out", to="wang@example.cn")
            ended = not self.killed(self.run_once(config, code=None, VELUM_TEST_FAULT=f"{kind}:{number}:kill"))
            self.gate.lease_is_over()
            self.run_once(config)
            kinds = self.gate.kinds()
            arrived = delivered()
            for id_ in ids:
                self.assertLessEqual(arrived.count(id_), 1, f"{kind}:{number}: {id_} twice")
                if kinds[id_] == "sent":
                    self.assertEqual(arrived.count(id_), 1, f"{kind}:{number}: {id_} was not sent")
                if kinds[id_] == "failed":
                    self.assertEqual(arrived.count(id_), 0, f"{kind}:{number}: {id_} arrived")
        self.assertGreater(number, 2, f"{kind} has no step")

    def test_folder(self):
        config = self.config(channels=f"out: {{driver: folder, path: {self.outbox}}}")
        for kind in ("write", "sync", "rename"):
            self.kill_everywhere(kind, config, lambda: [name[:-5] for name in self.files() if name.endswith(".json")])

    def test_mail(self):
        server = self.mail()
        config = self.config(
            channels=f"out: {{driver: smtp, url: 'smtps://localhost:{server.port}', from: shop@example.com,"
                     f" ca-file: {self.ca}}}",
            allow=f"- {{host: 'localhost:{server.port}', private: true}}")
        for kind in ("connect", "write"):
            self.kill_everywhere(kind, config, lambda: [
                line[13:].split("@")[0] for _, _, text in server.letters
                for line in text.split("\r\n") if line.startswith("Message-ID: <")])

    def test_webhook(self):
        server = self.web()
        secret = self.put("secret", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
        config = self.config(
            channels=f"out: {{driver: webhook, url: 'https://localhost:{server.port}/ok', ca-file: {self.ca},"
                     f" secret-file: {secret}}}",
            allow=f"- {{host: 'localhost:{server.port}', private: true}}")
        for kind in ("connect", "write"):
            self.kill_everywhere(kind, config, lambda: [headers["webhook-id"] for _, headers, _ in server.posts])


class Life(support.Case):
    def start(self, *arguments):
        process = subprocess.Popen(self.command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   text=True, cwd=self.top)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        return process

    def end(self, process):
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=support.TIMEOUT_S)
        self.assertEqual(process.returncode, 0, said)
        return said

    def await_calls(self, count):
        for _ in range(count):
            self.assertTrue(self.gate.calls.acquire(timeout=support.TIMEOUT_S))

    def await_outcome(self, id_):
        deadline = time.monotonic() + support.TIMEOUT_S
        while id_ not in self.gate.kinds():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def test_it_waits_delivers_and_ends_at_once(self):
        process = self.start()
        self.await_calls(4)
        self.gate.message("a1")
        self.await_outcome("a1")
        self.await_calls(6)
        before = time.monotonic()
        said = self.end(process)
        self.assertLess(time.monotonic() - before, 20)
        self.assertIn("velum-courier ends", said)

    def test_a_gate_that_comes_back(self):
        self.close_gate(self.gate)
        process = self.start()
        self.gate = self.open_gate()
        self.gate.message("a1")
        self.await_outcome("a1")
        self.close_gate(self.gate)
        self.gate = self.open_gate()
        self.gate.message("a2")
        self.await_outcome("a2")
        self.end(process)

    def test_a_report_whose_answer_is_lost_is_made_again(self):
        self.gate.lose_reports = 2
        self.gate.message("a1")
        self.run_once()
        self.assertEqual(self.gate.kinds(), {"a1": "sent"})
        self.assertEqual(self.gate.lose_reports, 0)

    def test_once_says_that_no_gate_answers_and_opens_none(self):
        self.close_gate(self.gate)
        before = sorted(os.listdir(self.data))
        self.assertIn("no velumd answers", self.run_once(code=1).stderr)
        self.assertEqual(sorted(os.listdir(self.data)), before)

    def test_a_credential_that_may_not(self):
        self.gate.refuse = (403, "action-not-allowed")
        self.assertIn("deliver", self.run_once(code=1).stderr)
        self.gate.refuse = (503, "unavailable")
        self.run_once(code=1)

    def test_the_command_line(self):
        run = lambda *words, **env: subprocess.run([support.COURIER, *words], capture_output=True, text=True,
                                                   timeout=support.TIMEOUT_S, env=env, check=False)
        self.assertIn("--token-file", run("--help").stdout)
        self.assertRegex(run("--version").stdout, r"^velum-courier \d+\.\d+\.\d+\n$")
        for words in ([], ["--data", self.data], ["--check"], ["--data", self.data, "--fast"], ["x"],
                      ["--log-level", "loud"]):
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
        good = self.config(channels=f"sms: {{driver: folder, path: {self.outbox}}}")
        self.assertEqual(run("--check", "--config", good).stdout, "1 channels, 0 hooks\n")
        bad = self.put("bad.yaml", "velum-courier: 1\nchannels:\n  sms: {driver: fax}\n")
        done = run("--check", "--config", bad)
        self.assertEqual(done.returncode, 1)
        self.assertIn("bad.yaml:3: driver takes", done.stderr)

    def test_a_token_that_others_may_read(self):
        os.chmod(self.token_file, 0o644)
        done = self.run_once(code=1)
        self.assertIn("chmod 600", done.stderr)
        self.assertNotIn(support.TOKEN, done.stderr)


if __name__ == "__main__":
    support.main()
