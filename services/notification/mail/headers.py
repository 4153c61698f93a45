"""Header lines of a mail: what is written in them can neither end them nor be taken for anything but text.

Plain words stand as they are, where every reader takes them so; everything else is written as encoded words (RFC 2047).
These are made from the text and never read out of it: what looks like one in a subject arrives as it was written.
"""

import re
from collections.abc import Sequence
from email.base64mime import header_encode as base64_word
from email.quoprimime import header_encode as quoted_word

LINE = 78
"""Octets that a line should not exceed (RFC 5322, 2.1.1)."""
ENCODED_WORD = 75
"""Octets that an encoded word must not exceed (RFC 2047, 2)."""
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_PLAIN = re.compile(r"[!-~]+( [!-~]+)*")
_LIKE_AN_ENCODED_WORD = "=?"


def one_line(text: str) -> str:
    """The text without line breaks and control characters, each run of which is a blank, and without blanks around."""
    return _BREAKS.sub(" ", text).strip()


def is_plain(text: str) -> bool:
    """Whether every reader takes the text as it stands: printable ASCII with single blanks."""
    return _PLAIN.fullmatch(text) is not None and _LIKE_AN_ENCODED_WORD not in text


def header(name: str, tokens: Sequence[str]) -> str:
    """A header of tokens with blanks between, folded before those for which a line has no room; its lines end in CRLF.

    The first token stands beside the name of the header, so no line is empty; a token that is longer than a line has
    one of its own.
    """
    line, lines = f"{name}: {tokens[0]}", []
    for token in tokens[1:]:
        if len(line) + 1 + len(token) > LINE:
            lines.append(line)
            line = ""
        line += f" {token}"
    return "\r\n".join((*lines, line, ""))


def text_tokens(name: str, text: str) -> Sequence[str]:
    """A line of text, such as a subject, as tokens of that header; raises UnicodeError for a lone surrogate."""
    words = text.split(" ")
    if is_plain(text) and all(len(word) <= _room(name) for word in words):
        return words
    return _encoded(text, _room(name))


def name_tokens(name: str, text: str) -> Sequence[str]:
    """The name of a person or of an office, as tokens before its address; raises UnicodeError for a lone surrogate."""
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if is_plain(text) and len(quoted) <= _room(name):
        return [quoted]
    return _encoded(text, _room(name))


def _room(name: str) -> int:
    """What every token of a header may take, so that the first has room beside the name."""
    return min(ENCODED_WORD, LINE - len(f"{name}: "))


def _encoded(text: str, room: int) -> Sequence[str]:
    """Encoded words, by the one of the two encodings that is shorter, each of whole characters."""
    encode = min(quoted_word, base64_word, key=lambda encoding: len(encoding(text.encode(), "utf-8")))
    words, start = [], 0
    while start < len(text):
        end = start + 1
        while end < len(text) and len(encode(text[start : end + 1].encode(), "utf-8")) <= room:
            end += 1
        words.append(encode(text[start:end].encode(), "utf-8"))
        start = end
    return words
