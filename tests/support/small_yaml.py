"""The YAML that docs/openapi.yaml is written in, and no more: maps and lists by indentation, flow maps
and lists on one line, plain and single-quoted scalars, `>-`. What it does not know is an error, so
that no line is read as something else than a full YAML reader takes it for."""
import re

_PLAIN = re.compile(r"[^\s'\"{}\[\],&*!|>%@`#?:-][^{}\[\],#]*|-[^\s{}\[\],#][^{}\[\],#]*")


class YamlError(Exception):
    pass


def _scalar(text):
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if text in ("null", "~", "") or re.fullmatch(r"(?i)yes|no|on|off|[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", text):
        raise YamlError(f"say in quotes what {text!r} is")
    if ": " in text or text.endswith(":") or " #" in text:
        raise YamlError(f"{text!r} needs quotes")
    return text


class _Flow:
    def __init__(self, text):
        self.text = text
        self.at = 0

    def skip(self):
        while self.at < len(self.text) and self.text[self.at] == " ":
            self.at += 1

    def take(self, mark):
        self.skip()
        if not self.text.startswith(mark, self.at):
            return False
        self.at += len(mark)
        return True

    def quoted(self):
        parts = []
        while True:
            end = self.text.find("'", self.at)
            if end < 0:
                raise YamlError(f"an open quote: {self.text!r}")
            parts.append(self.text[self.at:end])
            self.at = end + 1
            if not self.text.startswith("'", self.at):
                return "".join(parts)
            parts.append("'")
            self.at += 1

    def key(self):
        if self.take("'"):
            return self.quoted()
        found = re.compile(r"[$A-Za-z_][\w$.-]*").match(self.text, self.at)
        if not found:
            raise YamlError(f"no key at {self.text[self.at:]!r}")
        self.at = found.end()
        return found[0]

    def value(self):
        if self.take("{"):
            return self.mapping()
        if self.take("["):
            return self.sequence()
        if self.take("'"):
            return self.quoted()
        self.skip()
        found = _PLAIN.match(self.text, self.at)
        if not found:
            raise YamlError(f"no value at {self.text[self.at:]!r}")
        self.at = found.end()
        return _scalar(found[0].strip())

    def mapping(self):
        made = {}
        while not self.take("}"):
            self.skip()
            name = self.key()
            if name in made or not self.take(":"):
                raise YamlError(f"{name!r} stands twice, or without a value")
            made[name] = self.value()
            if not self.take(","):
                if not self.take("}"):
                    raise YamlError(f"an open map: {self.text!r}")
                return made
        return made

    def sequence(self):
        made = []
        while not self.take("]"):
            made.append(self.value())
            if not self.take(","):
                if not self.take("]"):
                    raise YamlError(f"an open list: {self.text!r}")
                return made
        return made


def _one(text):
    """A value that fills the rest of a line."""
    if text[0] not in "{['":
        if text[0] in "\"&*!|>%@`#?}],":
            raise YamlError(f"no plain text: {text!r}")
        return _scalar(text)
    flow = _Flow(text)
    value = flow.value()
    if text[flow.at:].strip():
        raise YamlError(f"something stands behind: {text!r}")
    return value


class _Block:
    def __init__(self, text):
        self.lines = [line for line in text.split("\n") if line.strip() and not line.lstrip().startswith("#")]
        self.at = 0

    def indent(self):
        line = self.lines[self.at] if self.at < len(self.lines) else ""
        return len(line) - len(line.lstrip(" ")) if line else -1

    def value(self, indent):
        is_list = self.lines[self.at].lstrip().startswith("- ")
        return self.sequence(indent) if is_list else self.mapping(indent)

    def folded(self, indent):
        words = []
        while self.indent() > indent:
            words.append(self.lines[self.at].strip())
            self.at += 1
        return " ".join(words)

    def member(self, rest, indent):
        self.at += 1
        if rest == ">-":
            return self.folded(indent)
        if rest:
            return _one(rest)
        if self.indent() <= indent:
            raise YamlError(f"nothing under {self.lines[self.at - 1]!r}")
        return self.value(self.indent())

    def mapping(self, indent):
        made = {}
        while self.indent() == indent:
            found = re.fullmatch(r"('[^']*'|[^\s'\"{\[][^\s'\"]*):(?: (.*))?", self.lines[self.at].strip())
            if not found:
                raise YamlError(f"no member: {self.lines[self.at]!r}")
            name = found[1].strip("'")
            if name in made:
                raise YamlError(f"{name!r} stands twice")
            made[name] = self.member((found[2] or "").strip(), indent)
        if self.indent() > indent:
            raise YamlError(f"too far to the right: {self.lines[self.at]!r}")
        return made

    def sequence(self, indent):
        made = []
        while self.indent() == indent and self.lines[self.at].lstrip().startswith("- "):
            rest = self.lines[self.at].strip()[2:]
            if rest[0] in "{['" or not re.match(r"[\w$-]+:( |$)", rest):
                made.append(_one(rest))
                self.at += 1
            else:  # a map whose first member stands behind the dash
                self.lines[self.at] = " " * (indent + 2) + rest
                made.append(self.mapping(indent + 2))
        return made


def load(text):
    block = _Block(text)
    made = block.value(0)
    if block.at != len(block.lines):
        raise YamlError(f"not read: {block.lines[block.at]!r}")
    return made
