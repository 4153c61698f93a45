"""What each program may do at the brokers, as the topics' cards say: the least that it works with."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from libs.eventlog.kafka.refill import TRANSACTION
from libs.eventlog.kafka.topics import UPSTREAMS, Card
from libs.messages.catalogue import CONTRACTS_DOOR, PRIVATE, TICKETS_DOOR, doors_of, group_at, split_door

OPS = "ops"
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


def rights(cards: Iterable[Card], upstreams: Iterable[str] = (UPSTREAMS,)) -> Iterator[Right]:
    """Every right of every program; each upstream system has what the cards give to `upstream` and to its name."""
    every, systems = sorted(cards, key=lambda card: card.topic), list(upstreams)
    named = {name for card in every for name in (*card.written_by, *card.read_by)}
    for program in sorted(named - {UPSTREAMS, *systems}):
        yield from _topics(program, {program}, every)
        yield from _key_of_its_door(program, every)
        yield from _rest(program, every)
    for system in systems:
        yield from _topics(system, {UPSTREAMS, system}, every)
        yield Right(system, "group", f"{system}.", ("Read",))


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


def _topics(program: str, roles: AbstractSet[str], cards: Iterable[Card]) -> Iterator[Right]:
    for card in cards:
        if operations := tuple(_operations(roles, card)):
            yield Right(program, "topic", card.topic, operations)


def _key_of_its_door(program: str, cards: Sequence[Card]) -> Iterator[Right]:
    """A door keys its fingerprints with the id of the private topic, which whoever reads or writes that one may ask."""
    doors = [card for card in cards if card.kind == "door" and program in card.read_by]
    if doors and not any(card.topic == PRIVATE and program in (*card.written_by, *card.read_by) for card in cards):
        yield Right(program, "topic", PRIVATE, ("Describe",))


def _operations(roles: AbstractSet[str], card: Card) -> Iterator[str]:
    writes, reads = bool(roles & {*card.written_by}), bool(roles & {*card.read_by})
    waits = any(split_door(card.topic)[0] in INPUTS.get(role, {}) and card.kind == "door" for role in roles)
    if reads or waits or (writes and card.kind == "log"):
        yield "Read"
    if writes:
        yield "Write"
    if OPS in roles:
        yield from ("Describe", "DescribeConfigs", "Create")
    elif UPSTREAMS not in roles and (writes or reads):
        yield "DescribeConfigs"


def _rest(program: str, cards: Iterable[Card]) -> Iterator[Right]:
    """Rights to groups, and to read the brokers' settings, which say how long committed offsets are kept."""
    if program == OPS:
        yield Right(program, "group", "*", ("Describe",))
    else:
        yield Right(program, "group", f"{program}.", ("Read",))
        topics = [card.topic for card in cards]
        for door, group in INPUTS.get(program, {}).items():
            yield from (Right(program, "group", group_at(group, at), ("Describe",)) for at in doors_of(topics, door))
    yield Right(program, "cluster", "kafka-cluster", ("DescribeConfigs",))
