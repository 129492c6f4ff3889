#!/usr/bin/env python3
"""The module in docs/modules.md compiles as it stands there, and does what the page says."""
import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

LIBRARY = os.path.join(support.cli.BUILD, "libvelum.so")
FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


@unittest.skipUnless(os.path.exists(LIBRARY), "no shared library in this build")
class Example(support.Case):
    def setUp(self):
        super().setUp()
        compiler = os.environ.get("CC", "gcc").split()
        if shutil.which(compiler[0]) is None:
            self.skipTest("needs a C compiler")
        with open(os.path.join(support.cli.TOP, "docs", "modules.md"), encoding="utf-8") as page:
            blocks = re.findall(r"```c\n(.*?)```", page.read(), re.DOTALL)
        self.assertEqual(len(blocks), 1)
        source = self.write("module.c", blocks[0])
        self.program = self.path("module")
        include = os.path.join(support.cli.TOP, "include")
        subprocess.run([*compiler, *FLAGS, f"-I{include}", source, "-o", self.program, LIBRARY,
                        f"-Wl,-rpath,{support.cli.BUILD}"], check=True, timeout=120)

    def run_module(self, *arguments):
        return subprocess.run([self.program, *arguments], capture_output=True, text=True, timeout=120)

    def test_it_hears_sets_a_timer_and_ends(self):
        self.sample(customers=1)
        token = self.token("winback", "crm_module", "winback", "winback")
        ref = self.refs(1, "winback")[0]
        self.run_module(self.data, token)  # what the sample's own people consented to
        self.at("consent", "give", f"winback:{ref}", "--purpose", "direct-marketing")
        done = self.run_module(self.data, token)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^consent\.changed:direct-marketing \d{4}-\d\d-\d\dT[\d:.]+Z\n$")
        self.assertEqual(self.run_module(self.data, token).stdout, "")  # it was answered

    def test_it_says_why_it_is_refused(self):
        self.sample(customers=1)
        done = self.run_module(self.data, self.token("stranger", "crm_module", "winback", "elsewhere"))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "denied: unknown-domain\n")
        self.assertEqual(self.run_module().returncode, 2)


if __name__ == "__main__":
    support.main()
