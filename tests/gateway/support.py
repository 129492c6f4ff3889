"""A real velumd for tests: made, started, asked and stopped, always with a deadline."""
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("VELUM_BUILD", "build/test")
VELUMD = os.path.join(BUILD, "velumd")
VELUM = os.path.join(BUILD, "velum")
START_S = 120  # a sanitised build on a busy machine
STOP_S = 30


def skip_without_products():
    for program in (VELUMD, VELUM):
        if not os.access(program, os.X_OK):
            print(f"skipped: there is no {os.path.basename(program)} in this build")
            sys.exit(77)


def run(*arguments, check=True, timeout=300):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL)
    if check and done.returncode != 0:
        raise AssertionError(f"{arguments[1:4]} ended with {done.returncode}: {done.stderr[-400:]}")
    return done


class Folder:
    """A sample data folder with credentials, thrown away at the end."""

    def __init__(self, customers=50):
        self.top = tempfile.mkdtemp(prefix="velum-gateway.")
        self.path = os.path.join(self.top, "data")
        run(VELUM, "init", self.path, "--sample", "--customers", str(customers))

    def credential(self, name, role, activity, domain="shop"):
        """The token of a new service credential; the only long word that the command prints."""
        roles = ["--role", role] if role else []
        done = run(VELUM, "--data", self.path, "credential", "add", name, "--kind", "service",
                   *roles, "--activity", activity, "--domain", domain)
        words = re.findall(r"[A-Za-z0-9._~+/=-]{24,}", done.stdout)
        assert words, "the command printed no token"
        return max(words, key=len)

    def remove(self):
        shutil.rmtree(self.top, ignore_errors=True)


class Daemon:
    """velumd on a port of its own; use with `with`, or start and stop."""

    def __init__(self, folder, *arguments, listen="127.0.0.1:0"):
        self.log_path = os.path.join(folder.top, f"velumd-{time.monotonic_ns()}.log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [VELUMD, "--data", folder.path, "--listen", listen, *arguments],
                stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL)
        try:
            self.host, self.port = self._await_ready()
        except BaseException:
            self.stop()
            raise

    def _await_ready(self):
        deadline = time.monotonic() + START_S
        line = b""
        while not line.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise AssertionError("velumd was not ready in time")
            piece = os.read(self.process.stdout.fileno(), 4096)
            if not piece:
                raise AssertionError("velumd ended at its start: " + self.log()[-400:])
            line += piece
        found = re.fullmatch(rb"listening on http://(\S+):(\d+)\n", line)
        assert found, line
        return found[1].decode().strip("[]"), int(found[2])

    def log(self):
        with open(self.log_path, "rb") as log:
            return log.read().decode("utf-8", "replace")

    def stop(self, signal_number=signal.SIGTERM):
        """Ends it in order; the exit code, or None when it had to be killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_S)
            return None
        finally:
            self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def connect(self, timeout=20):
        return socket.create_connection((self.host, self.port), timeout=timeout)

    def ask(self, method, target, token=None, body=None, headers=()):
        """One request on a connection of its own."""
        with self.connect() as connection:
            connection.sendall(request(method, target, token, body, headers))
            return read_reply(connection, method)

    def send_raw(self, *pieces):
        """Each piece on a connection of its own; what comes back on each until the server closes."""
        connections = [self.connect(timeout=40) for _ in pieces]
        try:
            for connection, data in zip(connections, pieces):
                try:
                    connection.sendall(data)
                except OSError:
                    pass
            return [read_all(connection) for connection in connections]
        finally:
            for connection in connections:
                connection.close()


class Reply:
    def __init__(self, status, headers, body, raw):
        self.status = status
        self.headers = headers  # lower-case names
        self.body = body
        self.raw = raw

    def json(self):
        return json.loads(self.body)

    @property
    def problem(self):
        """The problem's name, or "" for a result."""
        if self.headers.get("content-type") != "application/problem+json":
            return ""
        return self.json()["type"].removeprefix("urn:velum:problem:")


def request(method, target, token=None, body=None, headers=()):
    lines = [f"{method} {target} HTTP/1.1", "Host: velum.test"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    if body is not None:
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if not any(h.lower().startswith("content-type:") for h in headers):
            lines.append("Content-Type: application/json")
        if not any(h.lower().startswith("transfer-encoding:") for h in headers):
            lines.append(f"Content-Length: {len(body)}")
    lines.extend(headers)
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def read_reply(connection, method="GET"):
    """One reply; the connection stays as it is. EOFError when it closes before."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise EOFError("closed before the reply's header ended")
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split(" ")[1])
    if status == 100:
        return read_reply(_Joined(rest, connection), method)
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        assert name.lower() not in headers, f"{name} came twice"
        headers[name.lower()] = value.strip()
    length = 0 if method == "HEAD" else int(headers.get("content-length", 0))
    while len(rest) < length:
        piece = connection.recv(65536)
        if not piece:
            raise EOFError("closed before the reply's body ended")
        rest += piece
    if len(rest) > length and hasattr(connection, "unread"):
        connection.unread(rest[length:])
        rest = rest[:length]
    return Reply(status, headers, rest[:length], head + b"\r\n\r\n" + rest)


class _Joined:
    """A connection with bytes in front that were read too far."""

    def __init__(self, ahead, connection):
        self.ahead = ahead
        self.connection = connection

    def recv(self, size):
        if self.ahead:
            piece, self.ahead = self.ahead, b""
            return piece
        return self.connection.recv(size)

    def unread(self, data):
        self.ahead = data + self.ahead


def pipelined(connection):
    return _Joined(b"", connection)


def read_all(connection, limit=1 << 20):
    data = b""
    try:
        while len(data) < limit:
            piece = connection.recv(65536)
            if not piece:
                break
            data += piece
    except OSError:
        pass
    return data
