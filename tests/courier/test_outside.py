#!/usr/bin/env python3
"""velum-courier and strangers: a mail server and receivers of webhooks that behave, and ones that do not."""
import base64
import email
import email.policy
import hashlib
import hmac
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import support

KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
HANG_S = 30  # how long a server of the outside hangs
PASSWORD = "correct horse"
# What no server here may be reached by, should anybody look at the environment.
ENVIRONMENT = {"https_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "all_proxy": "socks5://127.0.0.1:9",
               "http_proxy": "http://127.0.0.1:9"}


class Mail(support.Case):
    def config_of(self, server, scheme="smtps", more="", host="localhost", ca=True):
        return self.config(
            channels=f"email: {{driver: smtp, url: '{scheme}://{host}:{server.port}', from: shop@example.com"
                     f"{f', ca-file: {self.ca}' if ca else ''}{more}}}",
            allow=f"- {{host: '{host}:{server.port}', private: true}}")

    def send(self, config, id_="a1", **members):
        members = {"channel": "email", "to": "wang@example.cn", "subject": "好久不见 & 欢迎回来",
                   "text": "王女士，您好。\n.\n退订请回复T", **members}
        self.gate.message(id_, **members)
        return self.run_once(config, **ENVIRONMENT)

    def test_a_letter_arrives_as_it_was_meant(self):
        server = self.mail()
        login = f", username: velum, password-file: {self.put('password', PASSWORD + chr(10))}"
        self.send(self.config_of(server, more=login))
        self.assertEqual(self.gate.kinds(), {"a1": "sent"})
        (sender, recipient, text), = server.letters
        self.assertEqual((sender.split(" ")[1], recipient), ("FROM:<shop@example.com>", "RCPT TO:<wang@example.cn>"))
        letter = email.message_from_string(text, policy=email.policy.default)
        self.assertEqual(letter["subject"], "好久不见 & 欢迎回来")
        self.assertEqual(letter["from"].addresses[0].display_name, "优选商店")
        self.assertEqual(letter["message-id"], "<a1@example.com>")
        self.assertEqual(letter.get_content(), "王女士，您好。\r\n.\r\n退订请回复T")
        self.assertEqual([base64.b64decode(one) for one in server.logins],
                         [b"\0velum\0" + PASSWORD.encode()])

    def test_starttls_is_required(self):
        server = self.mail(starttls=True)
        self.send(self.config_of(server, scheme="smtp"))
        self.assertEqual((self.gate.kinds(), len(server.letters)), ({"a1": "sent"}, 1))
        bare = self.mail(starttls=True, mode="no-starttls")
        self.send(self.config_of(bare, scheme="smtp"), "a2")
        self.assertEqual((self.gate.kinds()["a2"], self.outcome("a2")["note"]), ("failed", "tls"))
        self.assertEqual([c.split(" ")[0] for c in bare.commands if c.startswith(("MAIL", "AUTH"))], [])

    def test_without_tls_to_loopback_only(self):
        server = self.mail(tls=False)
        self.send(self.config_of(server, scheme="smtp", more=", plain: true", ca=False))
        self.assertEqual((self.gate.kinds(), len(server.letters)), ({"a1": "sent"}, 1))

    def test_a_certificate_of_nobody_known(self):
        server = self.mail()
        self.send(self.config_of(server, ca=False))
        self.assertEqual((self.gate.kinds(), server.letters), ({"a1": "failed"}, []))
        self.assertEqual(self.outcome("a1")["note"], "tls")

    def test_what_surely_did_not_arrive_and_what_may_have(self):
        for mode, kind, count in (("refuse-rcpt", "failed", 0), ("refuse-data", "failed", 0),
                                  ("drop-in-data", None, 0), ("drop-after-data", "unknown", 1),
                                  ("hang-after-data", "unknown", 1), ("hang-at-quit", "sent", 1)):
            with self.subTest(mode):
                server = self.mail(mode=mode)
                before = time.monotonic()
                self.send(self.config_of(server), mode)
                self.assertLess(time.monotonic() - before, HANG_S - 5)
                self.assertEqual(len(server.letters), count)
                if kind:
                    self.assertEqual(self.gate.kinds()[mode], kind, self.outcome(mode))
                else:  # a server that drops us in between may have read all of a small letter
                    self.assertIn(self.gate.kinds()[mode], ("failed", "unknown"))

    def test_nothing_of_a_message_becomes_a_header_or_a_command(self):
        server = self.mail()
        config = self.config_of(server)
        for index, members in enumerate(({"to": "a@b.cn>\r\nRCPT TO:<x@y.cn"}, {"subject": "a\r\nBcc: x@y.cn"},
                                         {"sender": "a\nX: y"}, {"to": "x@y.cn,z@y.cn"}, {"to": ""})):
            self.send(config, f"b{index}", **members)
            self.assertEqual(self.gate.kinds()[f"b{index}"], "failed")
        self.assertEqual(server.letters, [])


class Web(support.Case):
    def config_of(self, server, path="/ok", kind="hooks", host="localhost", private=True, scheme="https", more=""):
        url = f"'{scheme}://{host}:{server.port}{path}'"
        allow = f"- {{host: '{host}:{server.port}', private: true}}" if private else f"- '{host}:{server.port}'"
        if kind == "hooks":
            return self.config(hooks=f"crm: {{url: {url}, ca-file: {self.ca}{more}}}", allow=allow)
        secret = self.put("secret", SECRET + "\n")
        return self.config(channels=f"push: {{driver: webhook, url: {url}, ca-file: {self.ca}, secret-file: {secret}{more}}}",
                           allow=allow)

    def call(self, config, id_="c1", **members):
        self.gate.hook(id_, **members)
        return self.run_once(config, **ENVIRONMENT)

    def test_a_hook_goes_out_as_the_gate_made_it(self):
        server = self.web()
        body = '{"type":"consent.changed","data":{"subject":"R4MC","purpose":"直销"}}'
        self.call(self.config_of(server, "/ok?x=1"), body=body, signature="v1,abc+/=")
        (path, headers, sent), = server.posts
        self.assertEqual((path, sent.decode()), ("/ok?x=1", body))
        self.assertEqual({name: headers[name] for name in headers if name.startswith("webhook-")},
                         {"webhook-id": "c1", "webhook-timestamp": "1795262400", "webhook-signature": "v1,abc+/="})
        self.assertEqual(headers["content-type"], "application/json")
        two = f"v1,{'A' * 43}= v1,{'B' * 43}="  # while the receiver changes over
        self.call(self.config_of(server), "c2", signature=two)
        self.assertEqual(server.posts[-1][1]["webhook-signature"], two)
        self.assertEqual(self.outcome("c1"), {"outcome": "sent", "status": 204, "attempt": 1})

    def test_a_message_is_signed_with_the_secret_of_its_channel(self):
        server = self.web()
        self.gate.message("p1", channel="push", to="token of a phone", text="您好")
        self.run_once(self.config_of(server, kind="channels"))
        (_, headers, sent), = server.posts
        signed = f"p1.{headers['webhook-timestamp']}.".encode() + sent
        self.assertEqual(headers["webhook-signature"],
                         "v1," + base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode())
        data = json.loads(sent)
        self.assertEqual((data["type"], data["data"]["to"], data["data"]["text"]),
                         ("message.send", "token of a phone", "您好"))
        self.assertEqual(self.gate.kinds(), {"p1": "sent"})

    def test_answers_that_are_no_answer(self):
        other = self.web()
        server = self.web(redirect_to=f"https://127.0.0.1:{other.port}/ok")
        for path, kind, status in (("created", "sent", 201), ("no", "failed", 400), ("broken", "unknown", 500),
                                   ("redirect", "failed", 302), ("garbage", "unknown", 0), ("hang", "unknown", 0),
                                   ("silent", "unknown", 0), ("big", "sent", 200), ("drip", "unknown", 200)):
            with self.subTest(path):
                self.call(self.config_of(server, "/" + path), path)
                self.assertEqual(self.outcome(path), {"outcome": kind, "status": status, "attempt": 1})
        self.assertEqual(other.posts, [], "a redirect was followed")

    def test_a_receiver_that_hangs_holds_up_no_other(self):
        server = self.web()
        lines = "\n".join(f"{hook}: {{url: 'https://localhost:{server.port}/{path}', ca-file: {self.ca}}}"
                          for hook, path in (("slow", "hang"), ("good", "ok")))
        config = self.config(hooks=lines, allow=f"- {{host: 'localhost:{server.port}', private: true}}")
        for index in range(30):
            self.gate.hook(f"s{index}", hook="slow")
        for index in range(5):
            self.gate.hook(f"g{index}", hook="good")
        self.run_once(config, **ENVIRONMENT)
        told = self.gate.kinds()
        self.assertEqual([told.get(f"g{index}") for index in range(5)], ["sent"] * 5)
        self.assertEqual([kind for id_, kind in told.items() if id_[0] == "s"], ["unknown"] * 3)

    def test_a_name_that_leads_into_the_own_network(self):
        server = self.web()
        for host in ("localhost", "127.0.0.1"):
            self.call(self.config_of(server, host=host, private=False), f"in-{host.replace('.', '-')}")
        self.assertEqual(set(self.gate.kinds().values()), {"failed"})
        self.assertEqual(server.posts, [])

    def test_without_tls_to_loopback_only(self):
        server = self.web(tls=False)
        config = self.config_of(server, host="127.0.0.1", scheme="http", more=", plain: true")
        self.call(config)
        self.assertEqual((self.gate.kinds(), len(server.posts)), ({"c1": "sent"}, 1))

    def test_plain_never_leaves_the_machine(self):
        """An entry that is allowed to be private does not lead elsewhere without TLS."""
        self.gate.hook("c1")
        self.run_once(self.config(hooks="crm: {url: 'http://192.0.2.1:8080/', plain: true}",
                                  allow="- {host: '192.0.2.1:8080', private: true}"))
        self.assertEqual(self.gate.kinds(), {"c1": "failed"})

    def test_a_certificate_that_does_not_fit(self):
        server = self.web()
        no_ca = self.config(hooks=f"crm: {{url: 'https://localhost:{server.port}/ok'}}",
                            allow=f"- {{host: 'localhost:{server.port}', private: true}}")
        self.call(no_ca)
        self.assertEqual((self.gate.kinds(), server.posts), ({"c1": "failed"}, []))

    def test_nobody_there(self):
        server = self.web()
        config = self.config_of(server)
        server.stop()
        self.call(config)
        self.assertEqual(self.gate.kinds(), {"c1": "failed"})
        self.gate.gives_unasked = True
        self.call(config, "c2", hook="unheard-of")
        self.assertEqual(self.gate.kinds()["c2"], "failed")

    def test_a_header_cannot_be_made_from_what_the_gate_says(self):
        server = self.web()
        self.call(self.config_of(server), signature="v1,a\r\nX-Evil: 1")
        self.assertEqual((self.gate.kinds(), server.posts), ({"c1": "failed"}, []))


if __name__ == "__main__":
    support.main()
