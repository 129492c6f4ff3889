"""libvelum as ctypes sees it: structs, functions, errors and the lives of handles."""
import ctypes
import os
import threading
from contextlib import contextmanager
from typing import Any, Callable, Iterator, List, Optional, Union

LIBRARY = "libvelum.so.0"
ERROR_TEXT_BYTES = 240
UNKNOWN_CONSTANT = -(2**31)

Text = Union[str, bytes]


class String(ctypes.Structure):
    """velum_string. The data is a plain address, so that looking at it copies nothing."""

    _fields_ = [("data", ctypes.c_void_p), ("size", ctypes.c_size_t)]


class ErrorStruct(ctypes.Structure):
    """velum_error"""

    _fields_ = [
        ("status", ctypes.c_int32),
        ("os_errno", ctypes.c_int32),
        ("text", ctypes.c_char * ERROR_TEXT_BYTES),
    ]


class GateOptions(ctypes.Structure):
    """velum_gate_options"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("folder", String),
        ("cache_bytes", ctypes.c_uint64),
        ("timeout_ms", ctypes.c_uint32),
        ("workers", ctypes.c_uint32),
        ("door", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
    ]


class Request(ctypes.Structure):
    """velum_request"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("verb", ctypes.c_uint32),
        ("auth", ctypes.c_uint32),
        ("credential", String),
        ("activity", String),
        ("ref", String),
        ("fields", String),
        ("body", String),
        ("caller_id", String),
        ("if_match", String),
    ]


class ModuleOptions(ctypes.Structure):
    """velum_module_options"""

    _fields_ = [
        ("size", ctypes.c_size_t),
        ("name", String),
        ("credential", String),
        ("activity", String),
        ("sha256", String),
    ]


_P = ctypes.c_void_p
_OUT = ctypes.POINTER(ctypes.c_void_p)
_ERR = ctypes.POINTER(ErrorStruct)
_U32 = ctypes.c_uint32
_I32 = ctypes.c_int32
_TEXT = ctypes.c_char_p

# name: (result, arguments)
_FUNCTIONS = {
    "velum_version": (_TEXT, []),
    "velum_constant": (_I32, [_TEXT]),
    "velum_status_name": (_TEXT, [_I32]),
    "velum_gate_open": (_I32, [ctypes.POINTER(GateOptions), _OUT, _ERR]),
    "velum_gate_door": (_U32, [_P]),
    "velum_gate_free": (None, [_P]),
    "velum_gate_call": (_I32, [_P, ctypes.POINTER(Request), _OUT, _ERR]),
    "velum_answer_status": (_I32, [_P]),
    "velum_answer_problem": (_TEXT, [_P]),
    "velum_answer_body": (String, [_P]),
    "velum_answer_free": (None, [_P]),
    "velum_module_open": (_I32, [_P, ctypes.POINTER(ModuleOptions), _OUT, _ERR]),
    "velum_module_free": (None, [_P]),
    "velum_module_descriptor": (_I32, [_P]),
    "velum_module_next": (_I32, [_P, _U32, _OUT, _ERR]),
    "velum_module_reply": (_I32, [_P, _P, _U32, _U32, _ERR]),
    "velum_module_call": (_I32, [_P, ctypes.POINTER(Request), _OUT, _ERR]),
    "velum_work_kind": (_U32, [_P]),
    "velum_work_name": (_TEXT, [_P]),
    "velum_work_ref": (_TEXT, [_P]),
    "velum_work_at": (_TEXT, [_P]),
    "velum_work_attempts": (_U32, [_P]),
    "velum_work_free": (None, [_P]),
}


class Error(Exception):
    """A call that has no answer. Its text is the library's and never holds personal data.

    `name` is the status's name ("locked", "not-found", "forked"), `status` its number, `os_errno` what
    the operating system said, or 0.
    """

    def __init__(self, status: int, text: str, os_errno: int = 0) -> None:
        super().__init__(text)
        self.status = status
        self.os_errno = os_errno

    @property
    def name(self) -> str:
        """The name of the status: "locked"."""
        return library().velum_status_name(self.status).decode("ascii")


class _Library:
    """The loaded library; its functions are attributes, declared when first used."""

    def __init__(self, path: str) -> None:
        self._loaded = ctypes.CDLL(path)

    def __getattr__(self, name: str) -> Any:
        try:
            function = getattr(self._loaded, name)
        except AttributeError:
            raise NotImplementedError(f"this libvelum has no {name}") from None
        function.restype, function.argtypes = _FUNCTIONS[name]
        setattr(self, name, function)
        return function


_library: Optional[_Library] = None
_library_lock = threading.Lock()


def library() -> Any:
    """libvelum: $VELUM_LIBRARY names its file, otherwise the loader finds it."""
    global _library
    if _library is None:
        with _library_lock:
            if _library is None:
                _library = _Library(os.environ.get("VELUM_LIBRARY") or LIBRARY)
    return _library


def version() -> str:
    """The version of the library that was loaded: "0.1.0"."""
    return library().velum_version().decode("ascii")


def constant(name: str) -> int:
    """The value of a public constant by its name: constant("VELUM_VERB_READ")."""
    value = library().velum_constant(name.encode("ascii", "replace"))
    if value == UNKNOWN_CONSTANT:
        raise KeyError("libvelum has no such constant")
    return value


def check(status: int, err: ErrorStruct) -> None:
    """Raises what a negative status means."""
    if status < 0:
        raise Error(status, err.text.decode("ascii", "replace"), err.os_errno)


class Strings:
    """Bytes that live as long as a call needs them, as velum_string."""

    def __init__(self) -> None:
        self._kept: List[bytes] = []

    def put(self, text: Text) -> String:
        """`text` as UTF-8, NUL bytes and all."""
        if isinstance(text, str):
            try:
                text = text.encode("utf-8")
            except UnicodeEncodeError:
                raise ValueError("a text has half of a surrogate pair") from None
        self._kept.append(text)
        return String(ctypes.cast(ctypes.c_char_p(text), ctypes.c_void_p), len(text))


class Handle:
    """A pointer of the library that several threads use, freed once and not under anybody's hands.

    In a child process after fork it is not the child's: the library says so (VELUM_E_FORKED), and
    closing leaves it alone.
    """

    def __init__(self, pointer: int, free: Callable[[int], None]) -> None:
        self._pointer: Optional[int] = pointer
        self._free = free
        self._users = 0
        self._changed = threading.Condition()
        self._pid = os.getpid()

    @contextmanager
    def used(self) -> Iterator[int]:
        """The pointer, for the time of a call."""
        if os.getpid() != self._pid:  # another thread of the parent may have had the lock
            yield self._checked()
            return
        with self._changed:
            pointer = self._checked()
            self._users += 1
        try:
            yield pointer
        finally:
            with self._changed:
                self._users -= 1
                self._changed.notify_all()

    def _checked(self) -> int:
        if self._pointer is None:
            raise ValueError("it is closed")
        return self._pointer

    def close(self) -> None:
        """Lets nobody in, waits for calls under way, frees."""
        if os.getpid() != self._pid:
            self._pointer = None
            return
        with self._changed:
            pointer, self._pointer = self._pointer, None
            while pointer is not None and self._users > 0:
                self._changed.wait()
        if pointer is not None:
            self._free(pointer)
