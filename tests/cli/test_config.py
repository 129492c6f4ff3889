"""velum config: every finding with its line, the settings that count, and the published schema beside the
parser."""
import json
import os
import re
import stat
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

SCHEMA = os.path.join(support.TOP, "docs", "velum.schema.json")
EXAMPLE = os.path.join(support.TOP, "docs", "examples", "velum.yaml")
SECRET = "00112233445566778899aabbccddeeff" * 2

# Documents that both the schema and the parser judge; JSON is YAML, too.
GOOD = (
    {"velum-config": 1},
    {"velum-config": 1, "data": "/var/lib/velum", "listen": "127.0.0.1:0", "behind-proxy": True},
    {"velum-config": 1, "listen": "[::1]:8080", "workers": 64, "cache-mb": 1, "timeout-ms": 60000},
    {"velum-config": 1, "listen": "localhost:65535", "connections-max": 16, "log-level": "debug"},
    {"velum-config": 1, "root": {"credential": "velum-root.2"}},
    {"velum-config": 1, "root": {"file": "/etc/velum/root"}, "behind-proxy": False},
)
BAD = (
    {},
    {"data": "/var/lib/velum"},
    {"velum-config": 2},
    {"velum-config": 1, "date": "/x"},
    {"velum-config": 1, "data": "relative"},
    {"velum-config": 1, "data": ["/x"]},
    {"velum-config": 1, "data": "/" + 490 * "x"},
    {"velum-config": 1, "listen": 8080},
    {"velum-config": 1, "listen": "everywhere:80"},
    {"velum-config": 1, "behind-proxy": "yes"},
    {"velum-config": 1, "behind-proxy": 1},
    {"velum-config": 1, "cache-mb": 0},
    {"velum-config": 1, "cache-mb": 1048577},
    {"velum-config": 1, "timeout-ms": 99},
    {"velum-config": 1, "timeout-ms": 1.5},
    {"velum-config": 1, "workers": 65},
    {"velum-config": 1, "workers": "all"},
    {"velum-config": 1, "connections-max": 1025},
    {"velum-config": 1, "log-level": "loud"},
    {"velum-config": 1, "root": SECRET},
    {"velum-config": 1, "root": {}},
    {"velum-config": 1, "root": {"file": SECRET}},
    {"velum-config": 1, "root": {"file": "/a", "credential": "b"}},
    {"velum-config": 1, "root": {"credential": "a/b"}},
    {"velum-config": 1, "root": {"key": "/a"}},
)
KNOWN = {"$schema", "$id", "title", "description", "default"}


def judge(schema, value):
    """Whether a value keeps the schema: the part of JSON Schema 2020-12 that ours uses, and no more."""
    checks = {
        "type": lambda t: {"object": isinstance(value, dict), "string": isinstance(value, str),
                           "boolean": isinstance(value, bool),
                           "integer": isinstance(value, int) and not isinstance(value, bool)}[t],
        "const": lambda c: value == c and not isinstance(value, bool),
        "enum": lambda e: value in e,
        "pattern": lambda p: not isinstance(value, str) or re.search(p, value) is not None,
        "maxLength": lambda n: not isinstance(value, str) or len(value) <= n,
        "minimum": lambda n: not isinstance(value, (int, float)) or value >= n,
        "maximum": lambda n: not isinstance(value, (int, float)) or value <= n,
        "required": lambda names: all(name in value for name in names),
        "minProperties": lambda n: not isinstance(value, dict) or len(value) >= n,
        "maxProperties": lambda n: not isinstance(value, dict) or len(value) <= n,
        "properties": lambda inner: not isinstance(value, dict) or all(
            judge(inner[name], value[name]) for name in value if name in inner),
        "additionalProperties": lambda _: not isinstance(value, dict) or all(
            name in schema.get("properties", {}) for name in value),
    }
    return all(checks[name](rule) for name, rule in schema.items() if name not in KNOWN)


class Config(support.Case):
    def setUp(self):
        super().setUp()
        os.environ.pop("VELUM_CONFIG", None)
        self.etc = self.path("etc")
        os.mkdir(self.etc)

    def run_config(self, *arguments, **options):
        options.setdefault("VELUM_TEST_ETC", self.etc)
        return self.velum("config", *arguments, **options)

    def file(self, content, name="velum.yaml"):
        path = self.write(name, content if isinstance(content, str) else json.dumps(content))
        os.chmod(path, 0o600)
        return path

    def settings(self, *arguments, **options):
        answer = json.loads(self.run_config("show", "--json", *arguments, **options).stdout)
        return answer, {setting["name"]: setting for setting in answer["settings"]}

    def test_schema_and_parser_agree(self):
        with open(SCHEMA, encoding="utf-8") as file:
            schema = json.load(file)
        for documents, is_good in ((GOOD, True), (BAD, False)):
            for document in documents:
                with self.subTest(document=document):
                    self.assertEqual(judge(schema, document), is_good)
                    # An address for others is one more question, that only the parser asks.
                    self.run_config("check", self.file(document), code=0 if is_good else 1)

    def test_the_example_is_good(self):
        with open(EXAMPLE, encoding="utf-8") as file:
            done = self.run_config("check", self.file(file.read()))
        self.assertIn("0 errors", done.stderr)

    def test_every_finding_with_its_line(self):
        file = self.file("velum-config: 1\nworkers: 0\n\nlog-level: canary\ncanary: 1\n")
        done = self.run_config("check", file, code=1)
        found = json.loads(self.run_config("check", file, "--json", code=1).stdout)["findings"]
        self.assertEqual([finding["line"] for finding in found], [2, 4, 5])
        self.assertEqual({finding["kind"] for finding in found}, {"error"})
        self.assertIn("4: error: log-level takes", done.stdout)
        self.assertIn("3 errors", done.stderr)
        self.assertNotIn("canary", done.stdout + done.stderr)

    def test_a_secret_is_refused_and_not_repeated(self):
        for root in (SECRET, {"file": SECRET}, {"credential": SECRET}):
            done = self.run_config("check", self.file({"velum-config": 1, "root": root}), code=1)
            self.assertIn("a secret never stands in this file", done.stdout)
            self.assertNotIn(SECRET[:16], done.stdout + done.stderr)

    def test_a_file_that_others_may_write(self):
        file = self.file({"velum-config": 1})
        os.chmod(file, 0o622)
        self.assertIn("changed by others", self.run_config("check", file, code=1).stderr)
        self.assertIn("changed by others",
                      self.run_config("show", "--config", file, code=1).stderr)

    def test_files_that_are_none(self):
        self.run_config("check", self.path("none"), code=1)
        self.assertIn("no configuration file", self.run_config("check", code=1).stderr)
        self.run_config("show", "--config", self.path("none"), code=1)
        self.run_config("check", self.path("none"), "extra", code=2)

    def test_show_says_where_each_comes_from(self):
        file = self.file("velum-config: 1\nworkers: 3\ncache-mb: 9\ntimeout-ms: 700\n"
                         "root: {file: /etc/velum/velum-root}\n")
        answer, found = self.settings("--config", file, "--data", "/typed", VELUM_CACHE_MB="10")
        self.assertEqual(answer["file"], file)
        expected = {"data": ("/typed", "command line"), "cache-mb": (10, "environment"),
                    "workers": (3, "file"), "timeout-ms": (700, "file"),
                    "listen": ("127.0.0.1:8080", "default"), "behind-proxy": (False, "default"),
                    "root.file": ("/etc/velum/velum-root", "file"),
                    "root.credential": (None, "default")}
        for name, (value, source) in expected.items():
            self.assertEqual((found[name]["value"], found[name]["from"]), (value, source), name)
        self.assertEqual(found["workers"]["line"], 2)
        self.assertEqual({setting["takes_effect"] for setting in found.values()}, {"start"})
        shown = self.run_config("show", "--config", file)
        self.assertIn("/etc/velum/velum-root", shown.stdout)
        self.assertIn("takes effect when velumd starts", shown.stderr)

    def test_the_file_is_sought(self):
        os.mkdir(self.path("folder"))
        self.assertNotIn("file", self.settings()[0])
        self.file({"velum-config": 1, "workers": 1}, "etc/velum.yaml")
        if "file" not in self.settings()[0]:
            self.skipTest("this build has no seam for /etc")
        self.file({"velum-config": 1, "workers": 2}, "folder/velum.yaml")
        named = self.file({"velum-config": 1, "workers": 3}, "named.yaml")
        folder = self.path("folder")
        self.assertEqual(self.settings()[1]["workers"]["value"], 1)
        self.assertEqual(self.settings("--data", folder)[1]["workers"]["value"], 2)
        self.assertEqual(self.settings(VELUM_DATA=folder)[1]["workers"]["value"], 2)
        self.assertEqual(self.settings(VELUM_DATA=folder, VELUM_CONFIG=named)[1]["workers"]["value"], 3)
        self.run_config("check", VELUM_DATA=folder)

    def test_commands_work_where_the_file_says(self):
        self.velum("init", self.path("data"), "--kit", self.path("kit"))
        file = self.file({"velum-config": 1, "data": self.path("data"),
                          "root": {"file": self.path("kit", "velum-root")}})
        self.velum("credential", "list", code=1)  # neither folder nor root secret is known
        self.velum("credential", "list", VELUM_CONFIG=file)
        self.velum("--data", "data", "credential", "list", VELUM_CONFIG=file)
        self.velum("upgrade", "--check", VELUM_CONFIG=file)
        self.velum("credential", "list", VELUM_CONFIG=file, VELUM_ROOT_FILE=self.path("none"), code=1)
        wrong = self.file("velum-config: 1\ndate: x\n", "wrong.yaml")
        self.assertIn("velum config check", self.velum("credential", "list", VELUM_CONFIG=wrong, code=1).stderr)

    def test_the_root_secrets_file_is_looked_at_not_into(self):
        self.velum("init", self.path("data"), "--kit", self.path("kit"))
        root = self.path("kit", "velum-root")
        file = self.file({"velum-config": 1, "root": {"file": root}})
        self.run_config("check", file)
        os.chmod(root, stat.S_IRUSR | stat.S_IRGRP)
        self.assertIn("others", self.run_config("check", file, code=1).stdout)
        done = self.run_config("show", "--config", file)
        self.assertNotIn(self.read("kit", "velum-root").strip(), done.stdout + done.stderr)


if __name__ == "__main__":
    support.main()
