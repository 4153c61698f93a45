"""Why intake turns something away: each a code of a list that may grow; and whom somebody without cover turns to."""

from enum import StrEnum

from libs.messages.base import OpenCode


class TicketRefusal(OpenCode):
    """Why no ticket was opened."""

    UNKNOWN_CUSTOMER = "unknown-customer"
    NO_CONTRACT = "no-contract"
    NOT_YET_COVERED = "not-yet-covered"
    COVER_LAPSED = "cover-lapsed"
    PRODUCT_NOT_COVERED = "product-not-covered"
    UNKNOWN_PRODUCT = "unknown-product"
    VERSION_TOO_OLD = "version-too-old"
    NOT_INCLUDED = "not-included"
    UNKNOWN_CENTRE = "unknown-centre"


class ResponseRefusal(OpenCode):
    """Why a response was not recorded."""

    TICKET_REFUSED = "ticket-refused"
    BEFORE_OPENING = "before-opening"
    TOO_MANY_HELD = "too-many-held"


class MessageRefusal(OpenCode):
    """Why another upstream message was not taken."""

    NOT_TAKEN_YET = "not-taken-yet"
    """By an older version of the service, which had no rule for the message."""
    ALREADY_OPEN = "already-open"
    ALREADY_REFUSED = "already-refused"
    TIME_IN_FUTURE = "time-in-future"
    ID_USED_OTHERWISE = "id-used-otherwise"
    """Under this source and id another type or other data were said of the ticket before."""
    TOO_MANY_HELD = "too-many-held"
    TICKET_REFUSED = "ticket-refused"
    BEFORE_OPENING = "before-opening"
    TICKET_WITHDRAWN = "ticket-withdrawn"
    TICKET_MERGED = "ticket-merged"
    ALREADY_THERE = "already-there"
    """Transferred to the centre that has it."""
    UNKNOWN_CENTRE = "unknown-centre"
    ALREADY_RESOLVED = "already-resolved"
    NOT_RESOLVED = "not-resolved"
    ALREADY_PAUSED = "already-paused"
    NOT_PAUSED = "not-paused"
    ALREADY_EXCLUDED = "already-excluded"
    """For this cause; of a pause, for any: nobody works on it, so it waits for nobody."""
    LANGUAGE_IS_INCLUDED = "language-is-included"
    """The script language is one of those that the plan helps with."""
    INTO_ITSELF = "into-itself"
    INTO_MERGED = "into-merged"
    INTO_REFUSED = "into-refused"
    INTO_WITHDRAWN = "into-withdrawn"
    OTHER_CUSTOMER = "other-customer"
    """Merged into the ticket of another customer."""
    UNKNOWN_CUSTOMER = "unknown-customer"
    """Like the rest of this list: no cover at the instant of reopening."""
    NO_CONTRACT = "no-contract"
    NOT_YET_COVERED = "not-yet-covered"
    COVER_LAPSED = "cover-lapsed"
    PRODUCT_NOT_COVERED = "product-not-covered"
    UNKNOWN_PRODUCT = "unknown-product"
    VERSION_TOO_OLD = "version-too-old"
    NOT_INCLUDED = "not-included"


class Contact(StrEnum):
    """Whom somebody without cover turns to (« votre revendeur ou … l'équipe OL Care de votre région »)."""

    RESELLER = "reseller"
    REGIONAL_TEAM = "regional-team"
