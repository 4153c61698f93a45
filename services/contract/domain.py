"""The deciders of contract's two topics: customers and contracts on the one, the parts of the plan on the other."""

from collections.abc import Mapping
from typing import Any

from libs.decider import Decider
from libs.messages.catalogue import CONTRACTS, PLAN, STREAMS_OF
from libs.messages.contracts import ContractEvent, CustomerEvent
from libs.messages.streams import parse_stream
from services.contract import contracts, customers, plan_parts

State = customers.State | contracts.State
Command = customers.Command | contracts.Command


def decide(state: State | None, command: Command) -> CustomerEvent | ContractEvent | None:
    """Answer a command with one event; None where a duty comes to nothing. A stream without events has state None."""
    decider = _decider_of(customer=isinstance(command, customers.Command))
    event: CustomerEvent | ContractEvent | None = decider.decide(_known(state, decider), command)
    return event


def evolve(state: State | None, event: CustomerEvent | ContractEvent) -> State:
    """Fold an event into the state."""
    decider = _decider_of(customer=isinstance(event, CustomerEvent))
    folded: State = decider.evolve(_known(state, decider), event)
    return folded


DECIDERS: Mapping[str, Decider[Any, Any, Any]] = {CONTRACTS: Decider(None, decide, evolve), PLAN: plan_parts.DECIDER}
"""Topic → the decider of all its streams."""

_TOPICS: Mapping[str, str] = {kind: topic for topic in DECIDERS for kind in STREAMS_OF[topic]}


def topic_of(stream: str) -> str:
    """Name the topic on which a stream of ours stands."""
    return _TOPICS[parse_stream(stream).kind]


def _decider_of(*, customer: bool) -> Decider[Any, Any, Any]:
    return customers.DECIDER if customer else contracts.DECIDER


def _known(state: State | None, decider: Decider[Any, Any, Any]) -> State:
    known: State = decider.initial if state is None else state
    return known
