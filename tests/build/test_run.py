#!/usr/bin/env python3
"""tools/run.sh, as `make run` calls it: its three commands work as they are printed, Ctrl-C ends it in
order, a second run prints the same customer and token again, and nothing but a sample is removed."""
import json
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

TOP = os.environ.get("VELUM_TOP") or os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get("VELUM_BUILD", os.path.join(TOP, "build/release"))
START_S = 120
STOP_S = 40
ANSWER_S = 60

if not all(os.access(os.path.join(BUILD, name), os.X_OK) for name in ("velum", "velumd")) or \
        shutil.which("curl") is None:
    print("skipped: there is no velum, velumd or curl")
    sys.exit(77)

place = None
environment = None
sample = None


def setUpModule():
    global place, environment, sample
    place = tempfile.mkdtemp(prefix="velum-run.")
    sample = os.path.join(place, "sample")
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("VELUM_", "XDG_", "MAKE", "FRESH"))}
    environment.update(HOME=place, VELUM_BUILD=BUILD, SAMPLE=sample, PORT="0", CUSTOMERS="30")


def tearDownModule():
    shutil.rmtree(place, ignore_errors=True)


def script(**settings):
    """A process group of its own, as in a terminal."""
    return subprocess.Popen([os.path.join(TOP, "tools/run.sh")], cwd="/", start_new_session=True,
                            env={**environment, **settings}, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def ends(process):
    """What it said until it ended by itself, and its exit code."""
    said, _ = process.communicate(timeout=START_S)
    return said.decode(), process.returncode


class Running:
    """run.sh until its commands are printed; `with` ends it by Ctrl-C."""

    def __init__(self, **settings):
        self.process = script(**settings)
        self.said = ""
        self.code = None
        deadline = time.monotonic() + START_S
        while "Ctrl-C stops velumd." not in self.said:
            left = deadline - time.monotonic()
            piece = b""
            if left > 0 and select.select([self.process.stdout], [], [], left)[0]:
                piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                self.interrupt()
                raise AssertionError("run.sh did not come up: " + self.said[-2000:])
            self.said += piece.decode()
        lines = self.said.splitlines()
        self.curls = [line for line in lines if line.startswith("curl ")]
        self.officer = [line for line in lines if " audit log --subject " in line]

    def interrupt(self):
        """Ctrl-C: the terminal sends SIGINT to every process of the group."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            rest, _ = self.process.communicate(timeout=STOP_S)
            self.said += rest.decode()
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()
        self.code = self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.interrupt()


def paste(command):
    done = subprocess.run(["bash", "-c", command], cwd=TOP, env=environment, timeout=ANSWER_S,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"exit {done.returncode}: {done.stderr[-500:]}")
    return done.stdout


class Run(unittest.TestCase):
    maxDiff = None

    def assertServes(self, running):
        """All three commands, in the order in which they are printed."""
        self.assertEqual((len(running.curls), len(running.officer)), (2, 1), running.said)
        profile = json.loads(paste(running.curls[0]))
        self.assertIn("*", json.dumps(profile))
        self.assertRegex(json.dumps(profile), r"1[3-9]\d\*{4}\d{4}")
        consent = json.loads(paste(running.curls[1]))
        self.assertIn("withdrawn", json.dumps(consent))
        log = paste(running.officer[0])
        self.assertRegex(log, r"\bread\b")
        self.assertRegex(log, r"\bconsent\b")
        self.assertIn("sample-service", log)

    def test_first_and_second_run(self):
        with Running() as first:
            self.assertIn("Making a sample", first.said)
            self.assertServes(first)
            mode = stat.S_IMODE(os.stat(sample + "-tokens").st_mode)
            self.assertEqual(mode, 0o600)
            said, code = ends(script())
            self.assertNotEqual(code, 0, said)
            self.assertIn("run:", said)
        self.assertEqual(first.code, 0, first.said)
        self.assertTrue(os.path.isdir(os.path.join(place, ".config/velum/trust")))

        with Running() as second:
            self.assertIn("again", second.said)
            self.assertServes(second)
        self.assertEqual(second.code, 0, second.said)

        def what_stays(running):  # all but the port and the customer's token
            return (re.search(r"velum_\S+(?=\")", running.curls[0])[0],
                    re.search(r"/v1/subjects/\w+", running.curls[0])[0], running.officer)
        self.assertEqual(what_stays(first), what_stays(second))
        self.assertNotEqual(first.curls[1], second.curls[1])

        os.remove(sample + "-tokens")  # a lost token costs a new credential, not the sample
        with Running() as third:
            self.assertServes(third)
        self.assertNotEqual(what_stays(third)[0], what_stays(first)[0])

        with Running(FRESH="1", CUSTOMERS="5") as fresh:
            self.assertIn("Making a sample", fresh.said)
            self.assertServes(fresh)
        self.assertEqual(fresh.code, 0, fresh.said)

    def test_only_a_sample_is_thrown_away(self):
        other = os.path.join(place, "other")
        os.mkdir(other)
        with open(os.path.join(other, "vault.db"), "wb"):
            pass
        said, code = ends(script(SAMPLE=other, FRESH="1"))
        self.assertNotEqual(code, 0, said)
        self.assertEqual(os.listdir(other), ["vault.db"])


if __name__ == "__main__":
    unittest.main()
