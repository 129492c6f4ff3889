#!/usr/bin/env python3
"""What the manual page, the document and the completions say of velum-crm is what it says of itself."""
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

COMMANDS = ("orders load", "winback", "counts")
FOLDER = os.path.join(support.cli.TOP, "crm", "completion")


def text(*names):
    with open(os.path.join(support.cli.TOP, *names), encoding="utf-8") as file:
        return file.read()


class Words(support.Case):
    def options(self, command):
        shown = self.crm(*command.split(), "--help").stdout
        return set(re.findall(r"--[a-z0-9-]+", shown)) - {"--help"}

    def test_help_and_mistakes(self):
        self.assertIn("orders load FILE", self.crm("--help").stdout)
        self.assertRegex(self.crm("--version").stdout, r"^velum-crm \d+\.\d+\.\d+\n$")
        for wrong in ((), ("orders",), ("orders", "load"), ("winback", "more"), ("winback", "--days", "0"),
                      ("winback", "--map", "x"), ("counts", "a", "--data")):
            self.crm(*wrong, code=2)
        for line in self.crm("--help").stdout.splitlines():
            self.assertLessEqual(len(line), 80)

    def test_page_and_document_name_everything(self):
        page = text("docs", "man", "velum-crm.1").replace("\\-", "-")
        document = text("docs", "crm.md")
        for command in COMMANDS:
            for word in {command, *self.options(command)}:
                self.assertIn(word, page, command)
                self.assertIn(word, document, command)

    def test_completions_name_every_option(self):
        for name in ("velum-crm.bash", "_velum-crm"):
            with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
                offered = file.read()
            for command in COMMANDS:
                for option in self.options(command):
                    self.assertIn(option.lstrip("-"), offered, f"{name}: {command}")

    @unittest.skipUnless(shutil.which("bash"), "needs bash")
    def test_bash_completes(self):
        script = os.path.join(FOLDER, "velum-crm.bash")
        program = f'source "{script}"; compopt() {{ :; }}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); ' \
                  '_velum_crm; printf "%s\\n" "${COMPREPLY[@]}"'
        for words, wanted in ((("velum-crm", ""), {"orders", "winback", "counts", "--help", "--version"}),
                              (("velum-crm", "orders", ""), {"load"}),
                              (("velum-crm", "winback", "--"), self.options("winback") | {"--help"})):
            done = subprocess.run(["bash", "-c", program, "bash", *words], capture_output=True, text=True,
                                  timeout=60)
            self.assertEqual(done.stderr, "")
            self.assertEqual(set(done.stdout.split()), wanted)


if __name__ == "__main__":
    support.main()
