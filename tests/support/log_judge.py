"""What the log alone must say, leaf by leaf: no disclosure behind the withdrawal, the erasure or the
policy that forbade it (I-6, I-9), an approval used at most once, each change of a request a step of
its state machine (docs/formats/request.md). AssertionError names the first leaf that is wrong."""
from leaves import (CONSENT_STATE, DECISION, DENY, EVENT_ID, SUBJECT, TYPE, TYPE_CONSENT, TYPE_LOOKUP,
                    TYPE_READ)

STAGE, PURPOSE, POLICY, INPUTS, RELATED, REGISTRY_KIND, REGISTRY_NUMBER, REGISTRY_NAME, SUBJECTS = (
    3, 18, 35, 39, 45, 47, 48, 49, 50)
TOKEN_BYTES = 16
TYPE_REGISTRY, TYPE_POLICY, TYPE_APPROVAL, TYPE_REQUEST, TYPE_ERASURE = 3, 6, 11, 27, 28
TYPE_ROWS_READ, TYPE_ROWS, TYPE_MESSAGE, TYPE_HOOK = 34, 35, 41, 43
OF_MANY = (37, 38, 39, 40)  # filter, search, listing, bulk read
INTENT, OUTCOME = 2, 3
KIND_OF_PURPOSES = 2
GIVEN = 4

# Keys of inputs.
IN_PURPOSE, IN_OPERATION, IN_APPROVAL_STATE, IN_RIGHT, IN_STATE, IN_ACT, IN_DESTRUCTION = (
    13, 14, 21, 22, 23, 24, 28)
OPERATIONS_INTO_FORCE = (None, 11, 13)  # apply, activate, roll back
APPROVAL_USED = 4
DESTROY_PERSON = 1

STATES = {1: "open", 2: "in_progress", 3: "need_user_verification", 4: "cool_down", 5: "paused",
          6: "fulfilled", 7: "denied", 8: "revoked", 9: "expired"}
ENDED = ("fulfilled", "denied", "revoked", "expired")
GOING = ("open", "in_progress", "need_user_verification", "cool_down", "paused")
# act: (states before, states after); None: no such request yet. Some rights are done when they are taken,
# unless recipients have to hear of it.
STEPS = {1: ((None,) + ENDED, ("need_user_verification", "open", "in_progress", "fulfilled")),
         3: (("need_user_verification", "open"), ("open",)),
         4: (("open",), ("cool_down", "in_progress")),
         5: (GOING, ("denied",)),
         7: (("open", "in_progress"), ("fulfilled",)),
         10: (("open", "need_user_verification", "cool_down"), ("revoked",)),
         16: (("cool_down",), ("in_progress",)),
         18: (("in_progress",), ("fulfilled",))}


def tokens_of(body):
    """Everybody whom a leaf names."""
    many = bytes(body.get(SUBJECTS, b""))
    one = [bytes(body[SUBJECT])] if SUBJECT in body else []
    return one + [many[at:at + TOKEN_BYTES] for at in range(0, len(many), TOKEN_BYTES)]


class Judge:
    def __init__(self):
        self.count = 0
        self.purposes = {}     # number: name
        self.marketing = {}    # token: state of the consent
        self.erased = set()    # tokens
        self.unfinished = {}   # event id of an intent: token
        self.certificates = {}  # token: event ids of outcomes
        self.used = set()      # agreements that were used up
        self.requests = {}     # (token, right): state
        self.outside = set()   # event ids of messages' and webhooks' intents without an outcome
        self.chunk = None      # of the last leaf of many: (type, event id of the answer's first)
        self.policy = None     # hash of the bundle in force
        self.policies = 0
        self.tokens = {}       # event id of a read: token
        self.found = {"disclosed": 0, "denied": 0}

    def take(self, body):
        """The next leaf."""
        index, self.count = self.count, self.count + 1
        kind, inputs = body[TYPE], body.get(INPUTS, {})
        if kind == TYPE_REGISTRY and body[REGISTRY_KIND] == KIND_OF_PURPOSES:
            self.purposes[body[REGISTRY_NUMBER]] = bytes(body[REGISTRY_NAME]).decode()
        if body.get(DECISION) == DENY:
            self.found["denied"] += 1
            return
        steps = {TYPE_POLICY: self.policy_leaf, TYPE_ERASURE: self.erasure, TYPE_READ: self.read,
                 TYPE_LOOKUP: self.read, TYPE_CONSENT: self.consent, TYPE_REQUEST: self.request,
                 TYPE_ROWS_READ: self.read, TYPE_ROWS: self.rows, TYPE_MESSAGE: self.message,
                 TYPE_HOOK: self.hook} | dict.fromkeys(OF_MANY, self.read)
        if kind in steps:
            steps[kind](index, body, inputs)
        if inputs.get(IN_APPROVAL_STATE) == APPROVAL_USED and kind != TYPE_APPROVAL:
            if self.goes_on(body):
                return
            agreement = bytes(body[RELATED])
            assert agreement not in self.used, f"entry {index}: an approval is used again"
            self.used.add(agreement)

    def policy_leaf(self, index, body, inputs):
        del index
        if inputs.get(IN_OPERATION) in OPERATIONS_INTO_FORCE and POLICY in body:
            self.policy = bytes(body[POLICY])
            self.policies += 1

    def consent(self, index, body, inputs):
        del index
        if self.purposes.get(inputs.get(IN_PURPOSE)) == "direct-marketing":
            self.marketing[bytes(body[SUBJECT])] = body[CONSENT_STATE]

    def erasure(self, index, body, inputs):
        if body[STAGE] == INTENT:
            self.unfinished[bytes(body[EVENT_ID])] = bytes(body[SUBJECT])
            if inputs[IN_DESTRUCTION] == DESTROY_PERSON:
                self.erased.add(bytes(body[SUBJECT]))
        elif body[STAGE] == OUTCOME:
            token = self.unfinished.pop(bytes(body[RELATED]), None)
            assert token is not None, f"entry {index}: the end of an erasure that did not begin"
            self.certificates.setdefault(token, []).append(bytes(body[EVENT_ID]))

    def goes_on(self, body):
        """Whether a leaf names the next of many whom an earlier leaf of the same answer began to name."""
        return (body[TYPE], bytes(body.get(RELATED, b""))) == self.chunk

    def allowed(self, index, body, tokens):
        """Nobody who is erased, and for marketing nobody who did not agree."""
        is_marketing = self.purposes[body[PURPOSE]] == "direct-marketing"
        for token in tokens:
            assert token not in self.erased, f"entry {index}: behind the erasure"
            assert not is_marketing or self.marketing.get(token) == GIVEN, (
                f"entry {index}: behind the withdrawal")

    def read(self, index, body, inputs):
        """Of one, or of those whom a leaf of many names; what told nobody's data names nobody."""
        del inputs
        tokens = tokens_of(body)
        if SUBJECT in body:
            self.tokens[bytes(body[EVENT_ID])] = tokens[0]
        self.found["disclosed"] += len(tokens)
        self.allowed(index, body, tokens)
        assert self.policy in (None, bytes(body[POLICY])), f"entry {index}: by an earlier policy"
        if body[TYPE] in OF_MANY and not self.goes_on(body):
            self.chunk = (body[TYPE], bytes(body[EVENT_ID]))

    def rows(self, index, body, inputs):
        """Rows that were put, deleted or imported: of nobody who is erased."""
        del inputs
        if body[STAGE] != OUTCOME:
            self.allowed(index, body, tokens_of(body))

    def message(self, index, body, inputs):
        """Nothing goes out behind the withdrawal, and each outcome has its intent."""
        del inputs
        if body[STAGE] == INTENT:
            self.allowed(index, body, tokens_of(body))
        self.go_out(index, body)

    def hook(self, index, body, inputs):
        del inputs
        self.go_out(index, body)

    def go_out(self, index, body):
        if body[STAGE] == INTENT:
            self.outside.add(bytes(body[EVENT_ID]))
        elif body[STAGE] == OUTCOME:
            assert bytes(body[RELATED]) in self.outside, f"entry {index}: what did not begin ends"
            self.outside.remove(bytes(body[RELATED]))

    def request(self, index, body, inputs):
        step = STEPS.get(inputs[IN_ACT])
        if step is None or SUBJECT not in body:  # looked at, joined, noted
            return
        key = (bytes(body[SUBJECT]), inputs[IN_RIGHT])
        before, after = self.requests.get(key), STATES[inputs[IN_STATE]]
        assert before in step[0] and after in step[1], (
            f"entry {index}: act {inputs[IN_ACT]} leads from {before} to {after}")
        self.requests[key] = after
