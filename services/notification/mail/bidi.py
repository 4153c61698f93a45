"""Text of somebody else's among ours: what steers the direction of writing in it reaches no further than itself.

Controls of direction can make a subject read otherwise than it is, and what stands around it as well (Unicode UAX 9).
Those that embed, override or isolate are left out; what is written from right to left is isolated as a whole.
"""

import re
from unicodedata import bidirectional

_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_RIGHT_TO_LEFT = {"R", "AL"}
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"


def isolated(text: str) -> str:
    """The text without such controls, between isolates where anything in it is written from right to left."""
    plain = _CONTROLS.sub("", text)
    if any(bidirectional(character) in _RIGHT_TO_LEFT for character in plain):
        return f"{FIRST_STRONG_ISOLATE}{plain}{POP_ISOLATE}"
    return plain
