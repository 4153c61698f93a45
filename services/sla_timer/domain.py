"""The decider of everything that stands on the topic of sla_timer: promises, and cycles that have a target."""

from typing import Any

from libs.decider import Decider
from libs.messages.cycles import CyclesEvent
from libs.messages.sla import PromiseEvent
from services.sla_timer.cycles import decider as cycle_targets
from services.sla_timer.promise import decider as domain
from services.sla_timer.promise import state as promise

State = promise.State | cycle_targets.State
Command = domain.Command | cycle_targets.Command


def decide(state: State | None, command: Command) -> PromiseEvent | CyclesEvent | None:
    """Answer a command with one event; None where a duty comes to nothing. A stream without events has state None."""
    decider = _decider_of(cycles=isinstance(command, cycle_targets.Command))
    event: PromiseEvent | CyclesEvent | None = decider.decide(_known(state, decider), command)
    return event


def evolve(state: State | None, event: PromiseEvent | CyclesEvent) -> State:
    """Fold an event into the state."""
    decider = _decider_of(cycles=isinstance(event, CyclesEvent))
    folded: State = decider.evolve(_known(state, decider), event)
    return folded


DECIDER: Decider[State | None, Command, PromiseEvent | CyclesEvent] = Decider(None, decide, evolve)


def _decider_of(*, cycles: bool) -> Decider[Any, Any, Any]:
    return cycle_targets.DECIDER if cycles else domain.DECIDER


def _known(state: State | None, decider: Decider[Any, Any, Any]) -> State:
    known: State = decider.initial if state is None else state
    return known
