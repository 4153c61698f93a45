"""What each program may do at the brokers, as the topics' cards say: the least that it works with."""

import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from libs.eventlog.kafka.refill import TRANSACTION
from libs.eventlog.kafka.topics import Card
from libs.messages.catalogue import CONTRACTS_DOOR, TICKETS_DOOR

UPSTREAM, OPS = "upstream", "ops"
INPUTS: Mapping[str, Mapping[str, str]] = {
    "sla_timer": {TICKETS_DOOR: "intake.door", CONTRACTS_DOOR: "contract.door"},
}
"""Whose progress at which door a service waits for before a deadline fires: it reads what was left aside there."""


BACKUP, RESTORE = "backup", "restore"
"""Who runs `olcare backup`, and who runs `olcare restore` in another cluster: neither may do what the other does."""


class Right(NamedTuple):
    """What one program may do with one resource of the brokers."""

    program: str
    resource: str
    """`topic`, `group`, `cluster` or `transactional-id`."""
    name: str
    """Of a group it is what all names begin with where that ends in a full stop."""
    operations: tuple[str, ...]

    @property
    def prefixed(self) -> bool:
        """Whether it is about all names that begin so."""
        return self.resource == "group" and self.name.endswith(".")

    def command(self, principal: str) -> str:
        """The call of `kafka-acls.sh` that gives it; where the brokers are and who may give rights comes after."""
        about = ["--cluster"] if self.resource == "cluster" else [f"--{self.resource}", self.name]
        pattern = ["--resource-pattern-type", "prefixed"] if self.prefixed else []
        allowed = [word for operation in self.operations for word in ("--operation", operation)]
        return shlex.join(["kafka-acls.sh", "--add", "--allow-principal", principal, *allowed, *about, *pattern])


def rights(cards: Iterable[Card], upstreams: Iterable[str] = (UPSTREAM,)) -> Iterator[Right]:
    """Every right of every program; each upstream system has those that the cards give to `upstream`."""
    every = sorted(cards, key=lambda card: card.topic)
    programs = sorted({name for card in every for name in (*card.written_by, *card.read_by)} - {UPSTREAM})
    for program in programs:
        yield from _topics(program, program, every)
        yield from _rest(program)
    for upstream in upstreams:
        yield from _topics(upstream, UPSTREAM, every)
        yield Right(upstream, "group", f"{upstream}.", ("Read",))


def rights_for_backups(cards: Iterable[Card]) -> Iterator[Right]:
    """What the commands for backups need: the one reads all and writes nothing, the other is for where it is restored.

    Who restores may in his cluster what nobody may in the one that is saved, so he is to be known there alone.
    """
    every = sorted(cards, key=lambda card: card.topic)
    for card in every:
        yield Right(BACKUP, "topic", card.topic, ("Read", "DescribeConfigs"))
    yield Right(BACKUP, "group", "*", ("Describe",))
    for card in every:
        operations = ("Create", "Read", "Write", "Delete", "AlterConfigs", "DescribeConfigs")
        yield Right(RESTORE, "topic", card.topic, operations)
    yield Right(RESTORE, "group", "*", ("Read",))
    yield Right(RESTORE, "transactional-id", TRANSACTION, ("Write",))


def _topics(program: str, role: str, cards: Iterable[Card]) -> Iterator[Right]:
    for card in cards:
        if operations := tuple(_operations(role, card)):
            yield Right(program, "topic", card.topic, operations)


def _operations(role: str, card: Card) -> Iterator[str]:
    writes = role in card.written_by
    if role in card.read_by or card.topic in INPUTS.get(role, {}) or (writes and card.kind == "log"):
        yield "Read"
    if writes:
        yield "Write"
    if role == OPS:
        yield from ("Describe", "DescribeConfigs", "Create")
    elif role != UPSTREAM and (writes or role in card.read_by):
        yield "DescribeConfigs"


def _rest(program: str) -> Iterator[Right]:
    """Groups, and the brokers' own settings, which say how long they keep the places of doors."""
    if program == OPS:
        yield Right(program, "group", "*", ("Describe",))
    else:
        yield Right(program, "group", f"{program}.", ("Read",))
        yield from (Right(program, "group", group, ("Describe",)) for group in INPUTS.get(program, {}).values())
    yield Right(program, "cluster", "kafka-cluster", ("DescribeConfigs",))
