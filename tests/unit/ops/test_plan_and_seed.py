"""What the command line publishes by itself is what contract's door takes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import yaml

from libs.eventlog.wire.record import Record
from libs.messages.upstream import CalendarContent, PlanPartSubmitted
from libs.plan import Plan
from services.contract.door import read, stream_of
from services.contract.plan import read_plan
from services.ops.door.seed import SEED, contracts, customers
from services.ops.plan.command import plan_records

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CONTENT = yaml.safe_load(SEED.read_text())
PLAN = read_plan()


def read_all(plan: Plan, at: datetime = NOON) -> list[tuple[str, str]]:
    records = (Record(o.topic, o.partition, 0, o.key, o.value, o.headers, 0) for o in plan_records(plan, at, 12))
    return [(stream_of(message), message.id) for message in map(read, records)]


def test_every_part_of_the_plan_is_published_once_and_the_tz_database_with_it() -> None:
    streams = [stream for stream, _ in read_all(PLAN)]
    parts = len(PLAN.centres) + 2 + len(PLAN.prices) + len(PLAN.products)
    assert len(set(streams)) == len(streams) == parts + 1
    assert "tz/plan/iana" in streams


def test_the_same_plan_is_a_repeat_whenever_it_is_published() -> None:
    assert read_all(PLAN) == read_all(PLAN, NOON + timedelta(days=1))


def test_other_content_of_the_same_version_is_no_repeat() -> None:
    first, *others = PLAN.centres
    moved = first.model_copy(update={"mailbox": "other@olcare.example"})
    changed = replace(PLAN, centres=(moved, *others))
    before, after = dict(read_all(PLAN)), dict(read_all(changed))
    assert [stream for stream in before if before[stream] != after[stream]] == [f"calendar/plan/{first.centre}"]


def test_a_published_calendar_is_the_one_in_the_files() -> None:
    record = plan_records(PLAN, NOON, 12)[0]
    said = read(Record(record.topic, record.partition, 0, record.key, record.value, record.headers, 0)).data
    assert said == PlanPartSubmitted(publication=CalendarContent(part="calendar", content=PLAN.centres[0]))


def test_customers_to_play_with_are_covered_on_the_day_of_the_seeding() -> None:
    today = date(2028, 2, 29)
    assert all(c.first_day <= today <= c.last_day for c in contracts(CONTENT, today).values())


def test_one_of_their_contracts_ends_within_the_week() -> None:
    today = NOON.date()
    assert any(c.last_day < today + timedelta(days=7) for c in contracts(CONTENT, today).values())


def test_every_contract_to_play_with_has_a_customer() -> None:
    known = {f"customer/erp/{number}" for number in customers(CONTENT)}
    assert {c.customer for c in contracts(CONTENT, NOON.date()).values()} == known
