"""The audit log's files, read from docs/formats/tail.md and leaf.md alone: nothing of the code under
test is used, and nothing is judged. Accepts whole batches from the start; what follows is `torn`."""
import os

HEADER = 32
FRAME = 8
TRAILER = 44
LEAF_HEADER = 60

# Members of a leaf's body that tests look at.
EVENT_ID, TYPE, OUTBOX_SEQ, AT, SUBJECT, CONSENT_ID = 1, 2, 4, 5, 14, 21
CONSENT_STATE, DECISION, REASON, REPEATED = 24, 34, 37, 43
TYPE_RECOVERY, TYPE_CLOCK, TYPE_READ, TYPE_LOOKUP, TYPE_UPSERT = 2, 5, 20, 21, 22
TYPE_CONSENT = 24
ALLOW, PARTIAL, DENY = 1, 2, 3


def _item(data, at):
    """One CBOR item of the kinds that leaves have."""
    major, info = data[at] >> 5, data[at] & 31
    at += 1
    if info < 24:
        number = info
    else:
        width = 1 << (info - 24)
        number = int.from_bytes(data[at:at + width], "big")
        at += width
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    if major in (2, 3):
        return data[at:at + number], at + number
    if major == 4:
        items = []
        for _ in range(number):
            item, at = _item(data, at)
            items.append(item)
        return items, at
    assert major == 5, f"CBOR major type {major}"
    members = {}
    for _ in range(number):
        key, at = _item(data, at)
        members[key], at = _item(data, at)
    return members, at


def body_of(leaf):
    body, end = _item(leaf, LEAF_HEADER)
    assert end == len(leaf), "bytes behind the body"
    return body


def _batches(data, at):
    """(leaves, end) of each whole batch from `at`."""
    while data[at:at + 8] == b"VELUMBA\x01":
        count = int.from_bytes(data[at + 16:at + 20], "big")
        size = int.from_bytes(data[at + 20:at + 24], "big")
        end = at + (HEADER + size + TRAILER + 63) // 64 * 64
        frames, leaves = at + HEADER, []
        for _ in range(count):
            length = int.from_bytes(data[frames:frames + 4], "big")
            leaves.append(bytes(data[frames + FRAME:frames + FRAME + length]))
            frames += FRAME + length
        trailer = data[frames:frames + TRAILER]
        if frames != at + HEADER + size or len(trailer) != TRAILER or trailer[40:] == b"\0" * 4:
            return
        yield leaves, end
        at = end


class Log:
    """Reads on from where it stopped, so that a growing log is parsed once."""

    def __init__(self, folder):
        self.folder = folder
        self.leaves = []
        self.positions = {}

    def read_on(self):
        """The bodies of the leaves that are new since the last time."""
        fresh = []
        for name in sorted(os.listdir(self.folder)):
            if not name.startswith("tail-"):
                continue
            with open(os.path.join(self.folder, name), "rb") as file:
                at = self.positions.get(name, 0)
                file.seek(at)
                data = file.read()
            base = at
            for leaves, end in _batches(data, 0):
                for leaf in leaves:
                    index = int.from_bytes(leaf[20:28], "big")
                    assert index == len(self.leaves), f"leaf {index} stands at {len(self.leaves)}"
                    body = body_of(leaf)
                    self.leaves.append(body)
                    fresh.append(body)
                at = base + end
            self.positions[name] = at
        return fresh

    def of_type(self, kind):
        return [leaf for leaf in self.leaves if leaf.get(TYPE) == kind]
