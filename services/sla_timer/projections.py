"""What sla_timer derives: its promises and cycles, and what is published of calendars, targets and tz versions."""

from typing import Any, get_args

from libs.eventlog.projection import Projection, Reader, state_of
from libs.messages.catalogue import PLAN, SLA, TICKETS
from libs.messages.cycles import CyclesEvent
from libs.messages.sla import PromiseEvent
from services.sla_timer.cycles.rows import CYCLE_FACTS, CYCLES
from services.sla_timer.domain import DECIDERS, State
from services.sla_timer.promise.history_rows import HISTORIES
from services.sla_timer.promise.rows import PROMISES
from services.sla_timer.published.rows import CALENDAR_CHANGES, CALENDARS, TARGETS
from services.sla_timer.published.tz_rows import TZ_DATABASES

STATES: Projection[Any] = state_of("states", DECIDERS, State, (*get_args(PromiseEvent), *get_args(CyclesEvent)))

READERS: tuple[Reader, ...] = (
    Reader("sla", SLA, 10, (STATES, PROMISES, CYCLES), writes=True, reacts=True),
    Reader("tickets", TICKETS, 4, (CYCLE_FACTS, HISTORIES), reacts=True),
    Reader("plan", PLAN, 4, (CALENDARS, CALENDAR_CHANGES, TARGETS, TZ_DATABASES)),
)
