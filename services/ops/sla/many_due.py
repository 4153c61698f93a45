"""Deadlines of a great many questions, reckoned together."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import numpy as np

from libs.messages.plan import ResponseTargets
from libs.messages.tickets import Channel
from libs.plan import target_of
from libs.workcal import WorkingCalendar
from libs.workcal.many import deadlines_over


class Question(NamedTuple):
    """How a ticket was opened whose deadline is asked for."""

    calendar: WorkingCalendar
    targets: ResponseTargets
    channel: Channel
    opened_at: datetime

    @property
    def target(self) -> timedelta | None:
        """The working time that is promised on the channel; None where nothing is."""
        return target_of(self.targets, self.channel)


def deadlines_of(questions: Sequence[Question]) -> list[datetime] | None:
    """The deadlines, in the order of the questions; None where one of them has none, for whatever reason."""
    targets = [question.target for question in questions]
    if None in targets:
        return None
    calendars = list(dict.fromkeys(question.calendar for question in questions))
    index = {calendar: at for at, calendar in enumerate(calendars)}
    which = np.array([index[question.calendar] for question in questions], np.intp)
    starts = np.array([q.opened_at.astimezone(UTC).replace(tzinfo=None) for q in questions], "datetime64[us]")
    try:
        found = deadlines_over(calendars, which, starts, np.array(targets, "timedelta64[us]"))
    except ValueError:
        return None
    return [at.replace(tzinfo=UTC) for at in found.tolist()]
