#!/usr/bin/env python3
"""docs/law.md names tests that exist, and beside each of them stands the source that it is for."""
import os
import re
import unittest

TOP = os.environ.get("VELUM_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LAWS = ("PIPL", "NDR", "GDPR", "CCPA", "Minors Regulation", "GB/T")
NUMBER = r"\d+(?:\.\d+)?(?:\(\w\))*"
RANGE = rf"{NUMBER}(?:[-–]{NUMBER})?"
CITATION = re.compile(rf"({'|'.join(LAWS)})(?: Regulations)? ?§?({RANGE}(?:, (?:\(\w\), )?§?{RANGE})*)")


def read(*parts):
    with open(os.path.join(TOP, *parts), encoding="utf-8") as file:
        return file.read()


def plain(number):
    """An article without its paragraphs: 12(3) is of 12."""
    return number.split("(")[0]


def articles(span):
    first, _, last = span.replace("–", "-").partition("-")
    first, last = plain(first), plain(last)
    if not last:
        return [first]
    return [str(n) for n in range(int(first), int(last) + 1)]


def citations(text):
    """{(law, article)} of a text, ranges counted out: "PIPL 44-46" is three."""
    text = re.sub(r"\s*\n[\s*#/]*", " ", text)
    return {(law, article) for law, numbers in CITATION.findall(text)
            for span in re.findall(RANGE, numbers) for article in articles(span)}


def comment_above(lines, at):
    """The lines of comment that stand directly above line `at`."""
    first = at
    while first > 0 and re.match(r"\s*(/\*| \*|//|#|\*)", lines[first - 1]):
        first -= 1
    return lines[first:at]


def test_of_c(text, name):
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if line.startswith(f"static void {name}(void **"):
            end = next(i for i in range(at, len(lines)) if lines[i] == "}")
            return "\n".join(comment_above(lines, at) + lines[at:end])
    return None


def test_of_python(text, name):
    found = re.search(rf"^( *)def {name}\(.*?(?=^\1(?:def|@|class)\b|^\S|\Z)", text, re.M | re.S)
    if not found:
        return None
    before = text[:found.start()].rstrip("\n").split("\n")
    return "\n".join(comment_above(before, len(before))) + "\n" + found[0]


def tests_of(cell):
    """[(file, name)] of a cell "`file` `name`, `name`; `file` …"."""
    return [(words[0], name) for words in (re.findall(r"`([^`]+)`", part) for part in cell.split(";"))
            for name in words[1:]]


def rows():
    """(source, cell of tests, line) of each row whose table has the column "shown by"."""
    header = None
    for number, line in enumerate(read("docs", "law.md").split("\n"), 1):
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not line.startswith("|"):
            header = None
        elif header is None:
            header = cells
        elif not re.fullmatch(r"[|-]+", line) and "shown by" in header:
            yield cells[0], cells[header.index("shown by")], number


class Law(unittest.TestCase):
    def check_row(self, source, cell, line):
        wanted = citations(source)
        self.assertTrue(wanted, f"line {line}: no source")
        tests = tests_of(cell)
        self.assertTrue(tests, f"line {line}: no test")
        cited = set()
        for file, name in tests:
            find = test_of_python if file.endswith(".py") else test_of_c
            text = find(read("tests", file), name)
            self.assertIsNotNone(text, f"line {line}: {file} has no {name}")
            found = citations(text) & wanted
            self.assertTrue(found, f"line {line}: {file} {name} cites nothing of {source}")
            cited |= found
        self.assertEqual(wanted - cited, set(), f"line {line}: cited by none of its tests")

    def test_each_row_has_its_tests(self):
        found = list(rows())
        self.assertGreater(len(found), 25)
        for source, cell, line in found:
            with self.subTest(source):
                self.check_row(source, cell, line)

    def test_what_is_not_covered_names_no_test(self):
        rest = read("docs", "law.md").split("## Not covered")[1]
        self.assertNotIn("test_", rest)
        self.assertGreater(rest.count("\n| "), 5)

    def test_citations_are_counted_out(self):
        self.assertEqual(citations("/* PIPL 44-46, GDPR 12(3), 15(1)(c);\n * CCPA §7021(b): PIPL\n * 19, 47 */"),
                         {("PIPL", "44"), ("PIPL", "45"), ("PIPL", "46"), ("GDPR", "12"), ("GDPR", "15"),
                          ("CCPA", "7021"), ("PIPL", "19"), ("PIPL", "47")})
        self.assertEqual(citations("GB/T 35273, Minors Regulation 34–36"),
                         {("GB/T", "35273"), ("Minors Regulation", "34"), ("Minors Regulation", "35"),
                          ("Minors Regulation", "36")})
        self.assertIsNone(test_of_c("static void a(void **state)\n{\n}\n", "b"))
        self.assertEqual(citations(test_of_c("/* PIPL 1 */\n\n/* PIPL 2 */\nstatic void a(void **s)\n{\n}\n", "a")),
                         {("PIPL", "2")})


if __name__ == "__main__":
    unittest.main(verbosity=0)
