"""What is looked through for cycles to reckon: all at first and on new targets, else what was recorded lately."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from services.sla_timer.cycle_duties import AGAIN, CycleDuties
from tests.unit.sla_timer.test_cycles import monday, tuesday


class Tables:
    """Answers the queries, and remembers since when it was asked."""

    def __init__(self) -> None:
        self.version, self.found, self.asked = 1, list[Any](), list[datetime | None]()

    async def row(self, name: str) -> dict[str, Any]:
        assert name == "newest_targets"
        return {"version": self.version}

    async def rows(self, name: str, **values: Any) -> list[dict[str, Any]]:
        if name == "cycles_to_reckon":
            self.asked.append(values["since"])
            return self.found
        return [{"facts": "{}"}] if name == "facts_for_promises" else []


def on(tables: Tables) -> CycleDuties:
    host, guard = SimpleNamespace(queries=tables), SimpleNamespace()
    return CycleDuties(host, guard)  # type: ignore[arg-type] # nothing else of them is used


async def test_after_a_look_that_found_nothing_only_the_day_before_it_is_looked_through() -> None:
    tables = Tables()
    duties = on(tables)
    now, later = monday("10:00"), tuesday("10:00")
    await duties.to_reckon(now, 10)
    await duties.to_reckon(later, 10)
    await duties.to_reckon(later, 10)
    tables.version = 2
    await duties.to_reckon(later, 10)
    assert tables.asked == [None, now - AGAIN, later - AGAIN, None]


async def test_while_something_is_found_nothing_is_left_out() -> None:
    tables = Tables()
    duties = on(tables)
    tables.found = [{"ticket": "ticket/crm-eu/1", "centre": "germany", "opened_at": monday("09:00")}]
    for hours in range(3):
        assert await duties.to_reckon(monday("10:00") + timedelta(hours=hours), 10) == []
    assert tables.asked == [None, None, None]
