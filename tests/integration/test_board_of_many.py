"""The board as it was known at an instant: what it reads grows with what has moved since, not with all promises."""

from datetime import UTC, datetime

from libs.eventlog.tables.queries import seeing
from services.ops.console.pages.promises import BOARD
from services.ops.trail.promises import INSTEAD
from services.sla_timer.projections import READERS
from tests.integration.folded import folded
from tests.integration.many_rows import example, gone_through, multiply, queries_in

OVER, RUNNING = 20_000, 2_000
AT_MOST = 3 * RUNNING
NOW = datetime(2026, 11, 27, 15, 31, tzinfo=UTC)


async def test_the_board_of_an_instant_reads_what_moved_since_alone(database: str) -> None:
    stream, started = example("FirstResponseClockStarted")
    _, met = example("FirstResponseMet")
    async with folded(database, READERS, [BOARD]) as tables:
        await tables.happened(stream, started, met)
        await multiply(tables, "4711", OVER, {"promises"})
        await tables.connection.execute("analyze promises")
        await tables.happened("promise/crm-eu/4712", started)
        moved = [f"promise/crm-eu/4712~{n}" for n in range(RUNNING)]
        await tables.connection.execute(
            "insert into promises select another.* from promises p, unnest($1::text[]) as s (stream),"
            " jsonb_populate_record(p, jsonb_build_object('stream', s.stream)) as another"
            " where p.stream = 'promise/crm-eu/4712'",
            moved,
        )
        found = {
            name: await gone_through(
                tables,
                seeing(f"-- name: {name}\n{sql}", INSTEAD),
                {
                    "now": NOW,
                    "moved": moved,
                    "then_promises": "[]",
                    "then_states": "[]",
                    **dict.fromkeys(("standing", "after", "centre", "channel", "customer"), None),
                    "most": 201,
                },
            )
            for name, sql in queries_in(BOARD, READERS).items()
            if name in {"promises_open", "promises_counted"}
        }
    assert found.keys() == {"promises_open", "promises_counted"}
    assert {name: rows for name, rows in found.items() if rows > AT_MOST} == {}
