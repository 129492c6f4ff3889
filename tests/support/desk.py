"""An officer's connection to DIR/velum.sock, read from docs/formats/socket.md: what `velum` does by a
process of its own each time, here for a load of many acts. Without a token the caller is the person
registered for our uid."""
import json
import os
import socket
import struct

from velum_test import Reply

# include/velum/velum.h, admin.h
APPROVAL_DECIDE = 17
POLICY_APPLY, AUDIT_LOG = 24, 27
SUBJECT_HOLD, CREDENTIAL_ROTATE = 36, 33
REQUEST_SHOW, REQUEST_DECIDE, SUBJECT_ERASE, CERTIFICATE = 51, 52, 53, 54
MESSAGE_LIST, HOOK_LIST = 75, 90
MODULE_NEXT, MODULE_REPLY, MODULE_TIMER = 77, 78, 79
POLICY_PROPOSE, POLICY_ACTIVATE, POLICY_ROLLBACK, POLICY_LIST = 55, 56, 57, 58

PROBLEM = b'{"type":"urn:velum:problem:'
MORE = 0x8000


class Desk:
    """A kept connection, for one thread; what breaks is a ConnectionError, as over HTTP."""

    def __init__(self, data, timeout=30):
        self.folder = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(f"/proc/self/fd/{self.folder}/velum.sock")
        except OSError:
            self.close()
            raise

    def close(self):
        self.socket.close()
        if self.folder is not None:
            os.close(self.folder)
            self.folder = None

    def ask(self, verb, ref=None, body=None, token=None, activity=None):
        sent = {"ref": ref, "body": body, "credential": token, "activity": activity}
        data = json.dumps({k: v for k, v in sent.items() if v is not None}).encode()
        self.socket.sendall(struct.pack(">IH", len(data), verb) + data)
        whole, more = b"", True
        while more:
            size, code = struct.unpack(">IH", self._receive(6))
            whole += self._receive(size)
            more = code & MORE
        kind = "application/problem+json" if whole.startswith(PROBLEM) else "application/json"
        return Reply(code & ~MORE, {"content-type": kind}, whole)

    def _receive(self, size):
        got = b""
        while len(got) < size:
            piece = self.socket.recv(size - len(got))
            if not piece:
                raise ConnectionError("velumd went away")
            got += piece
        return got
