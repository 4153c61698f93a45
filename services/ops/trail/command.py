"""`olcare record` and `olcare receipt`: a record, its verdict, why it came, what it led to; receipts for ever."""

from collections.abc import Iterator
from typing import Annotated, Any, assert_never

import typer
from pydantic import TypeAdapter, ValidationError

from libs.eventlog.wire.cloudevents import identity_of
from libs.eventlog.wire.record import Record
from libs.messages.base import EventId
from libs.messages.places import RecordAddress
from libs.messages.receipts import Outcome
from services.ops.cli.arguments import PlaceGiven, place
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, Refused, cell, run, show, table
from services.ops.door.stored_dead_letters import StoredDeadLetter, letters
from services.ops.trail.causes import Asker, Why, causes
from services.ops.trail.effects import Effects, effects, in_words
from services.ops.trail.links import Link
from services.ops.trail.opened import Trail, trail
from services.ops.trail.receipts import KnownReceipt, receipts
from services.ops.trail.records import MASKED, RecordView, effects_of, record_at, view_of
from services.ops.trail.verdicts import RecordStanding, RecordVerdict

COLUMNS = ("recorded_at", "occurred_at", "what", "stream", "place")
SHOWN = 40
"""Effects that are listed; all of them by --json."""
record_app = typer.Typer(no_args_is_help=True, help="One record: whether it counts, why it came, what it led to.")
receipt_app = typer.Typer(no_args_is_help=True, help="What became of a message, by its source and its id.")


def what(text: str) -> RecordAddress | str:
    """Read the id of an event, or the address of a record; raises BadParameter."""
    if "/" in text:
        return place(text)
    try:
        return str(TypeAdapter(EventId).validate_python(text))
    except ValidationError:
        raise typer.BadParameter(f"{text!r} is neither the id of an event nor topic/partition/offset") from None


@record_app.command("show")
def show_(ctx: typer.Context, at: PlaceGiven, *, as_json: AsJson = False) -> None:
    """Show a record with its verdict, its cause and what it led to; what may be personal is left out."""
    found, why, after = run(_shown(environment(ctx), at))
    whole = {
        **found._asdict(),
        "address": found.address.text(),
        "cause": _why_data(why) if why else None,
        "effects": dict(after.counts),
    }
    show(whole, as_json=as_json, otherwise=lambda: table(_lines(found, why, after), ("what", "is")))


@record_app.command()
def why(
    ctx: typer.Context,
    of: Annotated[
        Any, typer.Argument(parser=what, metavar="EVENT", help="The id of an event, or topic/partition/offset.")
    ],
    *,
    forward: Annotated[bool, typer.Option("--effects", help="Say what it led to, in place of why it came.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say why something came, back to the records at the doors; or what it led to, by type."""
    if forward:
        after = run(_effects(environment(ctx), of))
        data = {"counts": dict(after.counts), "more": after.more, "effects": [_link_data(one) for one in after.links]}
        title = f"{in_words(after.counts)}{' and more' if after.more else ''}"
        show(data, as_json=as_json, otherwise=lambda: table(map(_row, after.links[:SHOWN]), COLUMNS, title=title))
        return
    found = run(_causes(environment(ctx), of))
    show(_why_data(found), as_json=as_json, otherwise=lambda: table(_steps(found), ("why", *COLUMNS)))


@receipt_app.command("show")
def show_receipt(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="As the message says it.")],
    message: Annotated[str, typer.Argument(metavar="ID", help="As the message says it.")],
    *,
    number: Annotated[
        str | None, typer.Option(help="Of the ticket, customer or contract it is about: it is found sooner.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what became of a message, however long ago: from the events, and from the dead letters that are kept."""
    found, dead = run(_receipts(environment(ctx), source, message, number))
    rows = [*(_receipt_data(one) for one in found), *(_dead_data(one, source, message) for one in dead)]
    columns = ("recorded_at", "outcome", "event_type", "stream", "reason", "place")
    show(rows, as_json=as_json, otherwise=lambda: table(rows, columns))


async def _shown(here: Environment, at: RecordAddress) -> tuple[RecordView, Why | None, Effects]:
    async with trail(here) as asked:
        found = await view_of(asked.chain, asked.cards, await record_at(asked.log, asked.cards, at))
        counting = found.verdict.counting
        told = await causes(asked.chain, [counting.id]) if counting else {}
        return found, told.get(counting.id) if counting else None, await effects_of(asked.chain, found)


async def _causes(here: Environment, of: RecordAddress | str) -> Why:
    async with trail(here) as asked:
        counting = await _counting(asked, of)
        if counting is None:
            return Why(None, door=of.text() if isinstance(of, RecordAddress) else of)
        return (await causes(asked.chain, [counting.id]))[counting.id]


async def _effects(here: Environment, of: RecordAddress | str) -> Effects:
    async with trail(here) as asked:
        counting = await _counting(asked, of)
        assert counting or isinstance(of, RecordAddress)  # noqa: S101 - an id that is not there is refused
        return await effects(asked.chain, counting or of)  # type: ignore[arg-type] # as asserted


async def _counting(asked: Trail, of: RecordAddress | str) -> Link | None:
    """The event that counts by an id or in place of a record; None of a record at a door. Raises Refused."""
    if isinstance(of, str):
        found = await asked.chain.of_ids([of])
        if of not in found:
            raise Refused(f"no event that counts has the id {of}")
        return found[of]
    return (await view_of(asked.chain, asked.cards, await record_at(asked.log, asked.cards, of))).verdict.counting


async def _receipts(
    here: Environment, source: str, message: str, number: str | None
) -> tuple[list[KnownReceipt], list[StoredDeadLetter]]:
    async with trail(here) as asked:
        found = await receipts(asked.chain, asked.log, asked.cards, source, message, number)
        kept = await letters(here.kafka_address(), asked.log)
    dead = [one for one in kept if _identity(one) == (source, message)]
    if not found and not dead:
        raise Refused(f"nothing is known of a message {message} of {source}: no event came of it, and no dead letter")
    return found, dead


def _identity(dead: StoredDeadLetter) -> tuple[str | None, str | None]:
    letter = dead.letter
    headers = [(header.name, header.value or b"") for header in letter.headers]
    record = Record(letter.place.topic, letter.place.partition, letter.place.offset, None, letter.value, headers, 0)
    return identity_of(record)


def _link_data(link: Link) -> dict[str, Any]:
    return {**link._asdict(), "place": link.address.text()}


def _row(link: Link) -> dict[str, object]:
    return {
        "recorded_at": link.recorded_at,
        "occurred_at": link.occurred_at,
        "what": link.type.split(".")[1],
        "stream": f"{link.stream} {link.sequence}",
        "place": link.address.text(),
    }


def _why_data(found: Why) -> dict[str, Any]:
    return {
        "asker": found.asker,
        "door": found.door,
        "event": _link_data(found.link) if found.link else None,
        "because": [_why_data(each) for each in found.because],
        "seen": found.seen,
    }


def _steps(found: Why, depth: int = 0) -> Iterator[dict[str, object]]:
    """The event, then what it goes back to, each a step further in."""
    indent = "  " * depth
    if found.link is None:
        yield {"why": f"{indent}said at a door", "place": found.door}
        return
    asker = f"by a {found.asker}" if found.asker is not Asker.UNKNOWN else "as written before causes were"
    yield {**_row(found.link), "why": f"{indent}{asker}{', as above' if found.seen else ''}"}
    for each in found.because:
        yield from _steps(each, depth + 1)


def _lines(found: RecordView, why: Why | None, after: Effects) -> Iterator[dict[str, object]]:
    yield {"what": "place", "is": found.address.text()}
    yield {"what": "verdict", "is": _in_words(found.verdict)}
    yield {"what": "appended_at", "is": found.appended_at}
    yield {"what": "key", "is": found.key}
    for name, held in found.headers:
        yield {"what": f"header {name}", "is": held}
    yield {"what": "size", "is": found.size}
    yield {"what": "sha256", "is": found.sha256}
    if isinstance(found.value, dict):
        yield from ({"what": name, "is": value} for name, value in found.value.items())
    else:
        yield {"what": "value", "is": MASKED if found.masked else found.value}
    for step in _steps(why) if why else ():
        yield {"what": "why", "is": " ".join(cell(value) if n else str(value) for n, value in enumerate(step.values()))}
    yield {"what": "effects", "is": in_words(after.counts)}


def _in_words(found: RecordVerdict) -> str:
    where = found.counting.address.text() if found.counting else "another one"
    match found.standing:
        case RecordStanding.COUNTS:
            return "it counts"
        case RecordStanding.REPEAT:
            return f"void: a repeat of {where}"
        case RecordStanding.LOSER:
            return f"void: the loser to {where}"
        case RecordStanding.SET_ASIDE:
            return "void: it is set aside in the topic's card"
        case RecordStanding.NOT_JUDGED:
            return "not judged yet: audit has not read so far, see `olcare lag`"
        case RecordStanding.NO_LOG:
            return "nothing counts on this topic: it is no log"
        case _:
            assert_never(found.standing)


def _receipt_data(found: KnownReceipt) -> dict[str, Any]:
    return {**found._asdict(), "doubts": list(found.doubts), "from": "the log"}


def _dead_data(dead: StoredDeadLetter, source: str, message: str) -> dict[str, Any]:
    return {
        "source": source,
        "id": message,
        "outcome": Outcome.UNREADABLE,
        "recorded_at": dead.written_at,
        "place": dead.letter.place.text(),
        "reason": str(dead.letter.reason),
        "where": dead.letter.where,
        "message": dead.letter.message,
        "from": "the dead letters",
    }
