"""What is doubtful in a message that is taken all the same: a field that only describes, and what is wrong with it."""

from typing import Annotated

from pydantic import StringConstraints

from libs.messages.base import OpenCode, Value

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z_]+(\.[a-z_]+)*$", max_length=60)]
"""A field of the data as the message names it, `requester.email`."""


class DoubtCode(OpenCode):
    """What is wrong with what a field says."""

    EMPTY = "empty"
    TOO_LONG = "too-long"
    """The beginning is shown."""
    CONTROL_CHARACTERS = "control-characters"
    """Line ends, tabs and the like: blanks are shown for them."""
    NOT_A_LANGUAGE = "not-a-language"
    NOT_A_VERSION = "not-a-version"
    NOT_A_NUMBER = "not-a-number"
    """No telephone number, or for a number that was dialled none in international form."""
    NOT_AN_ADDRESS = "not-an-address"
    NOT_WRITABLE = "not-writable"
    """It looks like the address of an e-mail, but no mail can be written to it."""


class Doubt(Value):
    """A field that is left out, or shown otherwise than it came; as it came it stands in the private topic."""

    field: FieldName
    code: DoubtCode
