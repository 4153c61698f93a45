"""Contracts out of step with their calendar: told of all at once, or after a standstill over several dates."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from libs.stack.run import Run
from tests.faults.load import Upstream
from tests.faults.script import the_plan
from tests.faults.system import System
from tests.year import read
from tests.year.cast import BEGIN, HOMES, Customer, Fate
from tests.year.read import CONTRACTS
from tests.year.reckoned import Course

NEVER = [customer for n in range(200) if (customer := Customer(n)).fate is Fate.NEVER][: len(HOMES)]


@pytest.fixture
def run(request: pytest.FixtureRequest) -> Iterator[Run]:
    """A folder of its own; the logs stay for a look where the test failed."""
    failed, run = request.session.testsfailed, Run.create(name="downtime")
    try:
        yield run
    finally:
        run.close(keep_logs=request.session.testsfailed > failed)


async def test_a_standstill_over_several_dates_sends_the_latest_reminder_alone(run: Run) -> None:
    assert {customer.home for customer in NEVER} == set(HOMES)
    system = System(run, BEGIN)
    upstream = Upstream(system.kafka.address)
    try:
        await system.start()
        await system.serve("contract", "notification")
        await upstream.say(the_plan(BEGIN, cycles=None))
        for message in sorted((m for c in NEVER for m in c.messages()), key=lambda message: message.at):
            if message.topic.startswith("olcare.contracts"):
                await system.advance(message.at)
                await upstream.say([message])
        last = max(customer.last_day for customer in NEVER)
        first = min(customer.last_day for customer in NEVER)
        await _stand_still(system, _noon(first) - timedelta(days=95), _noon(last) - timedelta(days=5))
        await _stand_still(system, system.clock.now(), _noon(last) + timedelta(days=3))
        books = await system.books(upstream.acknowledged)
    finally:
        await upstream.close()
    contracts = read.counting(books, CONTRACTS)
    for customer in NEVER:
        found = [(e.name, e.data.get("days_before")) for e in contracts[f"contract/erp/K-{customer.number}"]]
        assert found == _expected(customer, _noon(last) - timedelta(days=5))
        ended = contracts[f"contract/erp/K-{customer.number}"][-1]
        assert datetime.fromisoformat(ended.data["lapsed_at"]) == Course(customer).first().ends


async def test_a_purchase_and_the_renewal_after_it_may_be_told_in_one_breath(run: Run) -> None:
    system = System(run, BEGIN)
    upstream = Upstream(system.kafka.address)
    customer = NEVER[0]
    try:
        await system.start()
        await system.serve("contract")
        await upstream.say(the_plan(BEGIN, cycles=None))
        await system.quiet()
        registered, bought, *_ = customer.messages()
        await upstream.say([registered])
        await system.advance(bought.at)
        signed = customer.renewal(customer.first_day)
        await upstream.say([message._replace(key=b"one breath") for message in (bought, signed)])
        await system.quiet()
        books = await system.books(upstream.acknowledged)
    finally:
        await upstream.close()
    contracts = read.counting(books, CONTRACTS)
    found = [event.name for event in contracts[f"contract/erp/K-{customer.number}"]]
    assert found == ["ContractActivated", "ContractRenewed", "TermBegan"]
    begins = Course(customer).first().begins
    assert read.benefits(contracts[f"entitlements/erp/C-{customer.number}"]) == [(True, begins)]
    assert {outcome for outcome, _ in read.outcomes(books, "olcare.contracts.receipts.v1").values()} == {"accepted"}


def _noon(day: object) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+00:00")


async def _stand_still(system: System, begin: datetime, end: datetime) -> None:
    """Let contract be away between two instants."""
    if begin > system.clock.now():
        await system.advance(begin)
    await system.stop("contract")
    await asyncio.to_thread(system.step_clock, end)
    await system.serve("contract")
    await system.quiet()


def _expected(customer: Customer, woken: datetime) -> list[tuple[str, int | None]]:
    """All that was missed is told at once: the offer, of the reminders the latest; at the next waking it is over."""
    ends = Course(customer).first().ends
    begun: list[tuple[str, int | None]] = [("ContractActivated", None), ("TermBegan", None)]
    if woken >= ends:
        return [*begun, ("ContractLapsed", None)]
    due = [days for days in (60, 30, 7, 1) if customer.midnight(customer.last_day - timedelta(days=days)) <= woken]
    skipped = [("RenewalReminderSkipped", days) for days in due[:-1]]
    return [*begun, ("RenewalOffered", None), *skipped, ("RenewalReminded", due[-1]), ("ContractLapsed", None)]
