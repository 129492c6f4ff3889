"""Velum in a Python program: personal data behind a gate.

    import velum

    with velum.Gate("/var/lib/velum") as gate:
        with gate.read(ref, token=token) as answer:
            if answer.ok:
                profile = answer.json()["fields"]
            else:
                print(answer.problem)  # "consent-missing"

A thin layer of ctypes over libvelum, found at $VELUM_LIBRARY or by the loader. Nothing to build.
"""
from ._abi import Error, constant, version
from .gate import Answer, Gate, Refused
from .module import Module, Work

__all__ = ["Answer", "Error", "Gate", "Module", "Refused", "Work", "constant", "version"]
__version__ = "0.1.0"
