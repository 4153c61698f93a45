"""A ticket is asked for in the seconds in which its cover ends, goes on or comes back, in every order of knowing it.

Whatever was known when: in the end a ticket is open if and only if a term holds the instant at which it was asked for.
What was decided before stays as it was decided.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from libs.chassis.manual_clock import ManualClock
from libs.eventlog.commands import IssuedCommand
from libs.eventlog.loops.writer import Answer
from libs.eventlog.projection import Projection
from libs.eventlog.tables.queries import Queries
from libs.eventlog.wire.record import Record
from libs.messages.base import Event, FactVersion
from libs.messages.contracts import ContractActivated, ContractLapsed, TermKind
from libs.messages.refusals import TicketRefusal
from libs.messages.tickets import CoverRestated, TicketEvent, TicketOpened, TicketRefused
from libs.plan import KnownTerm
from services.intake.facts import FACTS as READ
from services.intake.facts import FactsNeeded
from services.intake.handlers import TicketDoor, TicketDuties
from services.intake.projections import CUSTOMERS, TERMS
from services.intake.ticket_rows import TICKET_ROWS, TicketRow
from tests.unit.intake.examples import CONTRACT, CUSTOMER, PRODUCT, term
from tests.unit.intake.test_intake_projections import ACTIVATED, NEXT, REGISTERED, RENEWED
from tests.unit.intake.test_tickets_door import example
from tests.unit.intake.test_tickets_loop import Books
from tests.unit.recorded import recorded_event

CONNECT, MOST = "planetpress-connect", 5000
KNOWN_AT = datetime(2027, 6, 4, 12, tzinfo=UTC)
"""When the duties look."""
EDGE = CONTRACT.covered_until
SECOND, MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)
AGAIN = term(date(2027, 6, 3), date(2028, 6, 2), number="K-3001")
LAPSED = ContractLapsed(
    contract=CONTRACT.stream,
    customer=CUSTOMER.stream,
    centre="france",
    last_day=CONTRACT.last_day,
    lapsed_at=EDGE,
    detected_at=EDGE,
)
RESUBSCRIBED = ContractActivated(
    **dict(ACTIVATED)
    | {"first_day": AGAIN.first_day, "last_day": AGAIN.last_day, "term_kind": TermKind.RESUBSCRIPTION}
    | {"covered_from": AGAIN.covered_from, "covered_until": AGAIN.covered_until, "follows": CONTRACT.stream}
)
LATE = RENEWED.model_copy(update={"reverses_lapse_at": EDGE})


class Told(NamedTuple):
    """An event of contract, at its place in its stream."""

    stream: str
    sequence: int
    event: Event


CUSTOMER_TOLD, FIRST = Told(CUSTOMER.stream, 1, REGISTERED), Told(CONTRACT.stream, 1, ACTIVATED)
STORIES: dict[str, tuple[tuple[Told, ...], tuple[KnownTerm, ...]]] = {
    "a lapse": ((FIRST, Told(CONTRACT.stream, 2, LAPSED)), (CONTRACT,)),
    "a renewal in time": ((FIRST, Told(CONTRACT.stream, 2, RENEWED)), (CONTRACT, NEXT)),
    "a renewal recorded late": (
        (FIRST, Told(CONTRACT.stream, 2, LAPSED), Told(CONTRACT.stream, 3, LATE)),
        (CONTRACT, NEXT),
    ),
    "a re-subscription": (
        (FIRST, Told(CONTRACT.stream, 2, LAPSED), Told(AGAIN.stream, 1, RESUBSCRIBED)),
        (CONTRACT, AGAIN),
    ),
    "a re-subscription, then a lapse": (
        (FIRST, Told(AGAIN.stream, 1, RESUBSCRIBED), Told(CONTRACT.stream, 2, LAPSED)),
        (CONTRACT, AGAIN),
    ),
}
"""What contract records, in this order, and the terms that are known in the end."""
INSTANTS = (
    *(EDGE - SECOND, EDGE - MICROSECOND, EDGE, EDGE + SECOND),
    *(AGAIN.covered_from - MICROSECOND, AGAIN.covered_from, AGAIN.covered_from + SECOND),
)


class Tickets(Books):
    """Folds the rows of tickets as a reader does."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, TicketRow] = {}
        self._folded: dict[str, int] = {}

    async def handle(self, commands: Sequence[IssuedCommand]) -> list[Answer]:
        answers = await super().handle(commands)
        for event in (answer.event for answer in answers if answer.event):
            if event.sequence > self._folded.get(event.stream, 0):
                found = TICKET_ROWS.evolve(self.rows.get(event.stream), event)
                assert found is not None
                self.rows[event.stream], self._folded[event.stream] = found, event.sequence
        return answers


class Tables(Queries):
    """What intake has read of contract by now, and its named queries, word by word, in Python."""

    def __init__(self, tickets: Tickets) -> None:
        self.tickets, self.asked = tickets, list[int]()
        self._rows: dict[str, dict[tuple[Any, ...], Any]] = {"customers": {}, "terms": {}}

    def read(self, told: Told) -> None:
        """Fold an event of contract."""
        event = recorded_event(*told)
        projection: Projection[Any]
        for projection in (CUSTOMERS, TERMS):
            if type(told.event) in projection.events:
                rows = self._rows[projection.table]
                rows |= {key: projection.evolve(rows.get(key), event) for key in projection.keys(event)}

    async def rows(self, name: str, **values: Any) -> list[dict[str, Any]]:
        if name == "facts_for_tickets":
            needed = [FactsNeeded(*place) for place in zip(*values.values(), strict=True)]
            self.asked.append(len(needed))
            return [{"facts": READ.dump_json(READ.validate_python(self._facts(one)))} for one in needed]
        matches: dict[str, Callable[[TicketRow], object]] = {
            "refusals_to_restate": lambda row: row.lacks_cover and self._holds(row),
            "tickets_to_reconsider": lambda row: row.lacks_customer and self._holds(row),
            "restated_to_open": lambda row: row.restated_at,
        }
        found = [row for row in self.tickets.rows.values() if matches[name](row)]
        return [
            {**row._asdict(), "head": f"{row.stream} {len(self.tickets.histories[row.stream])}", "correlation": "c"}
            for row in found[: values["most"]]
        ]

    def _facts(self, needed: FactsNeeded) -> dict[str, Any]:
        customer = self._rows["customers"].get((needed.customer,))
        mine = [row for row in self._rows["terms"].values() if row.customer == needed.customer]
        return {
            "customer": customer and {**customer._asdict(), "has_contract": bool(mine)},
            "terms": [row._asdict() for row in mine if needed.product in row.products],
            "product": PRODUCT,
        }

    def _holds(self, row: TicketRow) -> bool:
        assert row.opened_at is not None
        return (row.customer,) in self._rows["customers"] and any(
            term.customer == row.customer
            and row.product in term.products
            and term.covered_from <= row.opened_at < term.covered_until
            for term in self._rows["terms"].values()
        )


class Intake:
    """The door and the duties of intake, on what it has read by now."""

    def __init__(self) -> None:
        self.tickets = Tickets()
        self.tables = Tables(self.tickets)
        clock = ManualClock(datetime(2029, 1, 1, tzinfo=UTC))
        host: Any = SimpleNamespace(queries=self.tables, clock=clock, cards={})
        settings: Any = SimpleNamespace(tolerance=timedelta())
        books: Any = self.tickets
        host.cards = {"olcare.private.v1": SimpleNamespace(partitions=1)}
        self._door, self._duties = TicketDoor(host, settings, books, books), TicketDuties(host, settings)

    async def take(self, asked: Sequence[Record], size: int) -> None:
        """Take records in batches."""
        for start in range(0, len(asked), size):
            batch = [(record, self._door.read(record)) for record in asked[start : start + size]]
            await self._door.apply_held(await self._door.answer(await self._door.issue(batch)))

    async def do_duties(self) -> int:
        """Do what is due until nothing is any more; gives the number of commands."""
        total = 0
        while commands := [
            command
            for duty in (self._duties.refused, self._duties.covered, self._duties.restated)
            for command in await duty(KNOWN_AT, MOST)
        ]:
            total += len(commands)
            await self.tickets.handle(commands)
        return total


def asked_at(number: str, at: datetime) -> Record:
    return example("TicketSubmitted", subject=number, id=f"id-{number}", time=at.isoformat())


def on_the_wall(terms: Sequence[KnownTerm], at: datetime) -> KnownTerm | None:
    """The term that has the date on the wall of its centre."""
    today = [one for one in terms if one.first_day <= at.astimezone(ZoneInfo(one.zone)).date() <= one.last_day]
    return max(today, key=lambda one: one.last_day, default=None)


def check(history: Sequence[TicketEvent], at: datetime, expected: KnownTerm | None) -> None:
    """Whatever was known when, the end is what follows from all that is known, and the beginning was not rewritten."""
    first = history[0]
    assert isinstance(first, TicketOpened | TicketRefused)
    assert first.opened_at == at
    kinds = [type(event) for event in history]
    if expected is None:
        assert set(kinds) == {TicketRefused}
        return
    opened = history[-1]
    assert isinstance(opened, TicketOpened)
    assert (opened.cover.contract, opened.cover.last_day) == (expected.stream, expected.last_day)
    assert FactVersion(stream=expected.stream, sequence=expected.sequence) in opened.rests_on
    if restated := [event for event in history if isinstance(event, CoverRestated)]:
        assert kinds[-2:] == [CoverRestated, TicketOpened]
        assert (restated[0].opened_at, opened.opened_at) == (at, KNOWN_AT)
        assert (restated[0].cover, restated[0].rests_on) == (opened.cover, opened.rests_on)
    else:
        assert opened.opened_at == at
        assert all(getattr(event, "reason", None) in {None, TicketRefusal.UNKNOWN_CUSTOMER} for event in history)


def terms_in_the_end(told: Sequence[Told], terms: Sequence[KnownTerm]) -> Iterator[KnownTerm]:
    """The terms with the places of the events that began them."""
    for one in terms:
        (place,) = [
            t.sequence for t in told if t.stream == one.stream and getattr(t.event, "first_day", None) == one.first_day
        ]
        yield KnownTerm(**{**vars(one), "sequence": place})


@pytest.mark.parametrize("size", [1, 7, 500])
@pytest.mark.parametrize("at_once", [True, False], ids=["duties at once", "duties in the end"])
@pytest.mark.parametrize("known_first", [True, False], ids=["customer known", "customer told last"])
@pytest.mark.parametrize("story", STORIES)
async def test_whatever_was_known_when_the_end_is_what_follows_from_all_that_is_known(
    story: str, size: int, *, at_once: bool, known_first: bool
) -> None:
    told, terms = STORIES[story]
    told = (CUSTOMER_TOLD, *told) if known_first else (*told, CUSTOMER_TOLD)
    intake, asked = Intake(), dict[str, datetime]()
    for step in range(len(told) + 1):
        batch = {f"{step}-{place}-{n}": at for place, at in enumerate(INSTANTS) for n in range(2)}
        await intake.take([asked_at(number, at) for number, at in batch.items()], size)
        asked |= batch
        if step < len(told):
            intake.tables.read(told[step])
        if at_once:
            await intake.do_duties()
    await intake.do_duties()
    end = list(terms_in_the_end(told, terms))
    for number, at in asked.items():
        check(intake.tickets.histories[f"ticket/crm-eu/{number}"], at, on_the_wall(end, at))
    assert await intake.do_duties() == 0


async def test_k7_who_asked_a_microsecond_before_the_end_keeps_the_cover_whatever_is_recorded_after() -> None:
    intake = Intake()
    for told in (CUSTOMER_TOLD, FIRST):
        intake.tables.read(told)
    await intake.take([asked_at("1", EDGE - SECOND)], 1)
    before = list(intake.tickets.histories["ticket/crm-eu/1"])
    for told in (Told(CONTRACT.stream, 2, LAPSED), Told(AGAIN.stream, 1, RESUBSCRIBED)):
        intake.tables.read(told)
        assert await intake.do_duties() == 0
    assert intake.tickets.histories["ticket/crm-eu/1"] == before
    answered = example("ResponseGiven", subject="1", time=(EDGE + timedelta(hours=9)).isoformat())
    await intake.take([answered], 1)
    assert intake.tickets.rows["ticket/crm-eu/1"].responses == 1


@pytest.mark.thorough
async def test_k14_ten_thousand_tickets_of_one_customer_are_opened_and_nobody_counts_them() -> None:
    intake = Intake()
    for told in (CUSTOMER_TOLD, FIRST):
        intake.tables.read(told)
    at = CONTRACT.covered_until - timedelta(days=30)
    await intake.take([asked_at(str(number), at) for number in range(10_000)], 500)
    histories = list(intake.tickets.histories.values())
    assert len(histories) == 10_000
    assert {len(history) for history in histories} == {1}
    assert {history[0].model_dump_json() for history in histories} == {histories[0][0].model_dump_json()}
    assert isinstance(histories[0][0], TicketOpened)
    assert intake.tables.asked == [500] * 20
    assert await intake.do_duties() == 0
