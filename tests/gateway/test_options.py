"""velumd and its configuration: file, environment and command line, and what is refused at the start."""
import os
import select
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import START_S, VELUM, VELUMD, Daemon, Folder, run, skip_without_products


class Configured(Daemon):
    """velumd called with nothing but what the test gives."""

    def __init__(self, folder, *arguments, **environment):
        self.log_path = os.path.join(folder.top, f"configured-{len(os.listdir(folder.top))}.log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [VELUMD, *arguments], stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL,
                env=clean_environment(environment))
        try:
            self.host, self.port = self._await_ready()
        except BaseException:
            self.stop()
            raise


def clean_environment(changes):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("VELUM_") or name.startswith("VELUM_TEST_")}
    return kept | changes


class Options(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Folder(0)
        cls.addClassCleanup(cls.folder.remove)

    def file(self, content, name="velum.yaml", mode=0o600):
        path = os.path.join(self.folder.top, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("velum-config: 1\n" + content)
        os.chmod(path, mode)
        return path

    def refused(self, *arguments, code=2, **environment):
        done = subprocess.run([VELUMD, *arguments], capture_output=True, text=True, timeout=START_S,
                              stdin=subprocess.DEVNULL, env=clean_environment(environment))
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn("listening", done.stdout)
        return done.stderr

    def test_a_file_is_enough(self):
        file = self.file(f"data: {self.folder.path}\nlisten: '127.0.0.1:0'\nworkers: 2\n"
                         "cache-mb: 4\nlog-level: error\n")
        with Configured(self.folder, "--config", file) as server:
            self.assertEqual(server.ask("GET", "/readyz").status, 200)
            self.assertNotIn("velumd is ready", server.log())
            self.assertEqual(server.stop(), 0)
        with Configured(self.folder, "--config", file, "--log-level", "notice") as server:
            self.assertIn("velumd is ready", server.log())
        with Configured(self.folder, VELUM_CONFIG=file) as server:
            self.assertEqual(server.ask("GET", "/readyz").status, 200)

    def test_the_data_folders_own_file(self):
        own = os.path.join(self.folder.path, "velum.yaml")
        self.addCleanup(os.unlink, own)
        os.rename(self.file("listen: '127.0.0.1:0'\nlog-level: error\n", "own.yaml"), own)
        with Configured(self.folder, "--data", self.folder.path) as server:
            self.assertNotIn("velumd is ready", server.log())

    def test_environment_and_command_line_come_first(self):
        file = self.file("data: /nowhere\nlisten: 'localhost:1'\n")
        with Configured(self.folder, "--config", file, "--listen", "127.0.0.1:0",
                        VELUM_DATA=self.folder.path, VELUM_LISTEN="127.0.0.1:2") as server:
            self.assertEqual(server.ask("GET", "/readyz").status, 200)

    def test_the_limit_of_connections(self):
        file = self.file(f"data: {self.folder.path}\nlisten: '127.0.0.1:0'\nconnections-max: 16\n")
        with Configured(self.folder, "--config", file) as server:
            held = []
            try:
                for _ in range(64):
                    held.append(server.connect())
                # What is over the limit is closed at once; what is within waits for a request.
                closed = select.select(held, [], [], 20)[0]
                self.assertGreaterEqual(len(closed), 1)
                self.assertEqual(closed[0].recv(1), b"")
            finally:
                for connection in held:
                    connection.close()
            self.assertEqual(server.stop(signal.SIGTERM), 0)

    def test_what_is_refused(self):
        data = f"data: {self.folder.path}\n"
        for content, word in ((data + "canary: 1\n", "line 3: unknown key"),
                              (data + "workers: 0\n", "line 3: workers takes"),
                              (data + "listen: 0.0.0.0:0\n", "--behind-proxy"),
                              (data + "root: canary\n", "a secret never stands in this file"),
                              ("listen: 127.0.0.1:0\n", "which data folder")):
            said = self.refused("--config", self.file(content))
            self.assertIn(word, said)
            self.assertNotIn("canary", said)
        self.assertIn("changed by others", self.refused("--config", self.file(data, mode=0o666)))
        self.assertIn("no such configuration",
                      self.refused("--config", "/nowhere/velum.yaml", "--data", self.folder.path))
        self.assertIn("--workers: workers takes",
                      self.refused("--data", self.folder.path, "--workers", "none"))
        self.assertIn("$VELUM_CACHE_MB: cache-mb takes",
                      self.refused("--data", self.folder.path, VELUM_CACHE_MB="-1"))

    def test_a_root_secret_where_the_file_says(self):
        data, kit = os.path.join(self.folder.top, "apart"), os.path.join(self.folder.top, "kit")
        run(VELUM, "init", data, "--kit", kit)
        root = os.path.join(kit, "velum-root")
        content = f"data: {data}\nlisten: '127.0.0.1:0'\nroot: {{file: {root}}}\n"
        with Configured(self.folder, "--config", self.file(content)) as server:
            self.assertEqual(server.ask("GET", "/healthz").status, 200)
        os.chmod(root, 0o644)
        said = self.refused("--config", self.file(content), code=1)
        self.assertIn("root.file of the configuration", said)


if __name__ == "__main__":
    skip_without_products()
    unittest.main(verbosity=0)
