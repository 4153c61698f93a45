"""Every metric that is described is there, with its labels, and moves; nothing else is there."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import asyncpg
import httpx
import pytest

from libs.stack.run import PROJECT
from services.ops.watch.services import SERVICES, WatchedService
from tests.acceptance.expressions import OF_THE_TARGET, expressions, labels_in, selectors
from tests.acceptance.measured import Measured, Series, described, labels_of, measured, moved
from tests.acceptance.olcare import done, installation, olcare, stopped
from tests.support import PATIENCE, eventually

MONDAY = "2026-11-23T07:00:00Z"  # 8 h in France
LOG, LEVELS = "tests/unit/chassis/test_metrics.py", "tests/unit/chassis/test_levels.py"
BY_FAULTS = {
    "olcare_lag": LOG,
    "olcare_lag_seconds": LOG,
    "olcare_partition_stopped": LOG,
    "olcare_stuck": LOG,
    "olcare_failures_total": LOG,
    "olcare_state_records_skipped_total": LOG,
    "olcare_streams_put_away_total": LOG,
    "olcare_deadlines_wait_since_seconds": LOG,
    "olcare_deadlines_wait_seconds": LOG,
    "olcare_build_records": LEVELS,
    "olcare_build_age_seconds": LEVELS,
    "olcare_rebuild_records": "tests/unit/console/test_measures.py",
    "olcare_tz_database_unpublished": "tests/integration/test_sla_timer_publications.py",
}
"""What moves only where something is broken or takes long: the tests that see it move."""


@pytest.fixture(scope="module", autouse=True)
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with installation(tmp_path_factory.mktemp("up"), "--clock", MONDAY) as found:
        yield found


def pages(up: dict[str, Any]) -> dict[str, str]:
    return {one["service"]: one["pages"] for one in up["services"]}


def followers_of(service: WatchedService) -> set[str]:
    """Name its readers and reactions, its door and its table of a state topic."""
    name = service.name
    reacting = {f"{name}.react-to-{reader.name}" for reader in service.readers if reader.reacts}
    door = {f"{name}.door"} if service.door else set()
    return by_tables(service) | reacting | door


def by_tables(service: WatchedService) -> set[str]:
    """Name those that keep their place with their rows."""
    private = {service.private} if service.private else set()
    return {f"{service.name}.{one}" for one in {reader.name for reader in service.readers} | private}


EVERYBODY = {one for service in SERVICES.values() for one in followers_of(service)}


async def test_how_far_every_follower_is_behind_is_said_from_the_start(up: dict[str, Any]) -> None:
    for name, service in SERVICES.items():
        for metric in ("olcare_lag", "olcare_lag_seconds"):
            expected = followers_of(service)
            await eventually(partial(_followers_are, pages(up)[name], metric, expected))
    await eventually(partial(_followers_are, pages(up)["console"], "olcare_follower_lag_seconds", EVERYBODY))


def _followers_are(page: str, metric: str, expected: set[str]) -> bool:
    assert {dict(one.labels)["follower"] for one in measured(page).get(metric, {})} == expected
    return True


async def test_where_a_database_is_away_nothing_is_said_of_its_readers_until_it_is_back(up: dict[str, Any]) -> None:
    service, page = SERVICES["notification"], pages(up)["console"]
    async with away(up["postgres"], service.database):
        for metric in ("olcare_follower_lag", "olcare_follower_lag_seconds"):
            await eventually(partial(_followers_are, page, metric, EVERYBODY - by_tables(service)))
    for metric in ("olcare_follower_members", "olcare_follower_lag", "olcare_follower_lag_seconds"):
        await eventually(partial(_followers_are, page, metric, EVERYBODY))
    now = (await asyncio.to_thread(olcare, "status", "--json")).json()
    assert _pid_of(now, "console") == _pid_of(up, "console"), "the console has ended"


def _pid_of(up: dict[str, Any], service: str) -> int:
    return next(int(one["pid"]) for one in up["services"] if one["service"] == service)


@asynccontextmanager
async def away(postgres: str, database: str) -> AsyncIterator[None]:
    """Let nobody connect to a database, and end who is."""
    admin = await asyncpg.connect(postgres)
    try:
        await admin.execute(f"alter database {database} allow_connections false")
        await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", database)
        yield
    finally:
        await admin.execute(f"alter database {database} allow_connections true")
        await admin.close()


def test_what_no_day_s_work_moves_is_seen_to_move_by_a_test_that_names_it() -> None:
    assert BY_FAULTS.keys() <= described().keys()
    for metric, test in BY_FAULTS.items():
        assert metric in (PROJECT / test).read_text(), metric


async def test_every_metric_that_is_described_is_there_and_moves(up: dict[str, Any]) -> None:
    assert set().union(*(one.of for one in described().values())) == {*pages(up), "ops"}
    seen: set[str] = set()
    await eventually(partial(_moves, up, seen, {"olcare_notices"}))
    async with watching(pages(up)["console"]):
        await asyncio.to_thread(_a_day_s_work)
        with stopped(up, "audit"):
            await asyncio.to_thread(done, "trigger", "TicketSubmitted", "--wait", "--subject", "unread")
            await eventually(partial(_nobody_reads, pages(up)["console"], seen))
        for name, page in pages(up).items():
            await eventually(partial(_as_described, name, page))
        of_up = {metric for metric, one in described().items() if one.of & pages(up).keys()}
        await eventually(partial(_moves, up, seen, of_up - BY_FAULTS.keys()))

        for expression in expressions():
            _names_what_is_there(expression, [measured(page) for page in pages(up).values()])


def _names_what_is_there(expression: str, found: list[Measured]) -> None:
    """The metrics and labels of an expression, and the values that it asks for."""
    for metric, values in selectors(expression):
        series = [one for each in found for one in each.get(metric, {})]
        if metric in BY_FAULTS and not series:
            continue  # nothing is broken here: `docs/metrics.md` has its labels
        assert series, metric
        assert values <= {pair for one in series for pair in one.labels}, expression
    named = {metric for metric, _ in selectors(expression)}
    labels = {label for each in found for metric in named for one in each.get(metric, {}) for label, _ in one.labels}
    absent = set().union(*(described()[metric].labels for metric in named & BY_FAULTS.keys()))
    assert labels_in(expression) <= labels | absent | OF_THE_TARGET, expression


def _a_day_s_work() -> None:
    done("trigger", "TicketSubmitted", "--wait", "--subject", "measured")
    assert olcare("trigger", "TicketSubmitted", "--wait", "--subject", "bad", "--set", "channel=pigeon").code == 1
    done("clock", "advance", "--by", "20h")
    done("projections", "rebuild", "sla_timer.tickets", "--by", "anna")


def _nobody_reads(page: str, seen: set[str]) -> bool:
    """The session of the members has ended, and the console has looked."""
    found = measured(page)
    members, seconds = (_of(found[f"olcare_follower_{what}"], "audit.tickets") for what in ("members", "lag_seconds"))
    assert members == 0
    assert seconds > 0
    seen.update(moved(found))
    return True


def _of(series: dict[Series, float], follower: str) -> float:
    return next(value for one, value in series.items() if ("follower", follower) in one.labels)


def _as_described(name: str, page: str) -> bool:
    found, told = measured(page), described()
    expected = {metric for metric, one in told.items() if name in one.of}
    assert found.keys() - expected == set(), "it is not described, or not said to be of this process"
    assert expected - found.keys() - BY_FAULTS.keys() == set(), "it is not there"
    for metric, series in found.items():
        assert labels_of(series) == told[metric].labels, metric
    return True


def _moves(up: dict[str, Any], seen: set[str], expected: set[str]) -> bool:
    """Whether all of them were not 0 at some time: that is where they begin."""
    for page in pages(up).values():
        seen.update(moved(measured(page)))
    assert expected - seen == set()
    return True


@asynccontextmanager
async def watching(console: str) -> AsyncIterator[None]:
    """A page is open."""
    async with (
        httpx.AsyncClient(base_url=console, trust_env=False, timeout=PATIENCE) as client,
        client.stream("GET", "/live") as response,
    ):
        assert response.status_code == 200
        yield
