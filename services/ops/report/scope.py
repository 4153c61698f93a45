"""What a report is asked for."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from libs.messages.tickets import Channel
from libs.workcal import Interval
from services.ops.cli.output import Refused
from services.ops.report.accounts import Days, Ledger
from services.ops.sla.grounds import Grounds

AROUND = timedelta(days=2)
"""No local day begins or ends further from that of UTC."""


class Scope(NamedTuple):
    """From one local day to another, which is excluded, in a ledger, of some tickets or of all."""

    from_day: date
    to_day: date
    ledger: Ledger
    centre: str | None
    channel: Channel | None
    customer: str | None

    def days(self, grounds: Grounds) -> Days:
        """These days at every centre; raises Refused where the centre is not published."""
        if self.centre is not None and self.centre not in grounds.calendars:
            raise Refused(f"there is no centre {self.centre}; there are {', '.join(sorted(grounds.calendars))}")
        return Days(self.from_day, self.to_day, grounds)

    def around(self) -> Interval:
        """A span that holds these days of any centre."""
        return Interval(_midnight(self.from_day) - AROUND, _midnight(self.to_day) + AROUND)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
