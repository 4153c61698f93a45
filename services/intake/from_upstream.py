"""From what an upstream system says about a ticket that is there, to the form in which it is judged or held."""

from collections.abc import Mapping
from typing import Any

from libs.eventlog.wire.cloudevents import Message
from libs.eventlog.wire.private import private_key
from libs.eventlog.wire.record import Record
from libs.messages import upstream
from libs.messages.base import PrivateKey
from libs.messages.facts import resting_on
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
)
from services.intake.facts import KnownCentre
from services.intake.personal import personal


def heard(record: Record, message: Message, called: KnownCentre | None) -> MessageHeld:
    """Leave out what is personal, and a number that is of no centre; `called` is the centre whose number it is."""
    found = personal(record, message)
    key = found.key if found else None
    content = _call_or_note(record, message, key, called) or _other(message, key)
    return MessageHeld(upstream_type=message.type, said_at=message.time, private=key, **content)


def _call_or_note(
    record: Record, message: Message, key: PrivateKey | None, called: KnownCentre | None
) -> Mapping[str, Any] | None:
    """Take what names a person with all that is personal."""
    match message.data:
        case upstream.CustomerCalled() as call:
            return {"call": _call(message, call, key, called)}
        case upstream.NoteAdded(by=by, author=author):
            private = private_key(record, author.person)
            return {"note": NoteRecorded(noted_at=message.time, by=by, author=author.person, private=private)}
        case _:
            return None


def _other(message: Message, key: PrivateKey | None) -> Mapping[str, Any]:
    match message.data:
        case upstream.ResponseGiven() as given:
            return {"response": ResponseRecorded(responded_at=message.time, **dict(given))}
        case upstream.TicketTransferred(to_centre=centre, by=by):
            return {"transfer": HeldTransfer(transferred_at=message.time, to_centre=centre, by=by)}
        case upstream.TicketsMerged(into=into, by=by):
            return {"merge": TicketsMerged(merged_at=message.time, into=into, by=by)}
        case upstream.TicketPaused(by=by):
            return {"pause": TicketPaused(paused_at=message.time, by=by)}
        case upstream.TicketResumed(by=by):
            return {"resumption": TicketResumed(resumed_at=message.time, by=by)}
        case upstream.TicketReopened(by=by):
            return {"reopening": HeldReopening(reopened_at=message.time, by=by, private=key)}
        case upstream.TicketResolved(by=by):
            return {"resolution": TicketResolved(resolved_at=message.time, by=by, private=key)}
        case upstream.TicketWithdrawn(by=by):
            return {"withdrawal": TicketWithdrawn(withdrawn_at=message.time, by=by, private=key)}
        case _:
            raise ValueError(f"{message.type} is not about a ticket that is there")


def _call(
    message: Message, call: upstream.CustomerCalled, key: PrivateKey | None, called: KnownCentre | None
) -> CustomerCallRecorded:
    return CustomerCallRecorded(
        called_at=message.time,
        caller=call.caller.person,
        private=key,
        number_dialled=call.number_dialled if called else None,
        centre=called.centre if called else None,
        help_given=call.help_given,
        rests_on=resting_on(called),
    )
