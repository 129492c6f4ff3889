#!/usr/bin/env python3
"""velumd over HTTP, end to end: what is asked wrongly is refused in the same few words, nobody can
make it fall over, and nothing that a caller sent comes back (I-5)."""
import asyncio
import json
import os
import resource
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from support import (STOP_S, VELUMD, Daemon, Folder, pipelined, read_all, read_reply,  # noqa: E402
                     request, run, skip_without_products)

CANARY = "Canary7Zq3xWv9"
READ = "/v1/subjects/{}?activity=customer-care"
LOOKUP = "/v1/subjects/lookup?activity=customer-care"
UPSERT = "/v1/subjects?activity=order-fulfilment"
folder = None
daemon = None
care = None  # may look up and read
orders = None  # may write


def setUpModule():
    global folder, daemon, care, orders
    folder = Folder()
    try:
        care = folder.credential("care", "customer_service", "customer-care")
        orders = folder.credential("orders", "delivery", "order-fulfilment")
        daemon = Daemon(folder)
    except BaseException:
        folder.remove()
        raise


def tearDownModule():
    try:
        code = daemon.stop()
        assert code == 0, f"velumd ended with {code}: {daemon.log()[-2000:]}"
    finally:
        folder.remove()


def lookup(index):
    body = {"identifier": {"type": "ext:sample", "value": str(index)}}
    reply = daemon.ask("POST", LOOKUP, care, body)
    assert reply.status == 200, reply.raw
    return reply.json()["subject"]


def an_adult():
    """The ref of a customer whom customer service may read (a minor's profile needs an approval)."""
    for index in range(50):
        ref = lookup(index)
        if daemon.ask("GET", READ.format(ref), care).status == 200:
            return ref
    raise AssertionError("no adult among the sample")


class Case(unittest.TestCase):
    def assertRefused(self, reply, status, name):
        self.assertEqual((reply.status, reply.problem), (status, name), reply.raw[-300:])
        self.assertEqual(reply.json()["status"], status)
        self.assertTrue(reply.json()["title"])
        self.assertGuarded(reply)

    def assertGuarded(self, reply):
        self.assertEqual(reply.headers["cache-control"], "no-store")
        self.assertEqual(reply.headers["x-content-type-options"], "nosniff")
        self.assertIn("default-src 'none'", reply.headers["content-security-policy"])
        self.assertNotIn("server", reply.headers)

    def assertAlive(self):
        self.assertEqual(daemon.ask("GET", "/healthz").status, 200)
        self.assertEqual(daemon.ask("GET", "/readyz").status, 200)


class Doors(Case):
    def test_health(self):
        for method in ("GET", "HEAD"):
            reply = daemon.ask(method, "/healthz")
            self.assertEqual(reply.status, 200)
            self.assertGuarded(reply)
        self.assertEqual(daemon.ask("GET", "/readyz").json(), {"status": "ready"})

    def test_a_profile_is_read_masked(self):
        reply = daemon.ask("GET", READ.format(an_adult()), care)
        self.assertEqual(reply.status, 200)
        self.assertEqual(reply.headers["content-type"], "application/json")
        self.assertGuarded(reply)
        self.assertIsInstance(reply.json(), dict)

    def test_fields_narrow_the_answer(self):
        ref = an_adult()
        everything = daemon.ask("GET", READ.format(ref), care)
        name = daemon.ask("GET", READ.format(ref) + "&fields=name", care)
        escaped = daemon.ask("GET", READ.format(ref) + "&fields=%6eame", care)
        self.assertEqual(name.status, 200)
        self.assertLess(len(name.body), len(everything.body))
        self.assertEqual(escaped.status, 200)

    def test_only_one_activity_needs_no_name(self):
        ref = an_adult()
        self.assertEqual(daemon.ask("GET", f"/v1/subjects/{ref}", care).status, 200)

    def test_without_a_token_nothing(self):
        for token in (None, "", "x", "a b", CANARY, "x" * 4096, "x" * 5000):
            reply = daemon.ask("GET", "/v1/me", token)
            self.assertRefused(reply, 401, "unauthenticated")
            self.assertEqual(reply.headers["www-authenticate"], "Bearer")
        for value in ("Basic dXNlcjpwYXNz", care, f"Token {care}"):
            reply = daemon.ask("GET", "/v1/me", headers=[f"Authorization: {value}"])
            self.assertRefused(reply, 401, "unauthenticated")

    def test_a_token_in_the_query_is_no_token(self):
        reply = daemon.ask("GET", f"/v1/me?access_token={care}")
        self.assertRefused(reply, 400, "malformed-request")

    def test_unknown_paths(self):
        for path in ("/", "/v1", "/v1/subjects/", "/v1/me/", "/v2/me", "/v1/subjects/a/b/c",
                     "/../etc/passwd", "/v1/%6de", "//v1/me", "/index.html"):
            self.assertRefused(daemon.ask("GET", path, care), 404, "unknown-path")

    def test_a_table_of_the_path_joins_the_body(self):
        ref = an_adult()
        for body in ("{}", "[]", " ", '{"table":"orders","key":"k"}', '{"key":"k"', "{,}"):
            reply = daemon.ask("POST", f"/v1/subjects/{ref}/orders", care, body.encode(),
                               ["Content-Type: application/json"])
            self.assertRefused(reply, 400, "malformed-request")
        for body in ('{"key":"k"}', ' \n{ "key" : "k" } '):
            reply = daemon.ask("POST", f"/v1/subjects/{ref}/nothing", care, body.encode(),
                               ["Content-Type: application/json"])
            self.assertIn((reply.status, reply.problem), ((403, "action-not-allowed"), (429, "rate-limited")))

    def test_wrong_methods(self):
        cases = (("DELETE", "/v1/me", "GET"), ("OPTIONS", "/v1/me", "GET"),
                 ("PUT", "/v1/subjects", "GET, POST"), ("GET", "/v1/subjects/lookup", "POST"),
                 ("PUT", "/v1/subjects/r/consents", "GET, POST"), ("TRACE", "/readyz", "GET"),
                 ("POST", "/healthz", "GET, HEAD"), ("PUT", "/v1/subjects/r", "GET, PATCH"),
                 ("HEAD", "/v1/me", "GET"), ("QWERTY", "/v1/me", "GET"))
        for method, path, allow in cases:
            reply = daemon.ask(method, path, care)
            self.assertEqual((reply.status, reply.headers["allow"]), (405, allow), (method, path))
            self.assertGuarded(reply)

    def test_doubtful_targets(self):
        for target in ("/v1/subjects/%", "/v1/subjects/%zz", "/v1/subjects/%00",
                       "/v1/subjects/%0d%0aX:1", "/v1/subjects/%ff", "/v1/subjects/a?x=1",
                       "/v1/subjects/a?activity=", "/v1/subjects/a?activity=1&activity=2",
                       "/v1/subjects/a?activity=1&", "/v1/subjects/a?activity=%00",
                       "/v1/subjects/a#b", "/v1/me?activity=a", "/healthz?x=1", "*"):
            self.assertRefused(daemon.ask("GET", target, care), 400, "malformed-request")

    def test_too_long(self):
        self.assertRefused(daemon.ask("GET", "/v1/subjects/" + "a" * 2048, care), 414,
                           "uri-too-long")
        padding = [f"X-Padding-{i}: {'p' * 1000}" for i in range(17)]
        self.assertRefused(daemon.ask("GET", "/v1/me", care, headers=padding), 431,
                           "header-too-large")
        self.assertEqual(daemon.ask("GET", "/v1/me", care,
                                    headers=[f"X-Padding: {'p' * 60000}"]).status, 431)
        self.assertAlive()

    def test_request_ids(self):
        good = daemon.ask("GET", "/healthz", headers=["X-Request-Id: " + "i" * 128])
        self.assertEqual(good.status, 200)
        for value in ("i" * 129, "a b", "", "\u00e9"):
            reply = daemon.ask("GET", "/v1/me", care, headers=[f"X-Request-Id: {value}"])
            self.assertRefused(reply, 400, "malformed-request")

    def test_absolute_form(self):
        target = f"http://velum.test:{daemon.port}/readyz"
        self.assertEqual(daemon.ask("GET", target).status, 200)


class Bodies(Case):
    def refuse(self, body, status=400, name="malformed-request", target=LOOKUP, headers=()):
        token = orders if target == UPSERT else care
        reply = daemon.ask("POST", target, token, body, headers)
        self.assertRefused(reply, status, name)

    def test_not_json(self):
        for body in (b"", b"{", b"nul", b"{}{}", b"'a'", b"\xff\xfe", b'{"a":"\xc3"}',
                     b'{"identifier":{"type":"email","value":"a\\u0000b"}}', b"\xef\xbb\xbf{}",
                     b'{"a":1,"a":2}', b'{"a":01}', b'{"a":NaN}', b'{"a":1e999}', b"{\"a\":1,}",
                     b'{"a":123456789012345678901234567890}', b"/**/{}", b"\0", b"\x1f\x8b\x08"):
            self.refuse(body)

    def test_deep(self):
        for depth in (17, 1000, 9000):
            self.refuse(b"[" * depth + b"]" * depth)
            self.refuse(b'{"a":' * depth + b"1" + b"}" * depth)
        self.assertAlive()

    def test_wrong_types(self):
        for body in ([], "text", 1, b"null", True, {}, {"identifier": None}, {"identifier": []},
                     {"identifier": "x"}, {"identifier": {}}, {"identifier": {"type": "email"}},
                     {"identifier": {"type": 1, "value": "x"}},
                     {"identifier": {"type": "email", "value": ["x"]}},
                     {"identifier": {"type": "email", "value": {}}}):
            self.refuse(body)
        for body in ({"identifiers": {}}, {"identifiers": []}, {"identifiers": [1], "profile": {}},
                     {"identifiers": [{"type": "ext:t", "value": "1"}] * 17, "profile": {}},
                     {"identifiers": [{"type": "ext:t", "value": "1"}], "profile": []}):
            self.refuse(body, target=UPSERT)

    def test_unknown_members(self):
        self.refuse({"identifier": {"type": "ext:sample", "value": "0"}, CANARY: 1})
        self.refuse({"identifier": {"type": "ext:sample", "value": "0", CANARY: 1}})
        self.refuse({"identifiers": [{"type": "ext:t", "value": "1"}], "profile": {}, CANARY: 1},
                    target=UPSERT)

    def test_media_types(self):
        for value in ("text/plain", "application/xml", "application/x-www-form-urlencoded",
                      "multipart/form-data; boundary=x", "application/json; charset=utf-16", ""):
            self.refuse(b"{}", 415, "unsupported-media-type", headers=[f"Content-Type: {value}"])
        self.refuse(b"{}", 415, "unsupported-media-type",
                    headers=["Content-Type: application/json", "Content-Encoding: gzip"])

    def test_too_large(self):
        value = "v" * (64 * 1024 - 60)
        fits = json.dumps({"identifier": {"type": "email", "value": value}}).encode()
        self.assertLessEqual(len(fits), 64 * 1024)
        self.assertNotEqual(daemon.ask("POST", LOOKUP, care, fits).status, 413)
        self.refuse(b" " * (64 * 1024 + 1), 413, "payload-too-large")
        self.refuse(b" " * (900 * 1024), 413, "payload-too-large")
        chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
        self.refuse(chunk * 17 + b"0\r\n\r\n", 413, "payload-too-large",
                    headers=["Transfer-Encoding: chunked"])

    def test_chunks_are_read(self):
        body = json.dumps({"identifier": {"type": "ext:sample", "value": "0"}}).encode()
        chunks = b"".join(b"1\r\n" + body[i:i + 1] + b"\r\n" for i in range(len(body)))
        reply = daemon.ask("POST", LOOKUP, care, chunks + b"0\r\n\r\n",
                           ["Transfer-Encoding: chunked"])
        self.assertEqual(reply.status, 200)

    def test_an_endless_body_is_cut(self):
        head = request("POST", LOOKUP, care, b"", ["Transfer-Encoding: chunked"])
        with daemon.connect() as connection:
            connection.sendall(head)
            sent = 0
            try:
                while sent < 64 << 20:
                    sent += connection.send(b"1000\r\n" + b" " * 4096 + b"\r\n")
            except OSError:
                pass
        self.assertLess(sent, 64 << 20)
        self.assertAlive()

    def test_a_body_where_none_belongs(self):
        reply = daemon.ask("GET", "/v1/me", care, b"{}")
        self.assertRefused(reply, 400, "malformed-request")

    def test_expecting_clients_are_refused_before_they_send(self):
        head = request("POST", "/nowhere", care, b"",
                       ["Expect: 100-continue"]).replace(b"Content-Length: 0", b"Content-Length: 9")
        with daemon.connect() as connection:
            connection.sendall(head)
            self.assertEqual(read_reply(connection).status, 404)


class Connections(Case):
    def test_ambiguous_framing_is_refused_and_closed(self):
        hidden = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
        cases = (["Content-Length: 5", "Transfer-Encoding: chunked"],
                 ["Content-Length: 5", "Content-Length: 5"],
                 ["Content-Length: 5", "Content-Length: 6"],
                 ["Transfer-Encoding: gzip, chunked"], ["Transfer-Encoding: identity"],
                 ["Content-Length: 05"])
        heads = ["\r\n".join(["POST " + LOOKUP + " HTTP/1.1", "Host: h", *fields, "", ""]).encode()
                 for fields in cases]
        answers = daemon.send_raw(*(head + b"0\r\n\r\n" + hidden for head in heads))
        for fields, data in zip(cases, answers):
            self.assertEqual(data.count(b"HTTP/1.1 "), data.count(b"HTTP/1.1 400"), fields)

    def test_what_is_not_http(self):
        strange = (b"\r\n", b"\0" * 100, b"GET\r\n\r\n", b"GET /\r\n\r\n", b"A" * 70000,
                   b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x55" * 200,
                   b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                   b"GET /healthz HTTP/1.1\r\n\r\n", b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
                   b"GET /healthz HTTP/1.1\r\nHost: h\r\nNo colon\r\n\r\n",
                   b"GET /v1/\0me HTTP/1.1\r\nHost: h\r\n\r\n")
        for data, answer in zip(strange, daemon.send_raw(*strange)):
            self.assertNotIn(b"HTTP/1.1 200", answer[:16], data[:40])
        self.assertAlive()

    def test_keep_alive_survives_refusals(self):
        with daemon.connect() as connection:
            for target, status in (("/nowhere", 404), ("/v1/me?x=1", 400), ("/healthz", 200),
                                   ("/v1/me", 401), ("/readyz", 200)):
                connection.sendall(request("GET", target))
                self.assertEqual(read_reply(connection).status, status)
            connection.sendall(request("POST", "/v1/subjects/lookup", None, b"{}"))
            self.assertEqual(read_reply(connection).status, 401)
            connection.sendall(request("GET", "/healthz"))
            self.assertEqual(read_reply(connection).status, 200)

    def test_pipelined_requests_are_answered_in_order(self):
        ref = an_adult()
        with daemon.connect() as connection:
            connection.sendall(request("GET", "/nowhere") +
                               request("GET", READ.format(ref), care) +
                               request("GET", "/healthz"))
            together = pipelined(connection)
            self.assertEqual([read_reply(together).status for _ in range(3)], [404, 200, 200])

    def test_half_closed_connections(self):
        """Who stops sending before the answer may lose it (libmicrohttpd takes it for gone), but is let
        go, at the latest when idle; and half a request is never answered."""
        whole = request("GET", READ.format(an_adult()), care)
        half = b"GET /healthz HTTP/1.1\r\nHos"
        held = [(daemon.connect(timeout=40), data) for data in (whole, half) * 10]
        try:
            for connection, data in held:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
            for connection, data in held:
                answer = read_all(connection)
                self.assertIn(answer[:12], (b"HTTP/1.1 200", b"") if data is whole else (b"",))
        finally:
            for connection, _ in held:
                connection.close()
        self.assertAlive()

    def test_clients_that_vanish(self):
        """Gone while the gate still works for them: noticed only when it answers."""
        data = request("GET", READ.format(an_adult()), care)
        for _ in range(200):
            connection = daemon.connect()
            connection.sendall(data)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        self.assertAlive()

    def test_slow_clients_are_let_go(self):
        """Nothing at all, half a request line, half a header, half a body: all at once."""
        body = request("POST", LOOKUP, care, b"", []).replace(b"Length: 0", b"Length: 50") + b"{"
        beginnings = (b"", b"GET /heal", b"GET /healthz HTTP/1.1\r\nHost: h\r\nX-A", body)
        slow = [daemon.connect(timeout=40) for _ in beginnings]
        try:
            for connection, data in zip(slow, beginnings):
                connection.sendall(data)
            for connection in slow:
                begin = time.monotonic()
                read_all(connection)
                self.assertLess(time.monotonic() - begin, 35)
        finally:
            for connection in slow:
                connection.close()
        self.assertAlive()

    def test_two_hundred_clients_at_once(self):
        data = request("GET", READ.format(an_adult()), care)

        async def client():
            reader, writer = await asyncio.open_connection(daemon.host, daemon.port)
            try:
                for _ in range(10):
                    writer.write(data)
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = int(head.lower().split(b"content-length:")[1].split(b"\r")[0])
                    await reader.readexactly(length)
                    if not head.startswith(b"HTTP/1.1 200"):
                        return head
                return b""
            finally:
                writer.close()

        async def all_clients():
            return await asyncio.wait_for(asyncio.gather(*(client() for _ in range(200))), 120)

        self.assertEqual(set(asyncio.run(all_clients())), {b""})

    def test_more_connections_than_allowed(self):
        """Beyond 1024 new ones are closed; those inside go on, and afterwards all is as before."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard < 2048:
            self.skipTest("not enough descriptors for so many connections")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
        held = []
        try:
            for _ in range(1500):
                held.append(daemon.connect())
            for connection in held[:200]:
                connection.sendall(request("GET", "/healthz"))
            for connection in held[:200]:
                self.assertEqual(read_reply(connection).status, 200)
            self.assertEqual(held[-1].recv(1), b"")
        finally:
            for connection in held:
                connection.close()
        self.assertAllAreServedAgain()

    def assertAllAreServedAgain(self):
        """Several connections in a row, so that every thread has had its turn."""
        deadline = time.monotonic() + 30
        served = 0
        while served < 8:
            try:
                self.assertAlive()
                served += 1
            except (OSError, EOFError):
                self.assertLess(time.monotonic(), deadline, "connections are not given back")
                time.sleep(0.05)


class Secrecy(Case):
    def test_nothing_of_the_caller_comes_back(self):
        """Planted in the path, the query, each header and the body; sought in replies and log."""
        body = {"identifier": {"type": "email", "value": f"{CANARY}@example.org"}}
        tries = [("GET", f"/{CANARY}", {}), ("GET", f"/v1/subjects/{CANARY}?activity={CANARY}", {}),
                 (CANARY.upper(), "/v1/me", {}), ("GET", f"/v1/me?{CANARY}=1", {}),
                 ("GET", READ.format(CANARY), {"token": care}),
                 ("GET", READ.format(lookup(0)) + f"&fields={CANARY}", {"token": care}),
                 ("GET", READ.format(lookup(0)).replace("customer-care", CANARY), {"token": care}),
                 ("GET", "/v1/me", {"token": CANARY}),
                 ("GET", READ.format(lookup(1)), {"token": care,
                                                  "headers": [f"X-Request-Id: {CANARY}",
                                                              f"User-Agent: {CANARY}"]}),
                 ("POST", LOOKUP, {"token": care, "body": body}),
                 ("POST", LOOKUP, {"token": care, "body": {CANARY: CANARY}}),
                 ("POST", LOOKUP, {"token": care, "body": f'{{"{CANARY}'.encode()}),
                 ("POST", LOOKUP, {"token": care, "body": {"identifier": {"type": CANARY,
                                                                          "value": CANARY}}}),
                 ("POST", LOOKUP, {"token": care, "body": b"{}",
                                   "headers": [f"Content-Type: {CANARY}"]}),
                 ("POST", UPSERT, {"token": orders, "body": {
                     "identifiers": [{"type": "ext:t", "value": "1"}], "profile": {CANARY: "x"}}})]
        for method, target, rest in tries:
            reply = daemon.ask(method, target, **rest)
            self.assertNotIn(CANARY.lower().encode(), reply.raw.lower(), (method, target))
        raw = (f"{CANARY}\r\n\r\n", f"GET / {CANARY}\r\n\r\n",
               f"GET /healthz HTTP/1.1\r\nHost: h\r\n{CANARY}\r\n\r\n")
        for answer in daemon.send_raw(*(data.encode() for data in raw)):
            self.assertNotIn(CANARY.encode(), answer)
        self.assertNotIn(CANARY.lower(), daemon.log().lower())

    def test_tokens_and_profiles_are_not_logged(self):
        reply = daemon.ask("GET", READ.format(an_adult()), care)
        self.assertEqual(reply.status, 200)
        self.assertNotIn(care, daemon.log())
        self.assertNotIn("/v1/", daemon.log())

    def test_no_core_dumps(self):
        try:
            with open(f"/proc/{daemon.process.pid}/limits", encoding="ascii") as limits:
                cores = [line.split()[4:6] for line in limits if line.startswith("Max core file")]
        except PermissionError:
            self.skipTest("the limits of another process cannot be read here")
        self.assertEqual(cores, [["0", "0"]])


class Life(Case):
    """Starting and stopping; a folder of its own, since one folder has one velumd."""

    @classmethod
    def setUpClass(cls):
        cls.folder = Folder(customers=5)
        cls.token = cls.folder.credential("care", "customer_service", "customer-care")

    @classmethod
    def tearDownClass(cls):
        cls.folder.remove()

    def test_ends_in_order_under_load(self):
        for signals in ((signal.SIGTERM,), (signal.SIGINT, signal.SIGTERM, signal.SIGTERM)):
            self.end_under_load(signals)

    def end_under_load(self, signals):
        server = Daemon(self.folder)
        stop = threading.Event()
        seen = []
        data = request("POST", LOOKUP, self.token,
                       {"identifier": {"type": "ext:sample", "value": "1"}})

        def client():
            while not stop.is_set():
                try:
                    with socket.create_connection((server.host, server.port), 10) as connection:
                        while not stop.is_set():
                            connection.sendall(data)
                            reply = read_reply(connection)
                            seen.append(reply.status)
                            if reply.headers.get("connection", "").lower() == "close":
                                break
                except (OSError, EOFError):
                    if server.process.poll() is not None:
                        return

        clients = [threading.Thread(target=client, daemon=True) for _ in range(16)]
        try:
            for thread in clients:
                thread.start()
            deadline = time.monotonic() + 60
            while len(seen) < 200:
                self.assertLess(time.monotonic(), deadline, "the load does not begin")
                time.sleep(0.01)
            begin = time.monotonic()
            for number in signals:
                server.process.send_signal(number)
            self.assertEqual(server.process.wait(STOP_S), 0, server.log()[-2000:])
            self.assertLess(time.monotonic() - begin, 20)
        finally:
            stop.set()
            server.stop()
            for thread in clients:
                thread.join(STOP_S)
        self.assertLessEqual(set(seen), {200, 503})

    def test_starts_again_where_it_ended(self):
        for _ in range(3):
            with Daemon(self.folder) as server:
                body = {"identifier": {"type": "ext:sample", "value": "1"}}
                self.assertEqual(server.ask("POST", LOOKUP, self.token, body).status, 200)
                self.assertEqual(server.stop(), 0)

    def test_the_folder_and_the_port_have_one_owner(self):
        with Daemon(self.folder) as server:
            second = run(VELUMD, "--data", self.folder.path, "--listen", "127.0.0.1:0", check=False)
            self.assertEqual((second.returncode, second.stdout), (1, ""))
            same_port = run(VELUMD, "--data", self.folder.path, "--listen",
                            f"127.0.0.1:{server.port}", check=False)
            self.assertEqual(same_port.returncode, 1)
            self.assertEqual(server.ask("GET", "/readyz").status, 200)

    def test_ipv6_loopback(self):
        try:
            with socket.socket(socket.AF_INET6) as probe:
                probe.bind(("::1", 0))
        except OSError:
            self.skipTest("there is no ::1 here")
        with Daemon(self.folder, listen="[::1]:0") as server:
            self.assertEqual(server.ask("GET", "/readyz").status, 200)

    def test_called_wrongly(self):
        empty = tempfile.mkdtemp(dir=self.folder.top)
        for arguments, code, word in (
                (["--help"], 0, "--behind-proxy"), (["--version"], 0, "velumd "),
                ([], 2, "--data"), (["--data"], 2, ""), (["--nonsense"], 2, ""),
                (["--data", empty, "extra"], 2, ""),
                (["--data", empty, "--listen", "8080"], 2, "ADDR:PORT"),
                (["--data", empty, "--listen", "0.0.0.0:0"], 2, "--behind-proxy"),
                (["--data", empty, "--listen", "[::]:0"], 2, "--behind-proxy"),
                (["--data", empty, "--listen", "127.0.0.1:0"], 1, ""),
                (["--data", empty, "--listen", "0.0.0.0:0", "--behind-proxy"], 1, ""),
                (["--data", os.path.join(empty, "none"), "--listen", "127.0.0.1:0"], 1, "")):
            done = run(VELUMD, *arguments, check=False, timeout=60)
            self.assertEqual(done.returncode, code, arguments)
            self.assertIn(word, done.stdout + done.stderr)
            self.assertNotIn("listening on http://1", done.stdout)


if __name__ == "__main__":
    skip_without_products()
    unittest.main(verbosity=0)
