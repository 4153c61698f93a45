"""A quarter of tickets rehearsed under other targets: all of them, against ten seconds and against a replay of each.

Nine tickets of a hundred were rung about, transferred, or told of late: these are replayed event by event, as they are
in a rehearsal. Of the others some are replayed too, and both must come to the same.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

import msgspec

from libs.chassis.collector import collect_seldom
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.tickets import (
    Channel,
    CustomerCallRecorded,
    Medium,
    RespondedBy,
    ResponseRecorded,
    TicketEvent,
    TicketOpened,
    TicketTransferred,
)
from libs.stack.wait import machine_seconds
from services.contract.plan import read_plan
from services.ops.rehearse.account import Account, account
from services.ops.rehearse.document import digest_of
from services.ops.rehearse.rehearsal import Rehearsal, RehearsedSpan, StandingPromise
from services.ops.rehearse.replay import outcome_of, replayed
from services.ops.rehearse.stories import SOON, ShortStory
from services.ops.rehearse.timeline import Content, DatedPart, DraftPlan, PlanTimeline, stream_of
from tests.bench.rounds import Bar, Part, alternate, compare
from tests.bench.stage import Stage
from tests.unit.recorded import recorded_event
from tests.unit.sla_timer.examples import example

TICKETS, REPLAYED = 100_000, 300
WHOLE, LIMIT, ONE, ONE_REPLAYED = "the rehearsal", "ten seconds", "a ticket", "a ticket replayed"
BARS = (
    Bar("ten seconds against the rehearsal of 100,000 tickets of a quarter", WHOLE, LIMIT, 1),
    Bar("a ticket rehearsed, against the replay of one", ONE, ONE_REPLAYED, 5),
)
BEGIN = datetime(2026, 7, 1, 6, tzinfo=UTC)
QUARTER = timedelta(days=90)
NOW = BEGIN + QUARTER + timedelta(days=10)
OPENED: TicketOpened = example("TicketOpened").data
CALLED: CustomerCallRecorded = example("CustomerCallRecorded").data
MOVED: TicketTransferred = example("TicketTransferred").data


class Lived(NamedTuple):
    """A ticket: its events, and the story of those of which a story says all."""

    events: Sequence[RecordedEvent[TicketEvent]]
    story: ShortStory | None


async def measure(stage: Stage) -> Part:
    """Rehearse the same quarter in each round; no server is needed."""
    quarter = Quarter()
    costs = await alternate(
        stage.rounds, {WHOLE: quarter.whole, LIMIT: quarter.limit, ONE: quarter.one, ONE_REPLAYED: quarter.one_replayed}
    )
    spent = costs[WHOLE]
    figures = {
        "rehearsed": f"{TICKETS:,} tickets, {quarter.long:,} of them event by event",
        "seconds": f"{min(spent):.1f} to {max(spent):.1f}",
        "other verdicts": f"{quarter.flips:,}",
        "equal outcomes": f"{REPLAYED:,} of each rehearsal",
    }
    return Part("rehearsal", compare(costs, BARS), figures)


class Quarter:
    """A quarter that was lived once, and the draft."""

    def __init__(self) -> None:
        plan = read_plan()
        parts: tuple[Content, ...] = (*plan.centres, plan.targets)
        at = BEGIN - QUARTER
        self.timeline = PlanTimeline(tuple(DatedPart(stream_of(one), 1, at, at, one) for one in parts))
        self._centres = [centre.centre for centre in plan.centres]
        shorter = plan.targets.targets.model_copy(update={"email_seconds": 10_800, "phone_seconds": 5_400})
        self.draft = DraftPlan(BEGIN, (plan.targets.model_copy(update={"version": 9, "targets": shorter}),))
        self.span = RehearsedSpan(BEGIN.date(), (BEGIN + QUARTER).date(), BEGIN, BEGIN + QUARTER, NOW)
        self._lives = [self._lived(Random(number), number) for number in range(TICKETS)]
        self._standing = dict(self._stands())
        self.long = sum(life.story is None for life in self._lives)
        self.flips = 0

    def _lived(self, rng: Random, number: int) -> Lived:
        ticket = f"ticket/bench/{number}"
        opened_at = BEGIN + timedelta(minutes=10) + QUARTER * rng.random()
        opened = OPENED.model_copy(
            update={"opened_at": opened_at, "channel": rng.choice([*Channel]), "centre": rng.choice(self._centres)}
        )
        answered_at = opened_at + timedelta(seconds=rng.expovariate(1 / 9_000)) if rng.random() < 0.96 else None
        told_late = timedelta(hours=3) if rng.random() < 0.03 else timedelta(seconds=2)
        said: list[tuple[TicketEvent, datetime, timedelta]] = [(opened, opened_at, timedelta(seconds=1))]
        is_plain = told_late < SOON
        if rng.random() < 0.06:
            is_plain, at = False, opened_at + timedelta(minutes=20)
            more: TicketEvent = _rang(at) if rng.random() < 0.5 else _transferred(at)
            said.append((more, at, timedelta(seconds=1)))
        if answered_at:
            said.append((_answered(answered_at), answered_at, told_late))
        story = ShortStory(ticket, opened.centre, opened.channel, opened_at, answered_at) if is_plain else None
        return Lived(() if story and number >= REPLAYED else tuple(_recorded(ticket, said)), story)

    def _stands(self) -> Iterator[tuple[str, StandingPromise]]:
        """How each promise stands, as the tables would say; those told of close to a deadline are replayed as well."""
        rehearsal = Rehearsal(self.timeline, self.draft, self.span, {})
        for place, life in enumerate(self._lives):
            story = life.story
            if story and rehearsal.tell(story):
                ticket, found = story.ticket, rehearsal.before[story.ticket]
            else:
                events = tuple(_recorded(story.ticket, _told_in_time(story))) if story else life.events
                self._lives[place] = Lived(events, None)
                ticket = events[0].stream
                outcome = outcome_of(replayed(self.timeline, events, NOW)[ticket])
                assert outcome is not None
                found = outcome
            yield (
                ticket,
                StandingPromise(found.centre, str(found.channel), found.opened_at, found.verdict, found.due_at),
            )

    async def whole(self) -> float:
        """Rehearse it all, down to the digest."""
        collect_seldom()
        began = machine_seconds()
        rehearsal = Rehearsal(self.timeline, self.draft, self.span, self._standing)
        for life in self._lives:
            if life.story is None:
                rehearsal.replay(life.events)
            else:
                rehearsal.tell(life.story)
        found = account(Account(rehearsal, [], []))
        digest_of(found)
        spent = machine_seconds() - began
        self.flips = len(found.flips)
        self._check(rehearsal)
        return spent

    async def limit(self) -> float:
        """Ten seconds."""
        return 10.0

    async def one(self) -> float:
        """Seconds a short story takes."""
        stories = [life.story for life in self._lives[:20_000] if life.story]
        rehearsal = Rehearsal(self.timeline, self.draft, self.span, self._standing)
        began = machine_seconds()
        for story in stories:
            rehearsal.tell(story)
        return (machine_seconds() - began) / len(stories)

    async def one_replayed(self) -> float:
        """Seconds that a replay of one takes, on both plans."""
        lives = [life for life in self._lives[:REPLAYED] if life.story]
        rehearsal = Rehearsal(self.timeline, self.draft, self.span, self._standing)
        began = machine_seconds()
        for life in lives:
            rehearsal.replay(life.events)
        return (machine_seconds() - began) / len(lives)

    def _check(self, rehearsal: Rehearsal) -> None:
        """See that a replay of some comes to the same, and that nothing is missing."""
        if len(rehearsal.before) != len(self._standing) or rehearsal.doubtful:
            raise AssertionError("tickets are missing")
        again = Rehearsal(self.timeline, self.draft, self.span, self._standing)
        for life in self._lives[:REPLAYED]:
            again.replay(life.events)
        for ticket, outcome in again.after.items():
            if outcome._replace(mails=()) != rehearsal.after[ticket]._replace(mails=()):
                raise AssertionError(f"{ticket} differs")


def _told_in_time(story: ShortStory) -> list[tuple[TicketEvent, datetime, timedelta]]:
    opened = OPENED.model_copy(update={"opened_at": story.opened_at, "channel": story.channel, "centre": story.centre})
    answered = [(_answered(story.answered_at), story.answered_at, timedelta(seconds=2))] if story.answered_at else []
    return [(opened, story.opened_at, timedelta(seconds=1)), *answered]


def _answered(at: datetime) -> ResponseRecorded:
    return ResponseRecorded(responded_at=at, medium=Medium.EMAIL, by=RespondedBy.PERSON, help_given=True)


def _rang(at: datetime) -> CustomerCallRecorded:
    return CALLED.model_copy(update={"called_at": at, "help_given": False, "merged_into": None})


def _transferred(at: datetime) -> TicketTransferred:
    return MOVED.model_copy(update={"transferred_at": at, "to_centre": "japan"})


def _recorded(
    ticket: str, said: Sequence[tuple[TicketEvent, datetime, timedelta]]
) -> Iterator[RecordedEvent[TicketEvent]]:
    ordered = sorted(said, key=lambda one: one[1] + one[2])
    for number, (event, at, late) in enumerate(ordered, 1):
        yield msgspec.structs.replace(recorded_event(ticket, number, event, at), recordedtime=at + late)
