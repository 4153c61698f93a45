"""Tickets of several centres are merged: however it is told, the restated verdicts follow from the facts."""

import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import NamedTuple

import pytest

from libs.messages.sla import (
    CancellationCause,
    FirstResponseAtRisk,
    FirstResponseReinstated,
    FirstResponseRestated,
    FirstResponseRetargeted,
    PromiseEvent,
    Verdict,
)
from libs.messages.tickets import (
    Channel,
    CustomerCallRecorded,
    Medium,
    MergeUndone,
    RespondedBy,
    ResponseRecorded,
    Side,
    TicketEvent,
    TicketOpened,
    TicketsMerged,
    TicketTransferred,
    TicketWithdrawn,
)
from libs.plan import verify
from services.sla_timer.promise.state import Judged
from services.sla_timer.published.publications import PublishedCalendar, PublishedTargets
from tests.unit.sla_timer.examples import CALENDARS, example, paris
from tests.unit.sla_timer.merged import System
from tests.unit.sla_timer.test_publications import FIRST_TARGETS, at, closed, targets_at

EACH_SEED = 17  # worlds, each told three times; a whole run has 102,000 histories
SEEDS, CHUNK = int(os.environ.get("OLCARE_SEEDS", "2000")), 25
WORLDS = pytest.mark.parametrize(
    "worlds", [range(n * EACH_SEED, min(n + CHUNK, SEEDS) * EACH_SEED) for n in range(0, SEEDS, CHUNK)], ids=str
)
OPENED_AT = paris("10:00")
END = OPENED_AT + timedelta(days=12)
CENTRES = ("france", "americas", "united-kingdom", "japan")
FIRST = {centre: at(paris("08:00", day=2), CALENDARS[centre]) for centre in CENTRES}
OPENED: TicketOpened = example("TicketOpened").data
TRANSFERRED: TicketTransferred = example("TicketTransferred").data
PERSON, PRIVATE = "person/crm-eu/agent-5", OPENED.private
MINUTES = (0, 1, 30, 60, 119, 120, 121, 180, 239, 240, 241, 300, 420, 540, 700, 1500)
DELAYS = (0, 0, 45, 300, 3000)
Told = tuple[datetime, int, str, TicketEvent | PublishedCalendar | PublishedTargets]


class World(NamedTuple):
    """What happened, each at its instant, in the order in which it must be told where one rests on another."""

    tickets: tuple[str, ...]
    opened: tuple[tuple[str, TicketOpened], ...]
    said: tuple[tuple[str, TicketEvent, datetime], ...]
    lives: tuple[tuple[str, TicketEvent, datetime], ...]
    """Merges, what undoes them, withdrawals and transfers: whether each is taken rests on those before it."""
    published: tuple[PublishedCalendar | PublishedTargets, ...]


def ticket(number: int) -> str:
    return f"ticket/crm-eu/{number}"


def happened(rng: Random) -> World:
    tickets = tuple(ticket(n) for n in range(rng.choice([2, 2, 3])))
    opened = tuple((one, _opened(rng)) for one in tickets)
    began = {one: event.opened_at for one, event in opened}
    said = tuple(_said(rng, one, event.opened_at) for one, event in opened for _ in range(rng.choice([0, 1, 1, 2])))
    return World(tickets, opened, said, tuple(_lives(rng, began)), tuple(_published(rng)))


def _published(rng: Random) -> Iterator[PublishedCalendar | PublishedTargets]:
    for centre in rng.sample(CENTRES, rng.choice([0, 0, 0, 1, 1, 2])):
        hours = rng.choice([("09:00", "12:00"), ("12:00", "15:00"), ("13:00", "17:00")])
        yield at(_later(rng, OPENED_AT), closed(hours, of=CALENDARS[centre]))
    if rng.random() < 0.2:
        seconds = {name: rng.choice([1800, 5400, 20000]) for name in ("email_seconds", "phone_seconds")}
        yield targets_at(_later(rng, OPENED_AT), 2, **seconds)


def _later(rng: Random, since: datetime) -> datetime:
    return since + timedelta(minutes=rng.choice(MINUTES))


def _opened(rng: Random) -> TicketOpened:
    update = {"opened_at": _later(rng, OPENED_AT), "channel": rng.choice([*Channel]), "centre": rng.choice(CENTRES)}
    return OPENED.model_copy(update=update)


def _said(rng: Random, about: str, since: datetime) -> tuple[str, TicketEvent, datetime]:
    moment = _later(rng, since)
    if rng.random() < 0.3:
        called = CustomerCallRecorded(
            called_at=moment, caller=PRIVATE.person, private=None, help_given=rng.random() < 0.2
        )
        return about, called, moment
    help_given, medium = rng.random() < 0.8, rng.choice([*Medium])
    answered = ResponseRecorded(
        responded_at=moment,
        medium=medium,
        by=RespondedBy.PERSON,
        help_given=help_given,
        known_call=medium is Medium.CALL and not help_given and rng.random() < 0.3,
    )
    return about, answered, moment


def _lives(rng: Random, began: Mapping[str, datetime]) -> Iterator[tuple[str, TicketEvent, datetime]]:
    """Give merges of open tickets, so chains as well, some undone, two that cross, and what ends one.

    A survivor may be opened after the merge, which waits for it.
    """
    tickets, since = [*began], rng.choice([min(began.values()), max(began.values())])
    into: dict[str, str] = {}
    over = set[str]()
    for moment in sorted(_later(rng, since) for _ in range(rng.choice([1, 2, 2, 3, 4]))):
        free = [one for one in tickets if one not in into and one not in over and began[one] <= moment]
        others = [one for one in tickets if one not in into and one not in over]
        chance = rng.random()
        if into and chance < 0.3:
            one = rng.choice(sorted(into))
            yield one, MergeUndone(undone_at=moment, into=into.pop(one)), moment
        elif free and chance > 0.95 and len(over) + 1 < len(tickets):
            over.add(one := rng.choice(free))
            yield one, TicketWithdrawn(withdrawn_at=moment, by=Side.CUSTOMER), moment
        elif free and chance > 0.85:
            yield (one := rng.choice(free)), _transferred(rng.choice(CENTRES), moment), moment
        elif free and len(others) > 1:
            one = rng.choice(free)
            other = rng.choice([another for another in others if another != one])
            yield one, _into(other, moment), moment
            into[one] = other
            if other in free and rng.random() < 0.2:
                yield other, _into(one, moment), moment
                yield min(one, other), MergeUndone(undone_at=moment, into=max(one, other)), moment
                into = {**{a: b for a, b in into.items() if a not in {one, other}}, max(one, other): min(one, other)}


def _transferred(centre: str, moment: datetime) -> TicketTransferred:
    return TRANSFERRED.model_copy(update={"to_centre": centre, "transferred_at": moment})


def _into(survivor: str, moment: datetime) -> TicketsMerged:
    return TicketsMerged(merged_at=moment, into=survivor, by=PERSON)


def told(rng: Random, world: World, *, late: bool) -> list[Told]:
    """Tell each fact at its instant or, if some come late, after it; merges in their order, of open tickets."""

    def when(moment: datetime) -> datetime:
        return moment + timedelta(minutes=rng.choice(DELAYS) if late else 0)

    found: list[Told] = []
    opened = {one: event.opened_at for one, event in world.opened}
    found += [(event.opened_at, 0, one, event) for one, event in world.opened]
    for one, said, moment in world.said:
        found.append((max(when(moment), opened[one]), rng.randrange(1, 9) if late else 1, one, said))
    before = min(opened.values())
    for place, (one, said, moment) in enumerate(world.lives):
        before = max(before, when(moment), opened[said.into] if isinstance(said, TicketsMerged) else moment)
        found.append((before, 10 + place, one, said))
    found += [(publication.published_at, -1, "", publication) for publication in world.published]
    return sorted(found, key=lambda each: each[:2])


def played(world: World, telling: Sequence[Told]) -> System:
    system = System(FIRST, [FIRST_TARGETS], world.tickets)
    for now, _, about, said in telling:
        system.pass_until(now)
        if isinstance(said, PublishedCalendar | PublishedTargets):
            system.publish(said)
        else:
            system.tell(about, said, now)
    system.pass_until(END)
    return system


def ledgers(system: System, tickets: Sequence[str]) -> list[tuple[Verdict | None, Verdict | None]]:
    """The promised and the restated verdict of each."""
    states = [system.of(one).state for one in tickets]
    return [(s.verdict, s.restated or s.verdict) if isinstance(s, Judged) else (None, None) for s in states]


@WORLDS
def test_the_restated_verdicts_of_merged_tickets_follow_from_the_facts_alone(worlds: range) -> None:
    for seed in worlds:
        rng = Random(seed)
        world = happened(rng)
        each = [played(world, told(rng, world, late=late)) for late in (False, True, True)]
        restated = [[last for _, last in ledgers(system, world.tickets)] for system in each]
        assert restated[0] == restated[1] == restated[2], seed
        assert all(None not in found for found in restated), seed
        assert all(_is_warned_once(system) for system in each), seed
        for system in each:
            _verify_certificates(system)
            assert not _lost(system), seed
            assert all(_says_something_new(one.events) for one in system.promises.values()), seed


def _lost(system: System) -> list[str]:
    """Give the tickets that end in a merge, while no promise that came to an end of its own stands for them."""
    ended = [state for one in system.promises.values() if isinstance(state := one.state, Judged)]
    over = [one for one in ended if not _is_passed_on(one)]
    kept = {absorbed.ticket for one in over for absorbed in one.promise.absorbed}
    return [one.promise.ticket for one in ended if _is_passed_on(one) and one.promise.ticket not in kept]


def _is_passed_on(state: Judged) -> bool:
    return state.verdict is Verdict.CANCELLED and state.cause is CancellationCause.MERGED


def _says_something_new(events: Sequence[PromiseEvent]) -> bool:
    """Say whether each restatement states another verdict or deadline than the one before it, since it ran last."""
    told = (FirstResponseRestated, FirstResponseReinstated)
    said = [_restated(e) if isinstance(e, FirstResponseRestated) else None for e in events if isinstance(e, told)]
    return all(one != other for one, other in pairwise(said) if other)


def _restated(event: FirstResponseRestated) -> tuple[Verdict, datetime]:
    return event.restated, event.restated_due_at


def _is_warned_once(system: System) -> bool:
    warned = ([e.percent for e in one.events if isinstance(e, FirstResponseAtRisk)] for one in system.promises.values())
    return all(len(percents) == len(set(percents)) for percents in warned)


def _verify_certificates(system: System) -> None:
    """Raises where one contradicts itself."""
    events = (event for timer in system.promises.values() for event in timer.events)
    for event in events:
        if isinstance(event, FirstResponseRetargeted):
            verify(event.certificate)


@WORLDS
def test_what_is_told_of_merged_tickets_in_time_is_promised_as_it_is_restated(worlds: range) -> None:
    """A merge that was undone was one until then, and a publication acts on what runs from its instant on.

    A merge into a ticket that is opened later is told with that opening; of two merges of one instant nobody can tell
    by the facts which came first.
    """
    for seed in worlds:
        rng = Random(seed)
        world = happened(rng)
        began = {one: event.opened_at for one, event in world.opened}
        merges = [moment for _, said, moment in world.lives if isinstance(said, TicketsMerged)]
        if world.published or len(merges) > len(set(merges)):
            continue
        if not all(_is_told_in_time(said, began) for _, said, _ in world.lives):
            continue
        system = played(world, told(rng, world, late=False))
        assert all(promised is restated for promised, restated in ledgers(system, world.tickets)), seed


def _is_told_in_time(said: TicketEvent, began: Mapping[str, datetime]) -> bool:
    return not isinstance(said, MergeUndone | TicketsMerged) or (
        isinstance(said, TicketsMerged) and began[said.into] <= said.merged_at
    )
