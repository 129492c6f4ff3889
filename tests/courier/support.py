"""A velum-courier of its own before a gate and an outside that are both the test's."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support")]
from fake_gate import FakeGate  # noqa: E402
import outside  # noqa: E402

BUILD = os.environ.get("VELUM_BUILD", "build/test")
COURIER = os.path.join(BUILD, "velum-courier")
TIMEOUT_S = 120  # a sanitised build on a busy machine
TOKEN = "velum_test_token_of_the_courier"
CONNECT_MS, TOTAL_MS = 1000, 2000


def main():
    if not os.access(COURIER, os.X_OK):
        print("skipped: there is no velum-courier in this build")
        sys.exit(77)
    if shutil.which("openssl") is None:
        print("skipped: there is no openssl to make an authority with")
        sys.exit(77)
    unittest.main(verbosity=0)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority = tempfile.mkdtemp(prefix="velum-authority.")
        cls.addClassCleanup(shutil.rmtree, cls.authority, ignore_errors=True)
        cls.ca = outside.make_authority(cls.authority)

    def setUp(self):
        self.top = tempfile.mkdtemp(prefix="velum-courier.")
        self.addCleanup(shutil.rmtree, self.top, ignore_errors=True)
        self.data = os.path.join(self.top, "data")
        self.outbox = os.path.join(self.top, "outbox")
        self.gate = self.open_gate()
        self.token_file = self.put("token", TOKEN + "\n")

    def open_gate(self):
        gate = FakeGate(self.data)
        self.addCleanup(lambda: gate.lock is not None and self.close_gate(gate))
        return gate

    @staticmethod
    def close_gate(gate):
        gate.stop()
        gate.lock = None

    def put(self, name, text, mode=0o600):
        path = os.path.join(self.top, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def web(self, tls=True, **options):
        server = outside.WebServer(outside.server_context(self.authority) if tls else None, **options)
        self.addCleanup(server.stop)
        return server

    def mail(self, tls=True, **options):
        server = outside.MailServer(outside.server_context(self.authority) if tls else None, **options)
        self.addCleanup(server.stop)
        return server

    def config(self, channels="", hooks="", allow=""):
        text = "velum-courier: 1\n"
        for name, lines in (("channels", channels), ("hooks", hooks), ("allow", allow)):
            if lines:
                text += f"{name}:\n" + "".join(f"  {line}\n" for line in lines.splitlines())
        return self.put("courier.yaml", f"{text}connect-timeout-ms: {CONNECT_MS}\ntimeout-ms: {TOTAL_MS}\n")

    def command(self, *arguments, config=None):
        return [COURIER, "--data", self.data, "--token-file", self.token_file,
                *(["--config", config] if config else []), *arguments]

    def run_once(self, config=None, code=0, arguments=(), **environment):
        env = {**os.environ, **environment}
        done = subprocess.run(self.command("--once", *arguments, config=config), capture_output=True, text=True,
                              timeout=TIMEOUT_S, env=env, cwd=self.top)
        self.assertNotIn("Sanitizer", done.stderr)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stderr)
        return done

    def outcome(self, id_):
        return self.gate.outcomes[id_][1]

    def files(self):
        return sorted(os.listdir(self.outbox)) if os.path.isdir(self.outbox) else []

    def killed(self, done):
        return done.returncode == -signal.SIGKILL
