"""Names that are ours are refused at every door, and what we alone say is said by nobody else."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from libs.chassis.service_door import ServiceDoor
from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.record import CONTENT_TYPE, Record
from libs.messages.catalogue import CONTRACTS_DOOR, NOTICES_DOOR, OPS_DOOR, TICKETS_DOOR, UPSTREAM
from libs.messages.receipts import Unreadability
from libs.messages.sources import OPS_SOURCE, PLAN_SOURCE
from services.contract.handlers import ContractDoor
from services.intake.handlers import TicketDoor
from services.notification.handlers import NoticeDoor
from services.ops.audit.handlers import ActionDoor
from tests.contracts.asyncapi import examples

ACTIONS = {
    *("PrivateDataRequested", "RedriveOrdered", "RedriveDone", "RebuildOrdered", "RebuildDone"),
    *("GenerationSwitchOrdered", "GenerationsDiscardOrdered", "PublicationOrdered", "PublicationDone"),
}
OURS = {
    PLAN_SOURCE: {"PlanPartSubmitted"},
    OPS_SOURCE: {"PersonErasureOrdered", "ResendOrdered", "SettlementOrdered", *ACTIONS},
}
OURS_ALONE = {"PlanPartSubmitted", "ResendOrdered", "SettlementOrdered", *ACTIONS}
SOURCES = ("plan", "ops", "olcare/intake", "olcare/", "crm-eu", "planning", "ops-2", "https://crm.example/plan")


HOST: Any = SimpleNamespace(cards={}, queries=None, clock=None)
NOBODY: Any = None
DOORS: Mapping[str, ServiceDoor[Any]] = {
    TICKETS_DOOR: TicketDoor(HOST, NOBODY, NOBODY, NOBODY),
    CONTRACTS_DOOR: ContractDoor(HOST, NOBODY, timedelta()),
    NOTICES_DOOR: NoticeDoor(HOST, NOBODY),
    OPS_DOOR: ActionDoor(HOST, NOBODY),
}


def said() -> Iterator[tuple[str, str, str]]:
    for door, types in UPSTREAM.items():
        for kind in types:
            for source in SOURCES:
                yield door, kind, source


def may_say(source: str, name: str) -> bool:
    if source.startswith("olcare/"):
        return False
    return name in OURS[source] if source in OURS else name not in OURS_ALONE


@pytest.mark.parametrize(("door", "kind", "source"), list(said()))
def test_who_may_say_what(door: str, kind: str, source: str) -> None:
    content = json.loads(examples(kind)[0].read_text()) | {"source": source}
    record = Record(door, 0, 0, b"4711", json.dumps(content).encode(), CONTENT_TYPE, 0)
    if may_say(source, kind.split(".")[2]):
        assert DOORS[door].read(record).source == source
    else:
        with pytest.raises(Unreadable, match=r"a name of ours|by `olcare` alone") as refused:
            DOORS[door].read(record)
        assert (refused.value.reason, refused.value.where) == (Unreadability.BAD_ATTRIBUTE, "/source")
