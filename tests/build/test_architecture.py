#!/usr/bin/env python3
"""docs/architecture.md names every file of core/ in its table of nouns; no document names a file that is
not there."""
import os
import re
import unittest

TOP = os.environ.get("VELUM_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


def page(name="architecture.md"):
    with open(os.path.join(TOP, "docs", name), encoding="utf-8") as file:
        return file.read()


class Architecture(unittest.TestCase):
    def test_each_file_of_core_has_its_room(self):
        table = page().split("## Inside `core/`\n")[1].split("\n\n")[1]
        named = re.findall(r"`([a-z_]+(?:\.h)?)`", "".join(row.split(" | ")[1] for row in table.split("\n")[2:]))
        here = {name.removesuffix(".c") for name in os.listdir(os.path.join(TOP, "core")) if name.endswith(".c")}
        self.assertGreater(len(here), 50)
        self.assertEqual(sorted(named), sorted(set(named)), "a file stands in two rooms")
        self.assertEqual({name for name in named if not name.endswith(".h")}, here)

    def test_each_path_is_there(self):
        paths = re.findall(r"`((?:base|store|policy|vault|audit|core|gateway|cli|tests|tools)/[\w./-]+)`", page())
        self.assertGreater(len(paths), 60)
        missing = [path for path in paths if not os.path.exists(os.path.join(TOP, path))]
        self.assertEqual(missing, [])

    def test_each_test_of_acceptance_is_there(self):
        named = re.findall(r"`((?:\w+)/(?:test_|fuzz_|bench_|kill)[\w.]+)`(?: \(((?:`\w+`(?:, )?)+)\))?",
                           page("acceptance.md"))
        self.assertGreater(len(named), 100)
        for path, functions in named:
            with self.subTest(path):
                with open(os.path.join(TOP, "tests", path), encoding="utf-8") as file:
                    text = file.read()
                for function in re.findall(r"\w+", functions):
                    self.assertRegex(text, rf"\b{function}\b")

    def test_each_link_leads_somewhere(self):
        folder = os.path.join(TOP, "docs")
        for where, _, files in os.walk(folder):
            for name in files:
                if name.endswith(".md"):
                    self.check_links(os.path.join(where, name))
        self.check_links(os.path.join(TOP, "README.md"))

    def check_links(self, path):
        with open(path, encoding="utf-8") as file:
            links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read())
        for link in links:
            with self.subTest(path=os.path.relpath(path, TOP), link=link):
                self.assertTrue(os.path.exists(os.path.join(os.path.dirname(path), link)))


if __name__ == "__main__":
    unittest.main(verbosity=0)
