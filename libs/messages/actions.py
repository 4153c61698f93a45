"""Facts of what people did by the command line and the console (stream `action/ops/<who>`), written by audit.

What takes time has two: what was ordered, recorded before it is begun, and what came of it.
"""

from typing import Annotated

from pydantic import Field

from libs.messages.base import (
    INT32,
    ONLY_NUMBERS,
    Code,
    Count,
    Digest,
    Event,
    EventId,
    Instant,
    OpenCode,
    PlanVersion,
    Reference,
    ShownId,
    StreamId,
    TopicName,
    Value,
)

HowMany = Annotated[int, Field(ge=0, le=INT32), ONLY_NUMBERS]
"""Of things; there may be none."""


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
    NOTICE = "notice"
    """A mail with the address that it goes to."""


class ActionRefusal(OpenCode):
    """Why an action was not allowed."""

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
    """Somebody was not allowed to do something."""

    refused_at: Instant
    by: Reference
    reason: ActionRefusal


class RedriveHow(OpenCode):
    """What is done with dead letters."""

    AS_IT_CAME = "as-it-came"
    EDITED = "edited"
    """A copy is sent in that somebody mended."""
    DISCARDED = "discarded"
    """Nothing is sent in: they are marked as needing nothing more."""


class Redrive(Value):
    """Which dead letters are meant, and what is done with them."""

    how: RedriveHow
    letters: Count
    first: ShownId
    """Where the record of the oldest one stands: topic/partition/offset."""
    door: TopicName | None = None
    """Those of this door alone; of what is None, whatever it is."""
    reason: Code | None = None
    """As dead letters have it."""
    source: Reference | None = None


class RedriveEnd(OpenCode):
    """How the sending of dead letters ended."""

    COMPLETE = "complete"
    STOPPED = "stopped"
    """One came back as unreadable: those after it stay where they are."""
    CANCELLED = "cancelled"
    FAILED = "failed"
    """A door did not answer, or it could not be written to."""


class RedriveTally(Value):
    """What became of dead letters; those that are left are neither sent nor marked."""

    ended: RedriveEnd
    taken: HowMany = 0
    refused: HowMany = 0
    unreadable: HowMany = 0
    discarded: HowMany = 0
    left: HowMany = 0


class RedriveOrdered(Event):
    """Dead letters are to be sent in again, or marked."""

    ordered_at: Instant
    by: Reference
    order: EventId
    """Names the order: what comes of it says so."""
    redrive: Redrive


class RedriveDone(Event):
    """What became of the dead letters of an order."""

    done_at: Instant
    by: Reference
    order: EventId
    tally: RedriveTally


class Rebuild(Value):
    """Which tables are built anew."""

    reader: Reference
    """`service.reader`"""
    processes: Count = 1
    accept: tuple[Reference, ...] = ()
    """Tables that are meant to differ."""


class RebuildEnd(OpenCode):
    """How a rebuild ended."""

    SWITCHED = "switched"
    """Built, proved, and in use."""
    DIFFERENT = "different"
    """The new tables differ from those in use, which stay."""
    CANCELLED = "cancelled"
    FAILED = "failed"


class ProvedTable(Value):
    """One table of a proof: its rows, and the sum of their hashes in hexadecimal."""

    table: Reference
    rows: HowMany
    hash: Reference
    equal: bool


class RebuildResult(Value):
    """What came of a rebuild."""

    ended: RebuildEnd
    generation: Count | None = None
    """That is in use since."""
    proof: tuple[ProvedTable, ...] = ()


class RebuildOrdered(Event):
    """A reader's tables are to be built anew beside those in use, proved, and used."""

    ordered_at: Instant
    by: Reference
    order: EventId
    rebuild: Rebuild


class RebuildDone(Event):
    """What came of a rebuild that was ordered."""

    done_at: Instant
    by: Reference
    order: EventId
    result: RebuildResult


class GenerationSwitched(Event):
    """Somebody has a reader go over to tables that were kept; recorded before it is done."""

    switched_at: Instant
    by: Reference
    order: EventId
    reader: Reference
    generation: Count


class GenerationsDiscarded(Event):
    """Somebody drops tables of a reader that were kept to go back to; recorded before it is done."""

    discarded_at: Instant
    by: Reference
    order: EventId
    reader: Reference


class DraftPart(Value):
    """A part of the plan, and the version that a draft has of it."""

    part: StreamId
    version: PlanVersion


class DraftPublication(Value):
    """Which draft is published, and on which rehearsal of it that was decided."""

    rehearsal: Digest
    parts: Annotated[tuple[DraftPart, ...], Field(min_length=1)]


class PublicationEnd(OpenCode):
    """How the publication of a draft ended."""

    COMPLETE = "complete"
    REFUSED = "refused"
    """Contract refused a part at least."""
    FAILED = "failed"
    """Contract did not answer, or it could not be told."""


class PublicationTally(Value):
    """What became of the parts of a draft; those that are left are not published by this order."""

    ended: PublicationEnd
    published: HowMany = 0
    refused: HowMany = 0
    left: HowMany = 0


class PublicationOrdered(Event):
    """Somebody publishes a draft that was rehearsed; recorded before it is sent."""

    ordered_at: Instant
    by: Reference
    order: EventId
    draft: DraftPublication


class PublicationDone(Event):
    """What became of a draft whose publication was ordered."""

    done_at: Instant
    by: Reference
    order: EventId
    tally: PublicationTally


ActionEvent = (
    PrivateDataShown
    | ActionRefused
    | RedriveOrdered
    | RedriveDone
    | RebuildOrdered
    | RebuildDone
    | GenerationSwitched
    | GenerationsDiscarded
    | PublicationOrdered
    | PublicationDone
)
