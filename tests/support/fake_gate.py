"""Stands where velumd stands: holds DIR/lock, answers on DIR/velum.sock (docs/formats/socket.md), gives out
messages and webhooks once each and remembers what became of them."""
import fcntl
import json
import os
import socket
import struct
import threading

MESSAGE_NEXT, MESSAGE_DONE, HOOK_NEXT, HOOK_DONE = 71, 72, 81, 82
F_OFD_SETLK = 37


def problem(name):
    return {"type": f"urn:velum:problem:{name}"}


class FakeGate:
    def __init__(self, folder):
        os.makedirs(folder, mode=0o700, exist_ok=True)
        self.folder = folder
        self.waiting = {MESSAGE_NEXT: [], HOOK_NEXT: []}
        self.taken = []
        self.outcomes = {}  # id → (outcome, the whole body)
        self.tokens = set()
        self.refuse = None  # (status, problem), of all calls
        self.gives_unasked = False  # hooks that were not named, too
        self.lose_reports = 0  # so many reports are taken and their answers lost
        self.guard = threading.Lock()
        self.calls = threading.Semaphore(0)
        self.lock = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.fcntl(self.lock, F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        path = os.path.join(folder, "velum.sock")
        if os.path.exists(path):
            os.unlink(path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        self.listener.listen(16)
        self.open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.guard:
            for one in self.open:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        os.close(self.lock)

    def message(self, id_, **members):
        self.waiting[MESSAGE_NEXT].append(
            {"id": id_, "channel": "sms", "to": "13800000001", "sender": "优选商店", "subject": "", "text": "您好",
             "language": "zh", "attempt": 1, **members})

    def hook(self, id_, hook="crm", body='{"type":"consent.changed"}', signature="v1,AAAA"):
        self.waiting[HOOK_NEXT].append({"id": id_, "hook": hook, "timestamp": 1795262400, "body": body,
                                        "signature": signature, "attempt": 1})

    def kinds(self):
        with self.guard:
            return {id_: what for id_, (what, _) in self.outcomes.items()}

    def lease_is_over(self):
        """What was taken and not answered for is unknown, and is never given out again (M-4)."""
        with self.guard:
            for id_ in self.taken:
                self.outcomes.setdefault(id_, ("unknown", None))

    def _accept(self):
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            with self.guard:
                self.open.append(one)
            threading.Thread(target=self._serve, args=(one,), daemon=True).start()

    def _serve(self, one):
        try:
            while True:
                head = self._read(one, 6)
                size, verb = struct.unpack(">IH", head)
                request = json.loads(self._read(one, size) or b"{}")
                answer = self._answer(verb, request)
                self.calls.release()
                if answer is None:
                    return
                status, body = answer
                payload = json.dumps(body).encode()
                one.sendall(struct.pack(">IH", len(payload), status) + payload)
        except (OSError, EOFError):
            pass
        finally:
            one.close()

    @staticmethod
    def _read(one, size):
        data = b""
        while len(data) < size:
            piece = one.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def _answer(self, verb, request):
        with self.guard:
            self.tokens.add(request.get("credential"))
            if self.refuse:
                return self.refuse[0], problem(self.refuse[1])
            if verb in self.waiting:
                limit, named = request["body"]["limit"], request["body"].get("hooks")
                given = [one for one in self.waiting[verb]
                         if named is None or one["hook"] in named or self.gives_unasked][:limit]
                self.waiting[verb] = [one for one in self.waiting[verb] if one not in given]
                self.taken += [one["id"] for one in given]
                return 200, {"messages" if verb == MESSAGE_NEXT else "hooks": given}
            if verb in (MESSAGE_DONE, HOOK_DONE):
                if request["ref"] not in self.taken:
                    return 404, problem("not-found")
                self.outcomes[request["ref"]] = (request["body"]["outcome"], request["body"])
                if self.lose_reports > 0:
                    self.lose_reports -= 1
                    return None
                return 200, {}
        return 400, problem("malformed-request")
