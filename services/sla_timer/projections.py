"""What sla_timer derives: its promises and cycles, and what is published of calendars, targets and tz versions."""

from typing import Any, get_args

from libs.eventlog.projection import Projection, Reader, state_of
from libs.eventlog.put_away import PutAway
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

EXAMPLES = (
    '[{"ticket":"ticket/crm-eu/4714","centre":"france","facts":3,"cycles":[{"measure":"resolution","instance":1,'
    '"started_at":"2026-11-30T09:00:00.000000Z","ended_at":null,"ended_by":null,"pauses":[{'
    '"paused_at":"2026-11-30T11:00:00.000000Z","resumed_at":"2026-12-01T07:30:00.000000Z"}],'
    '"target_seconds":14400,"used_microseconds":7200000000,"due_at":"2026-12-01T10:00:00.000000Z"}],'
    '"calendar_version":1,"targets_version":2,"missed":[["resolution","2026-11-30T09:00:00Z"]],'
    '"state":"reckoned"},{"promise":{"ticket":"ticket/crm-ap/1001","customer":"customer/erp/C-118",'
    '"centre":"australia","channel":"web","private":{"person":"person/crm-ap/p-180",'
    '"topic":"olcare.tickets.in.v1","partition":0,"offset":8},"language":"en","certificate":{'
    '"centre":"australia","zone":"Australia/Melbourne","channel":"web","opened_at":"2026-11-23T23:05:00.000000Z",'
    '"clock_started_at":"2026-11-23T23:05:00.000000Z","target_seconds":14400,"at_risk":[{"percent":75,'
    '"at_risk_at":"2026-11-24T02:05:00.000000Z"}],"due_at":"2026-11-24T03:05:00.000000Z","calendar_version":1,'
    '"targets_version":1,"tz_version":"2026f","intervals":[{"opens_at":"2026-11-23T23:05:00.000000Z",'
    '"closes_at":"2026-11-24T03:05:00.000000Z"}],"closed_since":null,"changes":[]},"calls":[],"owed_calls":[],'
    '"own":null,"absorbed":[],"worked_on_by":null,"transferred_at":null},"verdict":"met",'
    '"responded_at":"2026-11-24T00:17:00Z","cancelled_at":null,"cause":null,"restated_due_at":null,'
    '"restated":null,"calendar_version":1,"into":null,"merged_at":null,"warned":0,'
    '"answers":["2026-11-24T00:17:00Z"],"beside":[],"state":"judged"}]'
)
"""States as JSON: what those that are put away have in common with them takes no room."""

READERS: tuple[Reader, ...] = (
    Reader("sla", SLA, 14, (STATES, PROMISES, CYCLES), writes=True, reacts=True, put_away=PutAway(EXAMPLES)),
    Reader("tickets", TICKETS, 5, (CYCLE_FACTS, HISTORIES), reacts=True),
    Reader("plan", PLAN, 5, (CALENDARS, CALENDAR_CHANGES, TARGETS, TZ_DATABASES)),
)
