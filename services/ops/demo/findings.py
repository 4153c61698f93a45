"""What came of the story: figures as services and topics tell them, and the proof that tables equal the log."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from libs.eventlog.tables.queries import Queries
from libs.messages.catalogue import UPSTREAM
from libs.messages.refusals import TicketRefusal
from libs.stack.catcher import MailCatcher
from services.ops.demo.figures import (
    Answered,
    AskedFor,
    ContractFigure,
    ContractNews,
    Figures,
    NoticeFigure,
    NotTaken,
    Promised,
)
from services.ops.demo.stage import Stage
from services.ops.demo.topics import LogEvent, Topics
from services.ops.watch.projections import Proof, engine, proofs
from services.ops.watch.services import SERVICES, chosen, tables

OWN_QUERIES = Path(__file__).with_name("queries.sql")


class Mails(NamedTuple):
    """The catcher's journal in two figures."""

    arrived: int
    distinct: int
    """By `Message-ID`."""


async def find(stage: Stage, topics: Topics) -> Figures:
    """Count what the services' tables, the topics and the mailboxes hold; raises Unavailable and Refused."""
    return Figures(
        tickets=_counter(AskedFor, await _rows(stage, "intake", "tickets_asked_for")),
        promises=_counter(Promised, await _rows(stage, "sla_timer", "promises_made")),
        notices=_counter(NoticeFigure, await _rows(stage, "notification", "notices_told")),
        mails=Counter(to for message in stage.catcher.messages() for to in message["rcpt_to"]),
        receipts=Counter(
            Answered(door, str(receipt.outcome)) for door, book in topics.doors.items() for receipt in book.receipts
        ),
        dead_letters=Counter(str(letter.reason) for door in UPSTREAM for letter in topics.doors[door].letters),
        not_taken=Counter(
            NotTaken(event.type, str(event.data["reason"])) for event in topics.events if "reason" in event.data
        ),
        contracts=Counter(found for event in topics.events if (found := _of_contract(event))),
        events=Counter(event.type for event in topics.events),
    )


def _of_contract(event: LogEvent) -> ContractFigure | None:
    data = event.data
    match event.type:
        case "olcare.RenewalOffered.v1":
            return _priced(ContractNews.OFFERED, data["centre"], data.get("price"))
        case "olcare.ContractRenewed.v1":
            return _priced(ContractNews.RENEWED, data["centre"], data.get("price"))
        case "olcare.ContractLapsed.v1":
            return _priced(ContractNews.LAPSED, data["centre"], data.get("price_to_return"))
        case "olcare.ContractResubscribed.v1":
            return _priced(ContractNews.TAKEN_UP, data["term"]["centre"], data["term"].get("price"))
        case "olcare.TicketRefused.v1" if data["reason"] == TicketRefusal.COVER_LAPSED:
            return _priced(ContractNews.REFUSED, data["centre"], data.get("price_to_return"))
        case _:
            return None


def _priced(what: ContractNews, centre: str, price: Mapping[str, Any] | None) -> ContractFigure:
    return ContractFigure(centre, what, price["amount"], price["currency"]) if price else ContractFigure(centre, what)


def mails(catcher: MailCatcher) -> Mails:
    """Count what arrived."""
    names = [message["message_id"] for message in catcher.messages()]
    return Mails(len(names), len(set(names)))


async def prove(stage: Stage) -> list[Proof]:
    """Fold the log afresh for every reader of every service and compare; raises Unavailable."""
    found: list[Proof] = []
    for service, reader in chosen([]):
        async with engine(stage.environment(), service, reader) as opened:
            live, different = await opened.verify(reader.name)
        if live:
            found += proofs(f"{service.name}.{reader.name}", live, different)
    return found


async def _rows(stage: Stage, service: str, query: str) -> list[dict[str, Any]]:
    async with tables(stage.postgres, SERVICES[service]) as database:
        return await Queries(database, OWN_QUERIES).rows(query)


def _counter(kind: Any, rows: list[dict[str, Any]]) -> Counter[Any]:
    return Counter({kind(**{name: row[name] for name in kind._fields}): row["number"] for row in rows})
