"""Help, usage errors, exit codes; and that nothing of what was typed is repeated."""
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

FEWEST = 60  # commands; fewer would mean that the list is not read
SECRET = "13800138000"


def commands(listed):
    """Every command that the list of help names."""
    return re.findall(r"(?m)^  ([a-z-]+(?: [a-z-]+)?)  +[A-Z]", listed)


class Usage(support.Case):
    def test_version_and_help(self):
        self.assertRegex(self.velum("--version").stdout, r"^velum \d+\.\d+\.\d+\n$")
        listed = self.velum("--help").stdout
        self.assertEqual(listed, self.velum("help").stdout)
        found = commands(listed)
        self.assertGreaterEqual(len(found), FEWEST)
        self.assertEqual(len(found), len(set(found)), "a command is listed twice")

    def test_every_command_has_help_in_eighty_columns(self):
        for command in commands(self.velum("help").stdout):
            shown = self.velum(*command.split(), "--help").stdout
            self.assertEqual(shown, self.velum("help", *command.split()).stdout)
            self.assertTrue(shown.startswith(f"Usage: velum {command}"), shown)
            for line in shown.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_no_words_at_all(self):
        done = self.velum(code=2)
        self.assertEqual(done.stdout, "")
        self.assertIn("Usage", done.stderr)
        self.assertEqual(self.velum("credential", code=2).stdout, "")
        self.assertIn("credential add", self.velum("credential", "--help").stdout)

    def test_wrong_calls_end_with_two_and_repeat_nothing(self):
        for words in ([SECRET], ["credential", SECRET], ["--" + SECRET], ["status", SECRET],
                      ["consent", "list", SECRET, SECRET], ["consent", "list", "--" + SECRET, "x"],
                      ["audit", "prove", SECRET + "x"], ["consent", "give", SECRET],
                      ["import", SECRET], ["help", SECRET], ["init", "x", "--kit", "k", "--seed", SECRET],
                      ["credential", "add", SECRET, "--kind", SECRET, "--activity", "a", "--domain", "d"],
                      ["audit", "log", "--limit", "-1"], ["status", "--json=1"], ["status", "--json", "--json"]):
            done = self.velum(*words, code=2)
            self.assertEqual(done.stdout, "")
            self.assertNotIn(SECRET, done.stderr, words)
            self.assertIn("velum", done.stderr)

    def test_no_data_folder(self):
        for words in (["status"], ["credential", "list"], ["audit", "log"]):
            done = self.velum(*words, code=1)
            self.assertIn("--data DIR", done.stderr)
            self.assertIn("VELUM_DATA", done.stderr)

    def test_data_folder_that_is_none(self):
        self.assertIn("velum init", self.velum("--data", self.path("none"), "status", code=1).stderr)
        os.mkdir(self.path("empty"))
        self.assertIn("velum init", self.velum("--data", self.path("empty"), "status", code=1).stderr)
        self.velum("--data", code=2)
        self.velum("--data", self.path("x"), "policy", "check", self.path("y"), code=2)

    def test_three_ways_to_name_the_folder(self):
        self.sample(0)
        origin = self.key.split("+")[0]
        for words, environment, before in ((["--data", self.data, "status"], {}, []),
                                           (["status", f"--data={self.data}"], {}, []),
                                           (["status"], {"VELUM_DATA": self.data}, []),
                                           (["status"], {}, ["env", "-C", self.data])):
            self.assertIn(origin, self.velum(*words, before=before, **environment).stdout)

    def test_a_reference_that_is_none_is_not_repeated(self):
        self.sample(0)
        for ref in (SECRET, SECRET + "\n", "x" * 300, "shop:" + SECRET):
            done = self.at("consent", "list", ref, code=1)
            self.assertNotIn(SECRET, done.stderr)

    def test_full_stdout(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        done = self.velum("--version", code=None, before=["sh", "-c", '"$0" "$@" >/dev/full'])
        self.assertEqual(done.returncode, 1)

    def test_no_colours_in_a_pipe(self):
        self.sample(0)
        self.assertNotIn("\033", self.at("audit", "log").stdout)
        self.assertNotIn("\033", self.at("audit", "verify").stdout)


if __name__ == "__main__":
    support.main()
