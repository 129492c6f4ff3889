"""The gate of a data folder, and the answers that come from it."""
import ctypes
import json
import os
import weakref
from typing import Any, Dict, Iterable, Optional, Union

from . import _abi
from ._abi import Error, ErrorStruct, GateOptions, Handle, Request, String, Strings, Text

DOORS = ("any", "process", "socket")  # VELUM_DOOR_*, which are for ever

Body = Union[None, str, bytes, Dict[str, Any]]


class Refused(Exception):
    """The gate said no. Its text is the problem's name and status, nothing of the request or the person."""

    def __init__(self, problem: str, status: int) -> None:
        super().__init__(f"{problem} ({status})")
        self.problem = problem
        self.status = status


class Answer:
    """What a request came back with: a result, or a refusal. Confined to one thread at a time.

    Its bytes stay in the library and are wiped by `close` (or `with`, or the garbage collector). What
    `body` and `json` hand out are copies of Python's, which nobody wipes: ask for them when you need
    them. An answer may be closed before or after its gate.
    """

    __slots__ = ("_pointer", "_finalizer", "__weakref__")

    def __init__(self, pointer: int) -> None:
        self._pointer: Optional[int] = pointer
        self._finalizer = weakref.finalize(self, _abi.library().velum_answer_free, pointer)

    def _open(self) -> int:
        if self._pointer is None:
            raise ValueError("the answer is closed")
        return self._pointer

    @property
    def status(self) -> int:
        """200, or the HTTP status of the problem."""
        return _abi.library().velum_answer_status(self._open())

    @property
    def ok(self) -> bool:
        """Whether it is a result."""
        return self.status == 200

    @property
    def problem(self) -> str:
        """The problem's name ("consent-missing"), "" for a result."""
        return _abi.library().velum_answer_problem(self._open()).decode("ascii")

    def _string(self) -> String:
        return _abi.library().velum_answer_body(self._open())

    def __len__(self) -> int:
        """The size of the body in bytes."""
        return self._string().size

    def __bool__(self) -> bool:
        """As `ok`."""
        return self.ok

    def body(self) -> bytes:
        """A copy of the body: JSON, the result or an RFC 9457 problem."""
        string = self._string()
        return ctypes.string_at(string.data, string.size) if string.size else b""

    def copy_into(self, target: bytearray) -> int:
        """Copies the body to the beginning of memory that the caller can wipe; returns its size."""
        string = self._string()
        if string.size > len(target):
            raise ValueError("the memory is too small for the body")
        if string.size:
            ctypes.memmove((ctypes.c_char * len(target)).from_buffer(target), string.data, string.size)
        return string.size

    def json(self) -> Any:
        """The body as Python objects; of a refusal it is the problem document."""
        return json.loads(self.body())

    def result(self) -> Any:
        """As `json`, but a refusal is raised as `Refused`."""
        if not self.ok:
            raise Refused(self.problem, self.status)
        return self.json()

    def close(self) -> None:
        """Wipes and frees. Closing twice is allowed."""
        self._pointer = None
        self._finalizer()

    def __enter__(self) -> "Answer":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._pointer is None:
            return "<velum.Answer closed>"
        return f"<velum.Answer {self.status} {self.problem}".rstrip() + ">"


def _encode_body(body: Body) -> Text:
    if body is None:
        return b""
    if isinstance(body, (str, bytes)):
        return body
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def make_request(strings: Strings, verb: Union[str, int], token: Optional[Text],
                 members: Dict[str, Any]) -> Request:
    """A velum_request; `strings` has to live until the call is over."""
    unknown = set(members) - {"activity", "ref", "fields", "body", "caller_id", "if_match"}
    if unknown:
        raise TypeError("unknown member of a request")
    fields = members.get("fields", "")
    values = {**members, "fields": fields if isinstance(fields, (str, bytes)) else ",".join(fields),
              "body": _encode_body(members.get("body"))}
    request = Request(size=ctypes.sizeof(Request))
    request.verb = verb if isinstance(verb, int) else _abi.constant("VELUM_VERB_" + verb.upper())
    request.auth = _abi.constant("VELUM_AUTH_SELF" if token is None else "VELUM_AUTH_TOKEN")
    if token is not None:
        request.credential = strings.put(token)
    for name, value in values.items():
        if value:
            setattr(request, name, strings.put(value))
    return request


class Gate:
    """The gate of a data folder. Any thread may call it.

    `door` says how it is come to: "any" (in this process when the folder is free, else over the socket
    of the velumd that holds it), "process" or "socket". `timeout_ms` is when a request is answered
    "unavailable" (503; 0: 5000), `cache_bytes` and `workers` are of a gate in process (0: 256 MiB, 16).
    Raises `Error`, named "locked", "not-found", "denied", "unavailable" and so on.

    In a child process after fork every call raises `Error` named "forked"; the parent goes on.
    """

    def __init__(self, folder: "Union[str, bytes, os.PathLike[Any]]", *, door: str = "any",
                 timeout_ms: int = 0, cache_bytes: int = 0, workers: int = 0) -> None:
        if door not in DOORS:
            raise ValueError("door is any, process or socket")
        library = _abi.library()
        strings = Strings()
        options = GateOptions(size=ctypes.sizeof(GateOptions), folder=strings.put(os.fsencode(folder)),
                              cache_bytes=cache_bytes, timeout_ms=timeout_ms, workers=workers,
                              door=DOORS.index(door))
        out = ctypes.c_void_p()
        err = ErrorStruct()
        _abi.check(library.velum_gate_open(ctypes.byref(options), ctypes.byref(out), ctypes.byref(err)), err)
        assert out.value is not None
        self._handle = Handle(out.value, library.velum_gate_free)
        self._finalizer = weakref.finalize(self, self._handle.close)

    @property
    def door(self) -> str:
        """How this gate was come to: "process" or "socket"."""
        with self._handle.used() as pointer:
            return DOORS[_abi.library().velum_gate_door(pointer)]

    def call(self, verb: Union[str, int], *, token: Optional[Text] = None, **members: Any) -> Answer:
        """Runs one request and waits for its answer, which may be a refusal.

        `verb` is a verb's name ("READ": VELUM_VERB_READ of velum.h) or number; without `token` the
        caller is the person registered for this process's uid. The members are those of the request:
        `activity`, `ref`, `fields` ("a,b" or a list), `body` (JSON, or what becomes it), `caller_id`,
        `if_match`. Raises `Error` for a mistake in the call itself. Other threads run meanwhile.
        """
        strings = Strings()
        request = make_request(strings, verb, token, members)
        out = ctypes.c_void_p()
        err = ErrorStruct()
        with self._handle.used() as pointer:
            status = _abi.library().velum_gate_call(pointer, ctypes.byref(request), ctypes.byref(out),
                                                    ctypes.byref(err))
        _abi.check(status, err)
        assert out.value is not None
        return Answer(out.value)

    def read(self, ref: str, *, fields: Union[str, Iterable[str]] = (), token: Optional[Text] = None,
             **members: Any) -> Answer:
        """A customer's profile, as far as the decision allows, masked: {"fields": {…}, …}."""
        return self.call("READ", token=token, ref=ref, fields=fields, **members)

    def lookup(self, kind: str, value: str, *, token: Optional[Text] = None, **members: Any) -> Answer:
        """The pseudonym of whoever has an identifier, in the caller's domain: {"subject": …}."""
        body = {"identifier": {"type": kind, "value": value}}
        return self.call("LOOKUP", token=token, body=body, **members)

    def upsert(self, identifiers: Dict[str, str], profile: Dict[str, Any], *,
               token: Optional[Text] = None, **members: Any) -> Answer:
        """Puts a customer, found by any of the identifiers ({type: value}), and fields of the profile."""
        body = {"identifiers": [{"type": kind, "value": value} for kind, value in identifiers.items()],
                "profile": profile}
        return self.call("UPSERT", token=token, body=body, **members)

    def close(self) -> None:
        """Waits for calls under way. The folder is let go when the last answer is closed, too.

        Closing twice is allowed.
        """
        self._finalizer()

    def __enter__(self) -> "Gate":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


__all__ = ["Answer", "Error", "Gate", "Refused"]
