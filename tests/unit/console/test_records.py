"""One record: its steps back, each further in; its effects, the most first; its bytes, line by line."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ops.console.pages.records import LISTED, dump, effects_view, steps
from services.ops.trail.causes import Asker, Why
from services.ops.trail.effects import Effects
from services.ops.trail.links import Link

AT = datetime(2026, 11, 30, 9, tzinfo=UTC)
DOOR = "olcare.tickets.in.v1/0/7"


def link(number: int, kind: str = "TicketOpened", **fields: Any) -> Link:
    known = Link(
        topic="olcare.tickets.v1",
        partition=0,
        offset=number,
        stream=f"ticket/crm-eu/{number}",
        sequence=1,
        id=str(number),
        causation="c",
        correlation="m",
        caused_by=None,
        type=f"olcare.{kind}.v1",
        occurred_at=AT,
        recorded_at=AT,
        source="crm-eu",
    )
    return known._replace(**fields)


def test_each_cause_stands_a_step_further_in_and_the_door_last() -> None:
    opened = Why(link(1), Asker.DOOR, DOOR, (Why(None, door=DOOR),))
    told = list(steps(Why(link(2), Asker.REACTION, None, (opened, Why(link(1), Asker.DOOR, seen=True)))))
    assert [(one.depth, one.asker, one.event.id if one.event else None, one.seen) for one in told] == [
        (0, "reaction", "2", False),
        (1, "door", "1", False),
        (2, None, None, False),
        (1, "door", "1", True),
    ]
    assert told[2].door == DOOR


def test_effects_are_counted_by_type_and_the_earliest_are_listed() -> None:
    every = [link(n, "NoticeSent" if n % 3 else "NoticeRequested") for n in range(LISTED + 1)]
    view = effects_view(Effects(every, Counter(one.type for one in every), more=True))
    assert list(view.counts) == ["olcare.NoticeSent.v1", "olcare.NoticeRequested.v1"]
    assert sum(view.counts.values()) == LISTED + 1
    assert [one.id for one in view.links] == [str(n) for n in range(LISTED)]
    assert view.more


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (b"", ""),
        (b"{}\x00\xff", f"000000  {'7b 7d 00 ff':<47}  {{}}.."),
        (bytes(17), f"000000  {' '.join(['00'] * 16)}  {'.' * 16}\n000010  {'00':<47}  ."),
    ],
)
def test_bytes_are_written_line_by_line(value: bytes, says: str) -> None:
    assert dump(value.hex()) == says


@given(st.binary(max_size=200))
def test_every_byte_can_be_read_back(value: bytes) -> None:
    assert bytes.fromhex("".join(line[8:55] for line in dump(value.hex()).splitlines())) == value
