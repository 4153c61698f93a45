"""Facts of what people did at the command line (stream `action/ops/<who>`), written by audit."""

from libs.messages.base import Event, Instant, OpenCode, Reference, ShownId


class ViewingReason(OpenCode):
    """Why somebody looks at what is private. No words of their own: those might name a person, for ever."""

    SUPPORT = "support"
    """To work on the ticket."""
    MENDING = "mending"
    """To find out what is wrong with a message, and who has to mend it."""
    COMPLAINT = "complaint"
    ACCESS_REQUEST = "access-request"
    """The person wants to know what is kept of them."""
    INCIDENT = "incident"
    AUDIT = "audit"


class PrivateKind(OpenCode):
    """What kind of private data it is."""

    TICKET = "ticket"
    """Who says something about a ticket, and in which words."""
    DEAD_LETTER = "dead-letter"
    """A whole record that a door could not read."""


class ActionRefusal(OpenCode):
    """Why something that somebody wanted to do was not let be."""

    ID_USED_OTHERWISE = "id-used-otherwise"


class PrivateDataShown(Event):
    """Somebody was shown what is private; recorded before it was shown."""

    shown_at: Instant
    by: Reference
    reason: ViewingReason
    case_number: Reference | None = None
    """Where more is written about it, in whatever system."""
    kind: PrivateKind
    what: ShownId


class ActionRefused(Event):
    """Somebody was not let do something."""

    refused_at: Instant
    by: Reference
    reason: ActionRefusal


ActionEvent = PrivateDataShown | ActionRefused
