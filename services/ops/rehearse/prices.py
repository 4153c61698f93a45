"""What was offered, quoted and signed for in a history, and what it would have cost by the price lists of a draft."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from libs.eventlog.wire.record import RecordedEvent
from libs.messages.contracts import ContractLapsed, ContractRenewed, ContractResubscribed, RenewalOffered
from libs.messages.licences import LicenceRegistered
from libs.messages.money import Price
from libs.messages.tickets import TicketRefused
from libs.plan import NoPrice, PriceKind, as_price, quote
from libs.workcal import zone
from services.ops.rehearse.findings import PriceChange, PriceTotal
from services.ops.rehearse.timeline import PlanTimeline

PRICED = (LicenceRegistered, RenewalOffered, ContractRenewed, ContractResubscribed, ContractLapsed, TicketRefused)
"""The events that say a price first; reminders say once more what was offered."""


class PriceAsked(NamedTuple):
    """What a price was asked for: of which kind, for which local day."""

    kind: PriceKind
    on: date
    price: Price


def price_changes(
    events: Iterable[RecordedEvent], before: PlanTimeline, after: PlanTimeline, since: datetime
) -> tuple[list[PriceChange], list[PriceTotal]]:
    """What was priced since an instant, and how much of it would be otherwise; events of a stream stand in order."""
    priced = [one for one in _priced(events, before, after) if one.at >= since]
    changes = [one for one in priced if (one.before, one.before_list) != (one.after, one.after_list)]
    ordered = sorted(priced, key=_group)
    return changes, [_total(*group, list(some)) for group, some in groupby(ordered, key=_group)]


def _group(one: PriceChange) -> tuple[str, str, str]:
    return one.currency, one.said, one.kind


def _total(currency: str, said: str, kind: str, some: Sequence[PriceChange]) -> PriceTotal:
    changed = sum((one.before, one.before_list) != (one.after, one.after_list) for one in some)
    before, after = sum(Decimal(one.before) for one in some), sum(Decimal(one.after or 0) for one in some)
    return PriceTotal(
        currency=currency,
        said=said,
        kind=kind,
        prices=len(some),
        changed=changed,
        before=f"{before:f}",
        after=f"{after:f}",
    )


def _priced(events: Iterable[RecordedEvent], before: PlanTimeline, after: PlanTimeline) -> Iterator[PriceChange]:
    offered: dict[tuple[str, date], Price | None] = {}
    for event in events:
        asked = asked_in(event.data, before)
        if asked is None:
            continue
        found = _price(after, asked, event.recordedtime)
        match event.data:
            case RenewalOffered(first_day=day):
                offered[event.stream, day] = found
            case ContractRenewed(first_day=day):
                found = offered.get((event.stream, day), found)
            case _:
                pass
        yield _change(event, asked, found)


def _change(event: RecordedEvent, asked: PriceAsked, found: Price | None) -> PriceChange:
    known = asked.price
    return PriceChange(
        stream=event.stream,
        said=type(event.data).__name__,
        at=event.recordedtime,
        kind=str(asked.kind),
        on=asked.on,
        currency=known.currency,
        licence_value=known.licence_value,
        before=known.amount,
        after=found.amount if found else None,
        before_list=known.price_list,
        after_list=found.price_list if found else None,
    )


def asked_in(event: Any, timeline: PlanTimeline) -> PriceAsked | None:
    """What an event says a price for; None where it says none."""
    match event:
        case LicenceRegistered(first_term=term, purchased_on=on) if term.price:
            return PriceAsked(PriceKind.FIRST_YEAR, on, term.price)
        case RenewalOffered(price=Price() as price, due_at=at, zone=name):
            return PriceAsked(PriceKind.RENEWAL, _local_day(at, name), price)
        case ContractRenewed(price=Price() as price, signed_on=on):
            return PriceAsked(PriceKind.RENEWAL, on, price)
        case ContractResubscribed(term=term, signed_on=on) if term.price:
            return PriceAsked(PriceKind.RESUBSCRIPTION, on, term.price)
        case ContractLapsed(price_to_return=Price() as price, last_day=last):
            return PriceAsked(PriceKind.RESUBSCRIPTION, last + timedelta(days=1), price)
        case TicketRefused(price_to_return=Price() as price, opened_at=at, centre=centre):
            newest = timeline.grounds.calendars.get(centre or "")
            return PriceAsked(
                PriceKind.RESUBSCRIPTION, _local_day(at, newest[-1].content.zone if newest else "UTC"), price
            )
        case _:
            return None


def _local_day(instant: datetime, name: str) -> date:
    return instant.astimezone(zone(name)).date()


def _price(timeline: PlanTimeline, asked: PriceAsked, known_at: datetime) -> Price | None:
    value = asked.price.licence_value
    try:
        found = quote(timeline.prices_by(known_at), asked.price.currency, asked.kind, Decimal(value), asked.on)
    except NoPrice:
        return None
    return as_price(found, value)
