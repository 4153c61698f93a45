"""The year on a whole installation: said day by day, read back, and compared with what was reckoned."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from libs.messages.sources import PLAN_SOURCE
from libs.stack.run import Run
from tests.faults.checked.log import Event
from tests.faults.checker import counted, findings, grown, more
from tests.faults.load import Upstream
from tests.faults.script import CONTRACTS_DOOR, Message, said, the_plan
from tests.faults.system import System
from tests.year import read
from tests.year.cast import BEGIN, DEARER_FROM, DEARER_SAID, END, HOMES, PRODUCT, Customer
from tests.year.reckoned import REFUSED, Course


def everything_said(customers: Sequence[Customer]) -> list[Message]:
    """The whole year, in order: what is said at one instant is said in one breath."""
    messages = [message for customer in customers for message in customer.messages()]
    return sorted((*messages, *_dearer_lists()), key=lambda message: message.at)


def _dearer_lists() -> Iterator[Message]:
    at = BEGIN.replace(year=DEARER_SAID.year, month=DEARER_SAID.month, day=DEARER_SAID.day, hour=0)
    for currency, digits in sorted({(home.currency, home.digits) for home in HOMES}):
        content = {
            "currency": currency,
            "version": 2,
            "minor_digits": digits,
            "first_year": 2000,
            "renewal": 2200,
            "resubscription": 2700,
            "applies_from": str(DEARER_FROM),
            "status": "assumption",
        }
        data = {"publication": {"part": "prices", "content": content}}
        yield said(CONTRACTS_DOOR, at, PLAN_SOURCE, f"prices-{currency}-2", currency, "PlanPartSubmitted", data)


class Year:
    """Plays it from an empty folder to the findings, which are empty where everything is as reckoned."""

    def __init__(self, customers: int, tell: Callable[[str], None] = lambda _: None) -> None:
        self._customers = [Customer(number) for number in range(customers)]
        self._tell = tell
        self.found: list[str] = []

    async def play(self, run: Run) -> None:
        """Go through the year, drop and rebuild every database, and read everything once more."""
        system = System(run, BEGIN)
        upstream = Upstream(system.kafka.address)
        try:
            await system.start()
            await system.serve()
            await upstream.say(the_plan(BEGIN, cycles=None))
            await self._live(system, upstream)
            await self._check(system, upstream)
        finally:
            await upstream.close()

    async def _live(self, system: System, upstream: Upstream) -> None:
        for at, together in groupby(everything_said(self._customers), key=lambda message: message.at):
            await system.advance(at)
            await upstream.say(list(together))
            if at.day == 1:
                self._tell(f"{at:%Y-%m-%d}: {len(upstream.said)} messages")
        await system.advance(END)

    async def _check(self, system: System, upstream: Upstream) -> None:
        before = await self._as_reckoned(system, upstream)
        after = await system.books(upstream.acknowledged, await system.rebuilt())
        self.found += [*findings(after), *upstream.disagreements(after), *more(before, counted(after))]
        self._tell("rebuilt")
        await system.read_everything_again()
        again = await system.books(upstream.acknowledged)
        self.found += [f"after a full re-read: {sentence}" for sentence in (*grown(after, again), *findings(again))]

    async def _as_reckoned(self, system: System, upstream: Upstream) -> Mapping[str, int]:
        """Compare all customers; gives how much there is, since the books themselves are large."""
        books = await system.books(upstream.acknowledged)
        came = read.Outcome.of(books)
        self.found += [finding for customer in self._customers for finding in compared(customer, came)]
        self._tell("compared")
        return counted(books)


def compared(customer: Customer, came: read.Outcome) -> Iterator[str]:
    """What is otherwise than reckoned of one customer."""
    course, contracts = Course(customer), came.contracts
    n = customer.number
    pairs: Mapping[str, tuple[object, object]] = {
        f"contract/erp/K-{n}": (course.happenings(), _happened(contracts, f"contract/erp/K-{n}")),
        f"contract/erp/R-{n}": (course.successor(), _happened(contracts, f"contract/erp/R-{n}")),
        f"entitlements/erp/C-{n}": (
            [(PRODUCT, *change) for change in course.benefits()],
            [(e.data["product"], *read.benefits([e])[0]) for e in contracts.get(f"entitlements/erp/C-{n}", ())],
        ),
        f"mails to customer/erp/C-{n}": (
            [(kind, "") for kind in course.mails()],
            sorted(mail for k in "KR" for mail in came.mails.get(f"contract/erp/{k}-{n}", ())),
        ),
        **dict(_tickets(customer, course, came)),
        **dict(_receipts(customer, came)),
    }
    for about, (reckoned, found) in pairs.items():
        if reckoned != found:
            yield f"{about} ({customer.fate}): reckoned {reckoned}, found {found}"


def _happened(contracts: Mapping[str, Sequence[Event]], stream: str) -> list[object]:
    return [one for event in contracts.get(stream, ()) if (one := read.happening(event))]


def _tickets(customer: Customer, course: Course, came: read.Outcome) -> Iterator[tuple[str, tuple[object, object]]]:
    if not customer.opens_tickets:
        return
    for name, expected in course.tickets().items():
        stream = f"ticket/crm/{customer.number}-{name}"
        yield stream, (expected, list(read.tickets(came.tickets.get(stream, ()))))


def _receipts(customer: Customer, came: read.Outcome) -> Iterator[tuple[str, tuple[object, object]]]:
    refused = REFUSED.get(customer.fate, {})
    for message in customer.messages():
        event = json.loads(message.value or b"")
        if event["source"] != "erp":
            continue
        kind, monthly = event["type"].split(".")[2], event["data"].get("payment") == "monthly"
        reason = refused.get(f"{kind} monthly" if monthly else kind)
        expected = ("refused", reason) if reason else ("accepted", None)
        yield event["id"], (expected, came.outcomes.get(("erp", event["id"])))
