"""Somebody who acts: each thing they do is an event of theirs, so a stream says all that one person did, in order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from libs.decider import Decider, Deciders, IdUsedOtherwise
from libs.messages.actions import (
    ActionEvent,
    ActionRefusal,
    ActionRefused,
    PrivateDataShown,
    PrivateKind,
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


Command = ShowPrivateData | IdUsedOtherwise[ShowPrivateData]


@dataclass(frozen=True)
class Somebody:
    """Whoever acts; nothing that they did forbids what they do next."""

    state: Literal["somebody"] = "somebody"


State = Somebody


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
        case IdUsedOtherwise(occurred_at=at, wish=wish):
            return ActionRefused(refused_at=at, by=wish.by, reason=ActionRefusal.ID_USED_OTHERWISE)
        case _:
            assert_never(command)


def evolve(state: State, event: ActionEvent) -> State:
    """Fold an event into the state."""
    match event:
        case PrivateDataShown() | ActionRefused():
            return state
        case _:
            assert_never(event)


DECIDER: Decider[State, Command, ActionEvent] = Decider(Somebody(), decide, evolve)
DECIDERS: Deciders = {"action": DECIDER}
