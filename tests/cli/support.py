"""The command `velum` for tests: folders of its own, a home of its own, always with a deadline."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

TOP = os.environ.get("VELUM_TOP", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.environ.get("VELUM_BUILD", os.path.join(TOP, "build", "test"))
VELUM = os.path.join(BUILD, "velum")
VELUMD = os.path.join(BUILD, "velumd")
DATA = os.path.join(os.environ["VELUM_SHARED"], "data") if os.environ.get("VELUM_SHARED") else None
EXAMPLES = os.path.join(TOP, "docs", "examples", "import")
TIMEOUT_S = 240  # a sanitised build on a busy machine


def main():
    for program in (VELUM, VELUMD):
        if not os.access(program, os.X_OK):
            print(f"skipped: there is no {os.path.basename(program)} in this build")
            sys.exit(77)
    unittest.main()


class Case(unittest.TestCase):
    """A scratch folder with a home in it for each test."""

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="velum-cli.")
        self.addCleanup(shutil.rmtree, self.top, ignore_errors=True)
        self.config = os.path.join(self.top, "config")

    def path(self, *names):
        return os.path.join(self.top, *names)

    def write(self, name, content):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, *names):
        with open(self.path(*names), "rb") as file:
            return file.read().decode()

    def mode(self, *names):
        return os.stat(self.path(*names)).st_mode & 0o7777

    def velum(self, *arguments, code=0, before=(), typed=None, **environment):
        """Runs the command with `typed` on its stdin; fails when it ends with another code than `code`
        (None: any)."""
        env = {name: value for name, value in os.environ.items() if name != "VELUM_DATA"}
        env.update({"XDG_CONFIG_HOME": self.config, "HOME": self.top, "LC_ALL": "C.UTF-8", **environment})
        done = subprocess.run([*before, VELUM, *map(str, arguments)], capture_output=True, text=True,
                              timeout=TIMEOUT_S, input=typed or "", env=env, cwd=self.top)
        self.assertNotIn("Sanitizer", done.stderr)
        if code is not None:
            self.assertEqual(done.returncode, code, f"{arguments[:4]}: {done.stderr}\n{done.stdout[:600]}")
        return done

    def json(self, *arguments, **options):
        return json.loads(self.velum(*arguments, "--json", **options).stdout)

    def sample(self, customers=20):
        """A sample folder, named by $VELUM_DATA from then on through self.data."""
        self.data = self.path("data")
        self.key = self.velum("init", self.data, "--sample", "--customers", customers).stdout.strip()
        return self.data

    def at(self, *arguments, **options):
        return self.velum("--data", self.data, *arguments, **options)

    def at_json(self, *arguments, **options):
        return json.loads(self.at(*arguments, "--json", **options).stdout)

    def token(self, name, role, activity, domain="shop"):
        roles = ["--role", role] if role else []
        return self.at("credential", "add", name, "--kind", "service", *roles, "--activity", activity,
                       "--domain", domain).stdout.strip()

    def refs(self, count, domain="shop"):
        """References of `count` imported people in a domain that a credential made."""
        rows = "".join(f"k{i},Person {i}\n" for i in range(count))
        file = self.write("people.csv", "id,name\n" + rows)
        map_file = self.write("people.yaml", 'source: people\nkey: {type: "ext:people", column: id}\n'
                                             "fields:\n  name: {from: name}\n")
        out = self.path(f"refs-{domain}.csv")
        self.at("import", file, "--map", map_file, "--refs-out", out, "--domain", domain)
        with open(out, encoding="utf-8") as lines:
            return [line.strip().split(",")[1].strip('"').lstrip("'") for line in list(lines)[1:]]


class Daemon:
    """velumd on a free port, for the time of a `with`."""

    def __init__(self, case, **environment):
        self.case = case
        self.environment = environment

    def __enter__(self):
        env = {**os.environ, "HOME": self.case.top, **self.environment}
        self.process = subprocess.Popen([VELUMD, "--data", self.case.data, "--listen", "127.0.0.1:0"],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        stdin=subprocess.DEVNULL, env=env)
        line = self.process.stdout.readline()
        if b"listening" not in line:
            self.process.kill()
            raise AssertionError("velumd did not come up")
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.process.stdout.close()
