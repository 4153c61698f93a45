"""The one place of personal data: a state topic, one record per door record, keyed by `PrivateKey.text()`."""

from typing import Annotated

from pydantic import StringConstraints

from libs.messages.base import Value
from libs.messages.doubts import FieldName

LONGEST_LINE, LONGEST_BODY = 200, 100_000
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=LONGEST_LINE)]
"""One line of text: no control characters, so none can break a mail header."""
Body = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=LONGEST_BODY)]
"""Free text of at most 100 000 characters."""
EmailAddress = Annotated[str, StringConstraints(pattern=r"^[^\s@\x00-\x1f\x7f]+@[^\s@\x00-\x1f\x7f]+$", max_length=254)]
PersonPhone = Annotated[str, StringConstraints(pattern=r"^[+0-9 ()./-]+$", max_length=40)]


class AsGiven(Value):
    """A field that was doubtful, as it came."""

    field: FieldName
    text: Body


class PrivateRecord(Value):
    """What one door record said that is personal; immutable, erased by a tombstone."""

    organisation: Line | None = None
    name: Line | None = None
    email: EmailAddress | None = None
    phone: PersonPhone | None = None
    subject: Line | None = None
    text: Body | None = None
    as_given: tuple[AsGiven, ...] | None = None
