"""`olcare trigger`: send a sample message to its door, as an upstream system would."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from libs.chassis.clock import draw_id
from libs.eventlog.client.door_client import taken, why_not
from libs.eventlog.client.messages import Mode, door_of, door_record
from libs.messages.base import rfc3339
from libs.messages.catalogue import UPSTREAM
from libs.messages.receipts import Receipt
from services.ops.cli.arguments import instant
from services.ops.cli.door_client import door_client
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, Refused, run, show

Json = dict[str, Any]


def trigger(
    ctx: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="TicketSubmitted, ResponseGiven, CustomerSubmitted …")],
    *,
    source: Annotated[str | None, typer.Option(help="The upstream system.")] = None,
    subject: Annotated[str | None, typer.Option(help="The number of what it is about.")] = None,
    identity: Annotated[str | None, typer.Option("--id", help="The message's name; else one drawn.")] = None,
    time: Annotated[
        datetime | None, typer.Option(parser=instant, metavar="INSTANT", help="When it happened; else plan time.")
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="FIELD=TEXT", help="A field of the data, requester.name=Me; a value in JSON by :="
        ),
    ] = None,
    binary: Annotated[bool, typer.Option("--binary", help="In binary mode, the attributes as headers.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="For the receipt; exit code 1 where it was not taken.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say the sample of a type at its door, as an upstream system would; nothing is checked but by the door."""
    here = environment(ctx)
    said = sample(here.contracts, kind)
    named = {"source": source, "subject": subject, "id": identity or f"trigger-{draw_id()}"}
    said |= {name: value for name, value in named.items() if value is not None}
    said["time"] = rfc3339(time or here.clock().now())
    for change in changes or ():
        set_field(said["data"], change)
    receipt = run(_say(here, said, "binary" if binary else "structured", wait=wait))
    found = {"said": said, "receipt": receipt.model_dump(mode="json") if receipt else None}
    show(found, as_json=as_json, otherwise=lambda: _sentence(said, receipt))
    if receipt and not taken(receipt):
        raise typer.Exit(1)


def sample(contracts: Path, kind: str) -> Json:
    """Read the example of an upstream type, named with or without prefix and version; raises Refused."""
    name = kind.removeprefix("olcare.upstream.").split(".")[0]
    path = contracts / "examples" / "door" / f"{name}.json"
    names = sorted(kind.split(".")[2] for types in UPSTREAM.values() for kind in types)
    if name not in names:
        raise Refused(f"there is no upstream type {kind}; there are {', '.join(names)}")
    found: Json = json.loads(path.read_text())
    return found


def set_field(data: Json, change: str) -> None:
    """Set one field: `a.b=text`, or `a.b:=JSON`; `a.b:=` takes it away. Raises typer.BadParameter."""
    path, equals, text = change.partition("=")
    *folders, name = path.removesuffix(":").split(".")
    inner: Any = data
    for folder in folders:
        inner = inner.setdefault(folder, {}) if isinstance(inner, dict) else None
    if not equals or not name or not isinstance(inner, dict):
        raise typer.BadParameter(f"{change!r} does not set a field: FIELD=TEXT, or FIELD:=JSON")
    if not path.endswith(":"):
        inner[name] = text
    elif text:
        inner[name] = _json(text)
    else:
        inner.pop(name, None)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise typer.BadParameter(f"{text!r} is no JSON") from None


async def _say(here: Environment, said: Json, mode: Mode, *, wait: bool) -> Receipt | None:
    door = door_of(said["type"])
    assert door is not None  # noqa: S101 - every sample has its door
    record = door_record(door, said, here.cards()[door].partitions, mode=mode)
    async with door_client(here) as at:
        if wait:
            return (await at.ask([record]))[0]
        await at.say([record])
        return None


def _sentence(said: Json, receipt: Receipt | None) -> str:
    what = f"{said['type']} about {said['subject']} from {said['source']} as {said['id']}"
    if receipt is None:
        return f"said: {what}"
    answer = f"{receipt.outcome}: {receipt.event_type} on {receipt.stream}" if taken(receipt) else why_not(receipt)
    return f"{what}\n{answer}"
