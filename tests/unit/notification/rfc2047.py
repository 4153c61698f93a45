"""Reads the headers of a mail as RFC 5322 and RFC 2047 have them, and refuses what they do not allow."""

import re
from base64 import b64decode
from email.errors import MessageError

_WORD = re.compile(r"=\?(?P<charset>[A-Za-z0-9-]+)\?(?P<encoding>[BbQq])\?(?P<text>[!->@-~]+)\?=")
_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\[ -~])*)"')
_IN_A_NAME = re.compile(r"[A-Za-z0-9!*+/=_-]+")
LINE, HARD_LINE, WORD = 78, 998, 75


class NotAllowedError(MessageError):
    """The header is not as the RFCs want it."""


def headers(content: bytes) -> dict[str, str]:
    """The headers, unfolded; raises NotAllowedError."""
    found: dict[str, str] = {}
    name = ""
    for line in content.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        text = _checked(line)
        if text.startswith(" "):
            found[name] += text
            continue
        name, colon, value = text.partition(": ")
        if not colon or not value or name in found:
            raise NotAllowedError(text)
        found[name] = value
    return found


def _checked(line: bytes) -> str:
    """A line of printable ASCII, not blank; longer than `LINE` only where there is no place to fold it."""
    text = line.decode("ascii")
    if not text.strip() or not text.isprintable():
        raise NotAllowedError(text)
    if len(text) > HARD_LINE or (len(text) > LINE and " " in text.partition(": ")[2].strip()):
        raise NotAllowedError(text)
    return text


def text_of(value: str) -> str:
    """What an unstructured header says; raises NotAllowedError."""
    said, blank_before, word_before = "", "", False
    for token in re.split("( +)", value):
        if token.isspace():
            blank_before = token
            continue
        word = _WORD.fullmatch(token)
        if word is None and "=?" in token:
            raise NotAllowedError(token)
        said += "" if word and word_before else blank_before
        said += _decoded(word) if word else token
        word_before = word is not None
    return said


def correspondent_of(value: str) -> tuple[str, str]:
    """The name and the address of a header with one; raises NotAllowedError."""
    name, _, address = value.rpartition(" ")
    if not name:
        return "", address
    if not (address.startswith("<") and address.endswith(">")):
        raise NotAllowedError(value)
    quoted = _QUOTED.fullmatch(name)
    if quoted:
        return re.sub(r"\\(.)", r"\1", quoted[1]), address[1:-1]
    words = [_WORD.fullmatch(token) for token in name.split(" ")]
    if not all(word and _IN_A_NAME.fullmatch(word["text"]) for word in words):
        raise NotAllowedError(value)
    return "".join(_decoded(word) for word in words if word), address[1:-1]


def _decoded(word: re.Match[str]) -> str:
    """The characters of an encoded word, which are whole ones."""
    if len(word[0]) > WORD:
        raise NotAllowedError(word[0])
    text = word["text"]
    data = b64decode(text, validate=True) if word["encoding"] in "Bb" else _unquoted(text)
    if not data:
        raise NotAllowedError(word[0])
    return data.decode(word["charset"])


def _unquoted(text: str) -> bytes:
    parts = re.split("=([0-9A-F]{2})", text.replace("_", " "))
    if any("=" in part for part in parts[::2]):
        raise NotAllowedError(text)
    octets = [bytes([int(part, 16)]) if at % 2 else part.encode() for at, part in enumerate(parts)]
    return b"".join(octets)
