"""Whatever a door takes can be processed by everything behind it; all else it refuses as unreadable.

Each message of each door is tried with values at and beyond the bounds of every field. What is taken becomes events in
all services, rows of a real PostgreSQL and mails. Any exception on the way is a defect, wherever it comes from.
"""

import os
from collections.abc import Iterable, Sequence
from functools import cache, reduce
from random import Random

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from libs.eventlog.wire.record import Record
from tests.integration.edges import ABSENT, Edged, Mutation, edged, written
from tests.integration.edges_followed import STRUCTURED, Followed, is_read
from tests.integration.edges_stored import stored

SEEDS = int(os.environ.get("OLCARE_SEEDS", "2000"))
EDGED = edged()
SOME = 31
"""Of so many values one is tried where time is short."""


def record(of: Edged, mutations: Iterable[Mutation]) -> Record:
    document = reduce(lambda before, mutation: mutation.applied(before), mutations, of.document)
    return Record(of.door, 3, 42, b"key", written(document), STRUCTURED, 0)


def defects(followed: Followed, of: Edged, tried: Iterable[Sequence[Mutation]]) -> list[str]:
    found = []
    for mutations in tried:
        try:
            followed.follow(of.door, record(of, mutations))
        except Exception as error:  # noqa: BLE001 - each is a defect; all are told together
            found.append(f"{of.name}, {', '.join(map(str, mutations))}: {type(error).__name__}: {str(error)[:300]}")
    return found


@cache
def taken(name: str) -> tuple[Mutation, ...]:
    """The single values with which a message is still taken."""
    of = next(one for one in EDGED if one.name == name)
    return tuple(mutation for mutation in of.mutations if is_read(of.door, record(of, [mutation])))


def longest(of: Edged) -> list[Mutation]:
    """The longest value of each place, all in one message: a row must hold them together."""
    found: dict[object, Mutation] = {}
    for mutation in taken(of.name):
        together = [one for path, one in found.items() if path != mutation.path]
        if _length(mutation) > _length(found.get(mutation.path)) and is_read(
            of.door, record(of, [*together, mutation])
        ):
            found[mutation.path] = mutation
    return list(found.values())


def _length(mutation: Mutation | None) -> int:
    return 0 if mutation is None or mutation.value is ABSENT else len(written({"": mutation.value}))


def test_every_message_is_taken_as_it_stands_in_the_examples() -> None:
    assert [of.name for of in EDGED if not Followed().follow(of.door, record(of, []))] == []


async def test_some_value_of_every_place_is_refused_or_stored(database: str) -> None:
    followed, found = Followed(), list[str]()
    for of in EDGED:
        found += defects(followed, of, [[one] for one in of.mutations[::SOME]])
    async with stored(database) as tables:
        found += await tables.culprits(list(followed.histories.values()), list(followed.records.values()))
    assert found == []


@pytest.mark.thorough
@pytest.mark.parametrize("of", EDGED, ids=lambda of: of.name)
async def test_every_value_of_every_place_is_refused_or_stored(database: str, of: Edged) -> None:
    followed = Followed()
    pairs = (Random(n).sample(taken(of.name), 2) for n in range(SEEDS // 40))
    found = defects(followed, of, [longest(of), *([one] for one in of.mutations), *pairs])
    async with stored(database) as tables:
        found += await tables.culprits(list(followed.histories.values()), list(followed.records.values()))
    assert found == []


several = st.sampled_from(EDGED).flatmap(
    lambda of: st.tuples(st.just(of), st.lists(st.sampled_from(taken(of.name)), min_size=2, max_size=3))
)


@pytest.mark.thorough
@seed(1)
@settings(max_examples=max(20, SEEDS // 4), deadline=None, database=None)
@given(several)
def test_values_of_several_places_are_refused_or_processed(tried: tuple[Edged, list[Mutation]]) -> None:
    of, mutations = tried
    assert defects(Followed(), of, [mutations]) == []
