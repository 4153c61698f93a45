"""What a customer is told of a contract leaves when it is to, on the stepped clock and over the real mail server."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from tests.faults.checked.log import LOGS, ledger
from tests.faults.checked.notices import check_notices
from tests.faults.load import Upstream, publish_the_plan
from tests.faults.script import BEGIN, CONTRACTS_DOOR, Message, said
from tests.faults.system import System

CUSTOMER, CONTRACT = "customer/erp/C-8", "K-bought"
"""A customer of France; the licence is bought for a term of which the offer is due on a Saturday."""
SATURDAY = datetime(2026, 11, 28, 12, tzinfo=UTC)
MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)
"""The centre opens, at nine o'clock in Paris."""
REMINDED = datetime(2026, 12, 28, 8, tzinfo=UTC)
A_TICK = timedelta(microseconds=1)


def bought(at: datetime) -> Message:
    licence = {
        "customer": CUSTOMER,
        "licence_kind": "perpetual",
        "products": ["planetpress-connect"],
        "list_value": "12345.67",
        "currency": "EUR",
        "purchased_on": "2026-02-27",
        "care": {"contract": CONTRACT, "first_day": "2026-02-27", "payment": "yearly"},
    }
    return said(CONTRACTS_DOOR, at, "erp", "bought", "L-bought", "LicencePurchased", licence)


def signed(at: datetime) -> Message:
    form = {"signed_on": f"{at:%Y-%m-%d}", "payment": "yearly"}
    return said(CONTRACTS_DOOR, at, "erp", "signed", CONTRACT, "RenewalSigned", form)


def told(system: System) -> list[tuple[datetime, str, bool]]:
    """The mails about the contract: their instants, subjects, and whether they can be unsubscribed from."""
    found = []
    for mail in system.mail.messages():
        headers = dict(mail["headers"])
        if CONTRACT in mail["subject"]:
            found.append((parsedate_to_datetime(headers["Date"]), mail["subject"], "List-Unsubscribe" in headers))
    return found


async def test_an_offer_leaves_at_the_opening_of_the_centre_and_not_at_midnight(
    system: System, upstream: Upstream
) -> None:
    await system.serve()
    await publish_the_plan(system, upstream)
    await upstream.say([bought(BEGIN)])
    await system.quiet()
    [(at, welcome, _)] = told(system)
    assert (at, "Welcome" in welcome or "Bienvenue" in welcome) == (BEGIN, True)

    await system.advance(SATURDAY)
    await asyncio.to_thread(system.services["notification"].kill)
    await system.ready()
    await system.advance(MONDAY - A_TICK)
    assert len(told(system)) == 1
    await system.advance(MONDAY)
    [_, (at, _, unsubscribed)] = told(system)
    assert (at, unsubscribed) == (MONDAY, False)

    await system.advance(REMINDED)
    [*_, (at, _, unsubscribed)] = told(system)
    assert (len(told(system)), at, unsubscribed) == (3, REMINDED, True)

    await upstream.say([signed(REMINDED)])
    await system.advance(datetime(2027, 3, 5, tzinfo=UTC))
    assert [unsubscribed for *_, unsubscribed in told(system)] == [False, False, True, False]
    books = await system.books(upstream.acknowledged, await system.rebuilt())
    assert list(check_notices(books, {name: ledger(books.topic(name)) for name in LOGS})) == []
