"""From an upstream system's follow-up message about a ticket to the form in which it is judged or held."""

from collections.abc import Mapping
from typing import assert_never

from libs.eventlog.wire.cloudevents import Message
from libs.eventlog.wire.private import private_key
from libs.eventlog.wire.receipts import place_of
from libs.eventlog.wire.record import Record
from libs.messages import upstream
from libs.messages.base import PrivateKey
from libs.messages.exclusions import CLAUSES
from libs.messages.facts import resting_on
from libs.messages.ids import door_command_id
from libs.messages.places import DoorRecord
from libs.messages.streams import stream_id
from libs.messages.tickets import (
    CustomerCallRecorded,
    HeldReopening,
    HeldTransfer,
    MessageHeld,
    NoteRecorded,
    ResponseRecorded,
    TicketPaused,
    TicketResolved,
    TicketResumed,
    TicketsMerged,
    TicketWithdrawn,
    WorkExcluded,
)
from libs.messages.upstream import TicketFollowUp, TicketUpstream
from services.intake.described import description
from services.intake.facts import KnownCentre
from services.intake.held_message import HeldContent
from services.intake.personal import personal


def message_held(
    record: Record, message: Message[TicketUpstream], said: TicketFollowUp, called: KnownCentre | None
) -> MessageHeld:
    """Leave out what is personal, and a dialled number of no centre; `called` is the centre that has the number."""
    found = personal(record, message)
    key = found.key if found else None
    said_in = door_record(record, message)
    held = MessageHeld(upstream_type=message.type, said_at=message.time, private=key, door_record=said_in)
    return held.model_copy(update=_content(record, message, said, key, called))


def door_record(record: Record, message: Message[TicketUpstream]) -> DoorRecord:
    """Where a message stands, and the command that it is."""
    ticket = stream_id("ticket", message.source, message.subject)
    return DoorRecord(place=place_of(record), command=door_command_id(message.source, message.id, ticket))


def _content(
    record: Record,
    message: Message[TicketUpstream],
    said: TicketFollowUp,
    key: PrivateKey | None,
    called: KnownCentre | None,
) -> Mapping[str, HeldContent]:
    """What the message says, under the name of the one field that holds it."""
    at = message.time
    match said:
        case upstream.CustomerCalled():
            return {"call": _call(message, said, key, called)}
        case upstream.NoteAdded(by=by, author=author):
            private = private_key(record, author.person)
            return {"note": NoteRecorded(noted_at=at, by=by, author=author.person, private=private)}
        case upstream.ResponseGiven():
            return {"response": ResponseRecorded(responded_at=at, **dict(said))}
        case upstream.TicketTransferred(to_centre=centre, by=by):
            return {"transfer": HeldTransfer(transferred_at=at, to_centre=centre, by=by)}
        case upstream.TicketsMerged(into=into, by=by):
            return {"merge": TicketsMerged(merged_at=at, into=into, by=by)}
        case upstream.TicketPaused(by=by):
            return {"pause": TicketPaused(paused_at=at, by=by)}
        case upstream.TicketResumed(by=by):
            return {"resumption": TicketResumed(resumed_at=at, by=by)}
        case upstream.TicketReopened(by=by):
            return {"reopening": HeldReopening(reopened_at=at, by=by, private=key)}
        case upstream.TicketResolved(by=by):
            return {"resolution": TicketResolved(resolved_at=at, by=by, private=key)}
        case upstream.WorkExcluded():
            return {"exclusion": _exclusion(message, said)}
        case upstream.TicketWithdrawn(by=by):
            return {"withdrawal": TicketWithdrawn(withdrawn_at=at, by=by, private=key)}
        case _:
            assert_never(said)


def _exclusion(message: Message[TicketUpstream], said: upstream.WorkExcluded) -> WorkExcluded:
    return WorkExcluded(
        excluded_at=message.time,
        exclusion=said.exclusion,
        clause=CLAUSES[said.exclusion],
        by=said.by,
        script_language=said.script_language,
    )


def _call(
    message: Message[TicketUpstream], call: upstream.CustomerCalled, key: PrivateKey | None, called: KnownCentre | None
) -> CustomerCallRecorded:
    number = description(call).get("number_dialled")
    return CustomerCallRecorded(
        called_at=message.time,
        caller=call.caller.person,
        private=key,
        number_dialled=number if called else None,
        centre=called.centre if called else None,
        help_given=call.help_given,
        rests_on=resting_on(called),
    )
