#!/usr/bin/env python3
"""docs/api.md, docs/openapi.yaml and the code name the same routes and the same refusals."""
import os
import re
import unittest

TOP = os.environ.get("VELUM_TOP", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))


def source(*parts):
    with open(os.path.join(TOP, *parts), encoding="utf-8") as file:
        return file.read()


def of_code():
    """name → status, of core's table."""
    table = source("core", "problem.c").split("const char *problem_name")[0]
    return dict(re.findall(r'\{"([a-z-]+)",\s*(\d{3}),', table))


class ApiDocs(unittest.TestCase):
    def test_refusals(self):
        code = of_code()
        self.assertGreater(len(code), 30)
        told = {}
        for status, names in re.findall(r"^\| (\d{3}) \| (`[a-z-]+`(?:, `[a-z-]+`)*) \|",
                                        source("docs", "api.md"), re.M):
            for name in re.findall(r"`([a-z-]+)`", names):
                told[name] = status
        # These stand in the log; outside they are "not-found".
        hidden = {"not-own-record", "unknown-subject"}
        self.assertEqual({n: s for n, s in code.items() if n not in hidden}, told)
        listed = re.findall(r"urn:velum:problem:([a-z-]+)$", source("docs", "openapi.yaml"), re.M)
        self.assertEqual(sorted(listed), sorted(told))

    def test_routes(self):
        rows = re.findall(r'\{"([A-Z]+)", "(/[^"]*)",', source("gateway", "route.c"))
        self.assertGreater(len(rows), 8)
        code = {(method, re.sub(r"\{[a-z]*\}", "{}", path)) for method, path in rows}
        openapi = set()
        path = None
        for line in source("docs", "openapi.yaml").split("\ncomponents:")[0].splitlines():
            if re.match(r"  /\S*:$", line):
                path = line.strip().rstrip(":")
            elif path and re.match(r"    (get|post|patch|delete|head):$", line):
                openapi.add((line.strip().rstrip(":").upper(), re.sub(r"\{[a-z]+\}", "{}", path)))
        self.assertEqual(code, openapi)
        told = re.findall(r"`([A-Z]+) (/[^`?\[]*)[^`]*`", source("docs", "api.md"))
        self.assertLessEqual(code, {(m, re.sub(r"\{[a-z]+\}", "{}", p)) for m, p in told})


if __name__ == "__main__":
    unittest.main(verbosity=0)
