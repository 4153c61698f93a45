"""Somebody who acts: each thing they do is an event of theirs, so a stream says all that one person did, in order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from libs.decider import Decider, Deciders, IdUsedOtherwise
from libs.messages.actions import (
    ActionEvent,
    ActionRefusal,
    ActionRefused,
    DraftPublication,
    GenerationsDiscarded,
    GenerationSwitched,
    PrivateDataShown,
    PrivateKind,
    PublicationDone,
    PublicationOrdered,
    PublicationTally,
    Rebuild,
    RebuildDone,
    RebuildOrdered,
    RebuildResult,
    Redrive,
    RedriveDone,
    RedriveOrdered,
    RedriveTally,
    ViewingReason,
)


@dataclass(frozen=True)
class ShowPrivateData:
    """Let somebody look at what is private."""

    occurred_at: datetime
    by: str
    reason: ViewingReason
    case_number: str | None
    kind: PrivateKind
    what: str


@dataclass(frozen=True)
class Switch:
    """Have a reader go over to a generation of its tables that was kept."""

    reader: str
    generation: int


@dataclass(frozen=True)
class Discard:
    """Drop the generations of a reader's tables that were kept."""

    reader: str


Mending = Redrive | RedriveTally | Rebuild | RebuildResult | Switch | Discard | DraftPublication | PublicationTally


@dataclass(frozen=True)
class Mend:
    """Put on record what somebody is about to mend or publish, or what came of it; `order` names both."""

    occurred_at: datetime
    by: str
    order: str
    what: Mending


Command = ShowPrivateData | Mend | IdUsedOtherwise[ShowPrivateData | Mend]


@dataclass(frozen=True)
class Actor:
    """The state of whoever acts: always the same, since no action forbids another one."""

    state: Literal["somebody"] = "somebody"


State = Actor


def decide(state: State, command: Command) -> ActionEvent:  # noqa: ARG001 - as every decider has it
    """Answer a command with exactly one event."""
    match command:
        case ShowPrivateData():
            return PrivateDataShown(
                shown_at=command.occurred_at,
                by=command.by,
                reason=command.reason,
                case_number=command.case_number,
                kind=command.kind,
                what=command.what,
            )
        case Mend():
            return _mended(command.occurred_at, command.by, command.order, command.what)
        case IdUsedOtherwise(occurred_at=at, wish=wish):
            return ActionRefused(refused_at=at, by=wish.by, reason=ActionRefusal.ID_USED_OTHERWISE)
        case _:
            assert_never(command)


def _mended(at: datetime, by: str, order: str, what: Mending) -> ActionEvent:
    match what:
        case Redrive():
            return RedriveOrdered(ordered_at=at, by=by, order=order, redrive=what)
        case RedriveTally():
            return RedriveDone(done_at=at, by=by, order=order, tally=what)
        case Rebuild():
            return RebuildOrdered(ordered_at=at, by=by, order=order, rebuild=what)
        case RebuildResult():
            return RebuildDone(done_at=at, by=by, order=order, result=what)
        case Switch(reader=reader, generation=generation):
            return GenerationSwitched(switched_at=at, by=by, order=order, reader=reader, generation=generation)
        case Discard(reader=reader):
            return GenerationsDiscarded(discarded_at=at, by=by, order=order, reader=reader)
        case DraftPublication():
            return PublicationOrdered(ordered_at=at, by=by, order=order, draft=what)
        case PublicationTally():
            return PublicationDone(done_at=at, by=by, order=order, tally=what)
        case _:
            assert_never(what)


def evolve(state: State, event: ActionEvent) -> State:
    """Fold an event into the state."""
    match event:
        case PrivateDataShown() | ActionRefused() | GenerationSwitched() | GenerationsDiscarded():
            return state
        case RedriveOrdered() | RedriveDone() | RebuildOrdered() | RebuildDone():
            return state
        case PublicationOrdered() | PublicationDone():
            return state
        case _:
            assert_never(event)


DECIDER: Decider[State, Command, ActionEvent] = Decider(Actor(), decide, evolve)
DECIDERS: Deciders = {"action": DECIDER}
