"""The plan that is shipped, and instants said in one line."""

from datetime import UTC, date, datetime

from libs.messages.plan import CentreCalendar
from libs.plan import working_calendar
from libs.workcal import WorkingCalendar
from services.contract.plan import read_plan

PLAN = read_plan()
CENTRES = {centre.centre: centre for centre in PLAN.centres}
AMER, FR, AU, JP = (working_calendar(CENTRES[name]) for name in ("americas", "france", "australia", "japan"))


def centre_with(**changes: object) -> CentreCalendar:
    return CentreCalendar.model_validate(CENTRES["france"].model_dump() | changes)


def calendar_with(**changes: object) -> WorkingCalendar:
    return working_calendar(centre_with(**changes))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(text: str) -> date:
    return date.fromisoformat(text)
