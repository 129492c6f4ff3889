"""The work queue of a module behind the gate (docs/modules.md)."""
import ctypes
import weakref
from typing import Any, Iterator, Optional, Union

from . import _abi
from ._abi import ErrorStruct, Handle, ModuleOptions, Strings, Text
from .gate import Answer, Gate, make_request

KINDS = {1: "timer", 2: "event"}  # VELUM_WORK_*, which are for ever
DONE, AGAIN = 1, 2


class Work:
    """One work: a timer that came due, or something that happened. Confined to one thread at a time.

    It is answered once, by `done` or `again`; without an answer it is given again when its lease (60 s)
    is over. So what is done about a work may be repeated.
    """

    __slots__ = ("_module", "_pointer", "_finalizer", "__weakref__")

    def __init__(self, module: "Module", pointer: int) -> None:
        self._module = module
        self._pointer: Optional[int] = pointer
        self._finalizer = weakref.finalize(self, _abi.library().velum_work_free, pointer)

    def _open(self) -> int:
        if self._pointer is None:
            raise ValueError("the work was answered or closed")
        return self._pointer

    @property
    def kind(self) -> str:
        """ "timer" or "event"; other words are of later versions and are to be passed over."""
        return KINDS.get(_abi.library().velum_work_kind(self._open()), "unknown")

    @property
    def name(self) -> str:
        """The timer's name, or the event's: "subject.erased", "consent.changed:PURPOSE"."""
        return _abi.library().velum_work_name(self._open()).decode("utf-8")

    @property
    def ref(self) -> str:
        """The customer's pseudonym in the module's domain."""
        return _abi.library().velum_work_ref(self._open()).decode("utf-8")

    @property
    def at(self) -> str:
        """RFC 3339 in UTC: when it happened, or for when the timer was set."""
        return _abi.library().velum_work_at(self._open()).decode("ascii")

    @property
    def attempts(self) -> int:
        """How often it was given, this time included."""
        return _abi.library().velum_work_attempts(self._open())

    def done(self) -> None:
        """It is over."""
        self._reply(DONE, 0)

    def again(self, after_ms: int = 0) -> None:
        """It is to be given again, after `after_ms` (0: longer with each attempt)."""
        self._reply(AGAIN, after_ms)

    def _reply(self, result: int, after_ms: int) -> None:
        pointer = self._open()
        err = ErrorStruct()
        with self._module._handle.used() as module:
            self._pointer = None  # the library takes it over, whatever comes back
            self._finalizer.detach()
            status = _abi.library().velum_module_reply(module, pointer, result, after_ms, ctypes.byref(err))
        _abi.check(status, err)

    def close(self) -> None:
        """Without an answer. Closing twice is allowed, and after an answer."""
        self._pointer = None
        self._finalizer()

    def __enter__(self) -> "Work":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Module:
    """Who works for a module that the policy declares. Any thread may call it.

    `token` is of the module's domain (none: this process's own uid), `activity` one that has the action
    `module`, `sha256` the hash of the declaration that the program was written for. Raises `Error`.
    It may be closed before or after its gate.
    """

    def __init__(self, gate: Gate, name: str, *, token: Text = b"", activity: str = "",
                 sha256: str = "") -> None:
        library = _abi.library()
        strings = Strings()
        options = ModuleOptions(size=ctypes.sizeof(ModuleOptions), name=strings.put(name),
                                credential=strings.put(token), activity=strings.put(activity),
                                sha256=strings.put(sha256))
        out = ctypes.c_void_p()
        err = ErrorStruct()
        with gate._handle.used() as pointer:
            status = library.velum_module_open(pointer, ctypes.byref(options), ctypes.byref(out),
                                               ctypes.byref(err))
        _abi.check(status, err)
        assert out.value is not None
        self._handle = Handle(out.value, library.velum_module_free)
        self._finalizer = weakref.finalize(self, self._handle.close)
        self._token = token

    def fileno(self) -> int:
        """A descriptor for select, poll and asyncio, readable when there may be work. Never read it."""
        with self._handle.used() as pointer:
            return _abi.library().velum_module_descriptor(pointer)

    def next(self, wait_ms: int = 0) -> Optional[Work]:
        """The next work, waiting at most `wait_ms` (at most 60000); None when nothing came."""
        out = ctypes.c_void_p()
        err = ErrorStruct()
        with self._handle.used() as pointer:
            status = _abi.library().velum_module_next(pointer, wait_ms, ctypes.byref(out), ctypes.byref(err))
        _abi.check(status, err)
        return None if out.value is None else Work(self, out.value)

    def works(self, wait_ms: int = 1000) -> Iterator[Work]:
        """Work after work, until none came for `wait_ms`."""
        work = self.next(wait_ms)
        while work is not None:
            yield work
            work = self.next(wait_ms)

    def call(self, verb: Union[str, int], **members: Any) -> Answer:
        """As `Gate.call`, with the module's credential and activity."""
        strings = Strings()
        request = make_request(strings, verb, self._token or None, members)
        out = ctypes.c_void_p()
        err = ErrorStruct()
        with self._handle.used() as pointer:
            status = _abi.library().velum_module_call(pointer, ctypes.byref(request), ctypes.byref(out),
                                                      ctypes.byref(err))
        _abi.check(status, err)
        assert out.value is not None
        return Answer(out.value)

    def close(self) -> None:
        """Works that were not answered are given again. Closing twice is allowed."""
        self._finalizer()

    def __enter__(self) -> "Module":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
