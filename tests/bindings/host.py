"""What tests of bindings share: a sample folder with two services and a customer, and where things are."""
import os
import sys

TOP = os.environ.get("VELUM_TOP", os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.path.abspath(os.environ.get("VELUM_BUILD", os.path.join(TOP, "build", "test")))
LIBRARY = os.path.join(BUILD, "libvelum.so.0")
PYTHON = os.path.join(TOP, "bindings", "python")
NODE = os.path.join(TOP, "bindings", "node")
LIMIT_S = 120

os.environ.update(VELUM_LIBRARY=LIBRARY, VELUM_BUILD=BUILD, PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=PYTHON)
sys.dont_write_bytecode = True
sys.path[:0] = [PYTHON, os.path.join(TOP, "tests", "gateway")]

from support import Folder, skip_without_products  # noqa: E402

CANARY = "canary-41c7-bindings"
MOBILE = "13800000001"
PERSON = {"identifiers": [{"type": "mobile", "value": MOBILE}],
          "profile": {"name": CANARY, "mobile": MOBILE, "city": "常州"}}


def skip_without_library():
    skip_without_products()
    if not os.path.exists(LIBRARY):
        print("skipped: a shared library is no place for a sanitiser")
        sys.exit(77)


class Shop(Folder):
    """A folder in which `write` may put and find a customer, `read` see one masked, `send` nobody."""

    def __init__(self):
        super().__init__(customers=0)
        self.write = self.credential("shop", "delivery", "order-fulfilment")
        self.read = self.credential("care", "customer_service", "customer-care")
        self.send = self.credential("mail", "marketing", "direct-marketing")

    def files(self):
        """Every file of the folder, as bytes."""
        for place, _, names in os.walk(self.path):
            for name in names:
                path = os.path.join(place, name)
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        yield name, file.read()

    def is_encrypted(self):
        """No database in plain SQLite, no customer in the clear."""
        seen = {name: data for name, data in self.files()}
        return (seen["vault.db"] != b"" and seen["keys.db"] != b"" and
                not any(b"SQLite format 3" in data or CANARY.encode() in data for data in seen.values()))
