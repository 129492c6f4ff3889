"""A real velumd on a data folder of its own, for tests: made, started, asked, killed, looked into.

Everything waits with a deadline, and what a Box started it ends, by process id. A test that draws
lots takes them from `seeded`, which prints its seed when the test fails (VELUM_SEED sets it).
"""
import base64
import contextlib
import hashlib
import http.client
import json
import os
import random
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

BUILD = os.environ.get("VELUM_BUILD", "build/test")
VELUMD = os.path.abspath(os.path.join(BUILD, "velumd"))
VELUM = os.path.abspath(os.path.join(BUILD, "velum"))
START_S = 120  # a sanitised build on a busy machine
STOP_S = 40
IDLE_S = 4  # velumd closes a connection that is idle for 10 seconds
NS = 1_000_000_000

# Exit codes of `velum audit verify`.
SOUND, TAMPERED, TRUNCATED, UNREADABLE, UNPROVEN = 0, 3, 4, 5, 6


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(77)


def need_products():
    for program in (VELUMD, VELUM):
        if not os.access(program, os.X_OK):
            skip(f"there is no {os.path.basename(program)} in this build")


def has_seams():
    """Whether this build reads VELUM_TEST_FAULT and VELUM_TEST_CLOCK."""
    with open(VELUMD, "rb") as program:
        return b"VELUM_TEST_FAULT" in program.read()


def need_seams():
    need_products()
    if not has_seams():
        skip("this build has no seams for faults and clocks")


@contextlib.contextmanager
def seeded(default):
    seed = int(os.environ.get("VELUM_SEED", default))
    try:
        yield random.Random(seed)
    except BaseException:
        print(f"seed: VELUM_SEED={seed}", file=sys.stderr)
        raise


def wait_until(condition, what, seconds=20.0):
    """Polls until `condition()` is true and returns what it gave; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s: {what}")
        time.sleep(0.01)


class Done:
    """A command that has ended."""

    def __init__(self, completed):
        self.code = completed.returncode
        self.out = completed.stdout.decode("utf-8", "replace")
        self.err = completed.stderr.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.out)


class Box:
    """A temporary place with a data folder, an officer's home, and the daemons started there."""

    def __init__(self, top=None, clock_ns=None):
        self.top = tempfile.mkdtemp(prefix="velum-e2e.", dir=top)
        self.data = os.path.join(self.top, "data")
        self.config = os.path.join(self.top, "config")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("VELUM_TEST_")}
        self.environment |= {"XDG_CONFIG_HOME": self.config, "HOME": self.top, "LC_ALL": "C"}
        self.daemons = []
        self.clock_path = None
        if clock_ns is not None:
            self.clock_path = os.path.join(self.top, "clock")
            self.set_clock(clock_ns)
            self.environment["VELUM_TEST_CLOCK"] = self.clock_path

    def set_clock(self, wall_ns):
        """Atomically, since the daemon reads the file at every look at the clock."""
        with open(self.clock_path + ".new", "w", encoding="ascii") as file:
            file.write(str(wall_ns))
        os.replace(self.clock_path + ".new", self.clock_path)

    def velum(self, *words, check=True, env=None, timeout=120, typed=""):
        """Runs the command with `typed` on its stdin."""
        done = Done(subprocess.run([VELUM, *words], capture_output=True, timeout=timeout,
                                   input=typed.encode(), check=False, cwd=self.top,
                                   env=self.environment | (env or {})))
        if check and done.code != 0:
            raise AssertionError(f"velum {' '.join(words)}: exit {done.code}: {done.err[-600:]}")
        return done

    def on_data(self, *words, **options):
        return self.velum("--data", self.data, *words, **options)

    def init(self, customers=0):
        self.velum("init", self.data, "--sample", "--customers", str(customers))
        return self

    def credential(self, name, role, activity, domain="crm"):
        """The token of a new service credential."""
        return self.on_data("credential", "add", name, "--kind", "service", "--role", role,
                            "--activity", activity, "--domain", domain).out.strip()

    def usual_credentials(self):
        self.orders = self.credential("orders", "delivery", "order-fulfilment")
        self.care = self.credential("care", "customer_service", "customer-care")
        self.marketing = self.credential("marketing", "marketing", "direct-marketing")
        self.capture = self.credential("capture", "customer_service", "consent-capture")
        return self

    def customer_token(self, ref):
        return self.on_data("credential", "customer", f"crm:{ref}").out.strip()

    def log(self, *words):
        return self.on_data("audit", "log", "--json", *words).json()["entries"]

    def verify(self, *words):
        """(exit code, report) of a verification with the officer's trust file."""
        done = self.velum("audit", "verify", *(words or (self.data,)), "--json", check=False)
        assert done.out, f"verify said nothing, exit {done.code}: {done.err[-600:]}"
        return done.code, done.json()

    def daemon(self, *words, faults=None, wrap=(), **options):
        daemon = Daemon(self, words, faults, wrap, **options)
        self.daemons.append(daemon)
        return daemon.await_ready()

    def close(self):
        for daemon in self.daemons:
            daemon.kill()
        shutil.rmtree(self.top, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            for daemon in self.daemons[-2:]:
                print(f"--- velumd said:\n{daemon.errors()[-3000:]}", file=sys.stderr)
        self.close()


class DaemonDied(Exception):
    """velumd ended before it was ready."""


class Daemon:
    def __init__(self, box, words, faults, wrap, data=None):
        environment = dict(box.environment)
        if faults is not None:
            environment["VELUM_TEST_FAULT"] = faults
        name = os.path.join(box.top, f"velumd-{len(box.daemons)}")
        self.out_path, self.err_path = name + ".out", name + ".err"
        self.host, self.port = None, None
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(
                [*wrap, VELUMD, "--data", data or box.data, "--listen", "127.0.0.1:0", *words],
                stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=environment)
        self.main_client = None
        self.clients = []

    def said(self):
        with open(self.out_path, "rb") as out:
            return out.read().decode()

    def errors(self):
        with open(self.err_path, "rb") as err:
            return err.read().decode("utf-8", "replace")

    def await_ready(self):
        deadline = time.monotonic() + START_S
        while True:
            ended = self.process.poll() is not None
            found = re.match(r"listening on http://([\d.]+):(\d+)\n", self.said())
            if found:
                self.host, self.port = found[1], int(found[2])
                self.main_client = self.client()
                return self
            if ended:
                raise DaemonDied(f"exit {self.process.returncode}: {self.errors()[-600:]}")
            if time.monotonic() > deadline:
                raise AssertionError("velumd was not ready in time")
            time.sleep(0.002)

    def ask(self, method, target, token=None, body=None, headers=None):
        return self.main_client.ask(method, target, token, body, headers)

    def client(self, timeout=30):
        """Another kept connection, closed when the daemon is ended."""
        client = Client(self, timeout)
        self.clients.append(client)
        return client

    def send(self, signal_number):
        if self.process.poll() is None:
            self.process.send_signal(signal_number)

    def stop(self):
        """Ends it in order and gives the exit code; AssertionError when it does not end."""
        self.send(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_S)
            self.close_clients()
            return code
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"velumd did not end within {STOP_S} s of SIGTERM") from None

    def kill(self):
        self.send(signal.SIGKILL)
        self.process.wait(STOP_S)
        self.close_clients()

    def close_clients(self):
        for client in self.clients:
            client.close()
        self.clients = []

    def is_running(self):
        return self.process.poll() is None


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    @property
    def problem(self):
        """The problem's name, or "" for a result."""
        if self.headers.get("content-type") != "application/problem+json":
            return ""
        return self.json()["type"].removeprefix("urn:velum:problem:")

    @property
    def decision(self):
        """The decision id, or None."""
        found = self.json().get("decision")
        return found["id"] if isinstance(found, dict) else found

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


# What a client sees when its daemon dies.
BROKEN = (ConnectionError, http.client.HTTPException, TimeoutError, OSError)


class Client:
    """A kept connection, for one thread."""

    def __init__(self, daemon, timeout=30):
        self.address = (daemon.host, daemon.port)
        self.timeout = timeout
        self.connection = None
        self.used_at = 0.0

    def ask(self, method, target, token=None, body=None, headers=None):
        sent = dict(headers or {})
        data = None
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        try:
            return self._ask_once(method, target, data, sent)
        except BROKEN:
            self.close()
            raise

    def _ask_once(self, method, target, data, headers):
        if time.monotonic() - self.used_at > IDLE_S:
            self.close()
        self.used_at = time.monotonic()
        if self.connection is None:
            self.connection = http.client.HTTPConnection(*self.address, timeout=self.timeout)
        connection = self.connection  # another thread may close it when it ends the daemon
        connection.request(method, target, body=data, headers=headers)
        with connection.getresponse() as answer:
            body = answer.read()
            reply = Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, body)
        if reply.headers.get("connection", "").lower() == "close":
            self.close()
        return reply

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    # The calls that most tests make.
    def upsert(self, token, key, profile):
        body = {"identifiers": [{"type": "ext:test", "value": str(key)}], "profile": profile}
        return self.ask("POST", "/v1/subjects", token, body)

    def lookup(self, token, key, kind="ext:test"):
        return self.ask("POST", "/v1/subjects/lookup", token,
                        {"identifier": {"type": kind, "value": str(key)}})

    def read(self, token, ref, fields=None):
        return self.ask("GET", f"/v1/subjects/{ref}" + (f"?fields={fields}" if fields else ""),
                        token)

    def consent(self, token, ref, state, purpose="direct-marketing"):
        return self.ask("POST", f"/v1/subjects/{ref}/consents", token,
                        {"purpose": purpose, "state": state})


def expect(reply, status, problem=""):
    """The reply, when it is what was expected."""
    if (reply.status, reply.problem) != (status, problem):
        raise AssertionError(f"expected {status} {problem or 'without problem'}, got {reply!r}")
    return reply


def in_threads(work, count, limit_s=300):
    """Runs work(0) … work(count - 1) at once and raises the first failure."""
    failures = []

    def guarded(number):
        try:
            work(number)
        except BaseException as failure:  # pylint: disable=broad-except
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=(n,), daemon=True) for n in range(count)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + limit_s
    for thread in threads:
        thread.join(max(0.1, deadline - time.monotonic()))
        assert not thread.is_alive(), "a thread of the test does not end"
    if failures:
        raise failures[0]


# --- The log, read from its bytes alone ------------------------------------------------------------

def leaf_hash(leaf):
    return hashlib.sha256(b"\0" + leaf).digest()


def check_proof(proof, leaf, root_of):
    """Walks a c2sp.org/tlog-proof@v1 from the leaf to the checkpoint's root (RFC 9162 §2.1.3.2);
    `root_of` gives size and root of a note that it has verified. Returns the leaf's index."""
    head, _, note = proof.partition("\n\n")
    lines = head.split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1", lines[0]
    index = int(re.fullmatch(r"index (\d+)", lines[1])[1])
    path = [base64.b64decode(line, validate=True) for line in lines[2:]]
    size, root = root_of(note)
    assert index < size and int.from_bytes(leaf[20:28], "big") == index
    fn, sn, node = index, size - 1, leaf_hash(leaf)
    for sibling in path:
        assert sn > 0, "the path is too long"
        if fn & 1 or fn == sn:
            node = hashlib.sha256(b"\1" + sibling + node).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = hashlib.sha256(b"\1" + node + sibling).digest()
        fn, sn = fn >> 1, sn >> 1
    assert sn == 0 and node == root, "the path does not lead to the root"
    return index


def log_folder_copy(box, name):
    """A copy of the log folder of a box."""
    to = os.path.join(box.top, name)
    shutil.copytree(os.path.join(box.data, "audit"), to, ignore=shutil.ignore_patterns("checkpoint.tmp"))
    return to


def find_in_log(folder, leaf):
    """(file, offset) of a leaf's bytes."""
    for name in sorted(os.listdir(folder)):
        if name.startswith("tail-"):
            with open(os.path.join(folder, name), "rb") as file:
                at = file.read().find(leaf)
            if at >= 0:
                return os.path.join(folder, name), at
    raise AssertionError("the leaf is not in the log's files")
