"""In which order a batch of messages is decided, so that its outcomes do not depend on how it was cut.

A message that rests on what an earlier one of the batch says is decided in a later wave, on facts asked for anew; one
that comes before what it could rest on is decided without it, as it would be alone.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Resting(NamedTuple):
    """What a message says something about, and what its decision rests on: streams, or names that a door gives."""

    says: frozenset[str] = frozenset()
    rests_on: frozenset[str] = frozenset()


NOTHING = Resting()


def fact_waves(messages: Iterable[Resting]) -> Sequence[Sequence[int]]:
    """The indexes of the messages by wave, in order within each."""
    waves: list[list[int]] = []
    said: dict[str, int] = {}
    rested: dict[str, int] = {}
    for at, message in enumerate(messages):
        after = [said[name] + 1 for name in message.rests_on if name in said]
        not_before = [known[name] for known in (said, rested) for name in message.says if name in known]
        wave = max([0, *after, *not_before])
        for known, names in ((said, message.says), (rested, message.rests_on)):
            known.update({name: max(wave, known.get(name, 0)) for name in names})
        waves.extend([] for _ in range(len(waves), wave + 1))
        waves[wave].append(at)
    return waves
