"""Servers of the outside, on loopback: a mail server and a web server, with a throw-away authority; each can
misbehave in the ways that a stranger does."""
import http.server
import os
import socket
import ssl
import subprocess
import threading
import time


def make_authority(folder):
    """ca.pem, and server.pem for localhost and 127.0.0.1, signed by it."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True, timeout=60)

    with open(os.path.join(folder, "names"), "w", encoding="ascii") as file:
        file.write("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=Test authority", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
            "-keyout", "server.key", "-out", "server.csr")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names", "-out", "server.crt")
    with open(os.path.join(folder, "server.pem"), "w", encoding="ascii") as out:
        for name in ("server.key", "server.crt"):
            with open(os.path.join(folder, name), encoding="ascii") as file:
                out.write(file.read())
    return os.path.join(folder, "ca.pem")


def server_context(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "server.pem"))
    return context


class MailServer:
    """SMTP (RFC 5321) as far as a submission goes. `mode`: take, refuse-rcpt, refuse-data, drop-after-data,
    hang-after-data, hang-at-quit, drop-in-data, no-starttls."""

    def __init__(self, context=None, mode="take", starttls=False):
        self.context, self.mode, self.starttls = context, mode, starttls
        self.letters = []  # (from, to, text)
        self.logins = []
        self.commands = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.stopped = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.stopped.set()
        self.listener.close()

    def _accept(self):
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(one,), daemon=True).start()

    def _serve(self, one):
        one.settimeout(30)
        try:
            if self.context and not self.starttls:
                one = self.context.wrap_socket(one, server_side=True)
            self._talk(one)
        except (OSError, ValueError):
            pass
        finally:
            one.close()

    def _talk(self, one):
        lines = one.makefile("rb")
        say = lambda text: one.sendall(text.encode() + b"\r\n")
        sender = recipient = None
        is_encrypted = self.context is not None and not self.starttls
        say("220 test ESMTP")
        while True:
            line = lines.readline()
            if not line:
                return
            words = line.decode("ascii").strip()
            self.commands.append(words)
            verb = words.split(" ")[0].upper()
            if verb == "EHLO":
                offers = ["test"] + (["STARTTLS"] if self.starttls and not is_encrypted and
                                     self.mode != "no-starttls" else []) + (["AUTH PLAIN"] if is_encrypted else [])
                for offer in offers[:-1]:
                    say(f"250-{offer}")
                say(f"250 {offers[-1]}")
            elif verb == "STARTTLS":
                say("220 go on")
                one = self.context.wrap_socket(one, server_side=True)
                lines, is_encrypted = one.makefile("rb"), True
                say = lambda text, to=one: to.sendall(text.encode() + b"\r\n")
            elif verb == "AUTH":
                if len(words.split(" ")) == 2:
                    say("334 ")
                    words = lines.readline().decode().strip()
                self.logins.append(words.split(" ")[-1])
                say("235 welcome")
            elif verb == "MAIL":
                sender = words
                say("250 ok")
            elif verb == "RCPT":
                recipient = words
                say("550 nobody" if self.mode == "refuse-rcpt" else "250 ok")
            elif verb == "DATA":
                say("354 go on")
                if self.mode == "drop-in-data":
                    one.shutdown(socket.SHUT_RDWR)
                    return
                text = b""
                while True:
                    piece = lines.readline()
                    if not piece or piece == b".\r\n":
                        break
                    text += piece
                if self.mode == "refuse-data":
                    say("554 no")
                    continue
                self.letters.append((sender, recipient, text.decode("ascii")))
                if self.mode == "drop-after-data":
                    return
                if self.mode == "hang-after-data":
                    self.stopped.wait(30)
                    return
                say("250 taken")
            elif verb == "QUIT":
                if self.mode == "hang-at-quit":
                    self.stopped.wait(30)
                say("221 bye")
                return
            else:
                say("500 what")


class WebServer:
    """Every POST is remembered; its path says how it is answered: /ok /created /no /broken /redirect /garbage
    /hang /big /drip /silent."""

    def __init__(self, context=None, redirect_to=None):
        outer = self
        self.posts = []  # (path, headers in lower case, body)
        self.redirect_to = redirect_to
        self.stopped = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                outer.posts.append((self.path, {n.lower(): v for n, v in self.headers.items()}, body))
                getattr(self, "on_" + self.path.strip("/").split("?")[0])()

            def do_GET(self):
                outer.posts.append(("GET " + self.path, {}, b""))
                self.reply(200)

            def reply(self, status, body=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def on_ok(self):
                self.reply(204)

            def on_created(self):
                self.reply(201, b"x" * 1000)

            def on_no(self):
                self.reply(400, b"what the customer said")

            def on_broken(self):
                self.reply(500)

            def on_redirect(self):
                self.reply(302, Location=outer.redirect_to)

            def on_garbage(self):
                self.wfile.write(b"\x00\xff what is this\r\n\r\n" * 10)
                self.close_connection = True

            def on_hang(self):
                outer.stopped.wait(30)

            def on_silent(self):
                self.close_connection = True

            def on_big(self):
                self.send_response(200)
                self.send_header("Content-Length", str(1 << 30))
                self.end_headers()
                try:
                    while not outer.stopped.is_set():
                        self.wfile.write(b"x" * 65536)
                except OSError:
                    self.close_connection = True

            def on_drip(self):
                self.send_response(200)
                self.send_header("Content-Length", "100000")
                self.end_headers()
                try:
                    while not outer.stopped.is_set():
                        self.wfile.write(b"x")
                        time.sleep(0.05)
                except OSError:
                    self.close_connection = True

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()
