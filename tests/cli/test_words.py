"""What documents and completions say of the command is what the command says of itself."""
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support
from test_usage import commands


def text(*names):
    with open(os.path.join(support.TOP, *names), encoding="utf-8") as file:
        return file.read()


class Words(support.Case):
    def commands(self):
        return commands(self.velum("help").stdout)

    def options(self, command):
        shown = self.velum("help", *command.split()).stdout
        return set(re.findall(r"^  (--[a-z-]+)", shown, re.MULTILINE))

    def test_the_manual_page_and_the_document_name_everything(self):
        page = text("docs", "man", "velum.1").replace("\\-", "-")
        document = text("docs", "cli.md")
        for command in self.commands():
            self.assertIn(command, page)
            self.assertIn(command, document)
            for option in self.options(command) - {"--help", "--data"}:
                self.assertIn(option, page, command)
                self.assertIn(option, document, command)

    def test_the_document_names_the_activity(self):
        rows = {}
        under = ""
        for line in text("docs", "cli.md").splitlines():
            if line.startswith("| `"):
                cells = line.replace(r"\|", " ").split("|")
                under = under if cells[3].strip() == "the same" else cells[3]
                for command in re.findall(r"`([a-z][a-z ,-]*[a-z])", cells[1]):
                    rows[command] = rows.get(command, "") + under
        for command in self.commands():
            shown = re.search(r"under the activity `([a-z-]+)`", self.velum("help", *command.split()).stdout)
            if shown:
                named = [under for row, under in rows.items() if (row + " ").startswith(command + " ")]
                self.assertIn(shown.group(1), "".join(named), command)

    def test_zsh_completion_names_every_option(self):
        completion = text("cli", "completion", "_velum")
        for command in self.commands():
            for option in self.options(command):
                self.assertRegex(completion, re.escape(option) + r"\[", command)

    @unittest.skipUnless(shutil.which("bash"), "needs bash")
    def test_bash_completes_every_command_and_option(self):
        self.assertLessEqual({"credential", "audit", "init", "--version"}, self.complete("velum", ""))
        self.assertLessEqual({"log", "verify", "prove"}, self.complete("velum", "--data", "d", "audit", ""))
        self.assertEqual({"service", "human"}, self.complete("velum", "credential", "add", "x", "--kind", ""))
        for command in self.commands():
            if command != "help":
                offered = self.complete("velum", *command.split(), "--")
                self.assertEqual(self.options(command) - offered, set(), command)
                self.assertEqual(offered - self.options(command) - {"--data"}, set(), command)

    def complete(self, *words):
        script = os.path.join(support.TOP, "cli", "completion", "velum.bash")
        program = f'source "{script}"; compopt() {{ :; }}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _velum; ' \
                  'printf "%s\\n" "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", program, "bash", *words], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stderr, "")
        return set(done.stdout.split())


if __name__ == "__main__":
    support.main()
