"""Scripts as the demo writes them, each written once."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from libs.eventlog.kafka.topics import load_cards
from libs.messages.catalogue import TICKETS_DOOR
from libs.plan import Plan
from libs.stack.run import PROJECT
from services.contract.plan import read_plan
from services.ops.demo import SEED, TICKETS
from services.ops.demo.scribe import ScriptLine
from services.ops.demo.script import Script, write_script


@cache
def plan() -> Plan:
    return read_plan()


@cache
def script(tickets: int = TICKETS, seed: int = SEED) -> Script:
    partitions = {name: card.partitions for name, card in load_cards(PROJECT / "contracts" / "topics").items()}
    return write_script(plan(), partitions, tickets, seed)


class Message(NamedTuple):
    """A line of the week about a ticket that can be read."""

    line: ScriptLine
    ticket: tuple[str, str]
    identity: str
    kind: str
    at: datetime
    data: dict[str, Any]


def messages(of: Script) -> Iterator[Message]:
    for line in of.lines:
        if (event := line.event) and line.record.topic == TICKETS_DOOR:
            ticket, kind = (event["source"], event["subject"]), event["type"].split(".")[2]
            yield Message(line, ticket, event["id"], kind, datetime.fromisoformat(event["time"]), event["data"])
