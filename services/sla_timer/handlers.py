"""The loops of sla_timer: reactions of promises to tickets, and duties of promises."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from libs.chassis.service_host import ServiceHost
from libs.eventlog.commands import IssuedCommand, Reaction, issued_by_duty
from libs.eventlog.loops.duty import Duty, Found, found_by
from libs.eventlog.loops.followers import SafeTime, group_follower
from libs.eventlog.loops.held_back import Source
from libs.eventlog.ports import Loaded
from libs.eventlog.tables.queries import Queries
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.catalogue import CONTRACTS_DOOR, SLA, TICKETS, TICKETS_DOOR
from libs.workcal import tz_version
from services.sla_timer.promise.calls import ReckonCalls
from services.sla_timer.promise.deadlines import FireDeadline, WarnAtRisk
from services.sla_timer.promise.histories import PromiseHistory
from services.sla_timer.promise.merged import Lacking, lacking
from services.sla_timer.promise.recompute import RecomputePromise
from services.sla_timer.promise.reconsidering import ReconsiderPromise
from services.sla_timer.promise.responses import JudgeAnswer
from services.sla_timer.promise.restatement import RestatePromise, restate, stand_merged
from services.sla_timer.promise.rows import PromiseRow
from services.sla_timer.published.publications import Publications
from services.sla_timer.published.unpublished import part_in, parts_of_plan
from services.sla_timer.reactions import (
    FACTS,
    NO_FACTS,
    FactsNeeded,
    PlanFacts,
    called_about,
    facts_needed,
    opened,
    react,
    react_to_promise,
    together,
)
from services.sla_timer.tz_guard import TzGuard

HISTORY: TypeAdapter[PromiseHistory] = TypeAdapter(PromiseHistory)
"""Reads what the query `facts_of_merged` gives for one ticket."""
AGAIN = timedelta(days=1)
"""Plan time by which a look goes back before the last one that found nothing; the gate keeps our lag far below it."""
PASSED_ON = 3
"""How often a promise that is passed on along a chain of merges is waited for."""
TICKET_DOOR = Source("intake.door", TICKETS_DOOR)
"""Where messages about tickets come in; the committed offsets of the group tell how far intake has answered."""
PLAN_DOOR = Source("contract.door", CONTRACTS_DOOR, part_in)
"""Where what is published comes in: a part that is left aside there may move deadlines from its own instant on."""


class PromiseReactions:
    """Looks up what is published and calls the pure `react`."""

    def __init__(self, host: ServiceHost, guard: TzGuard) -> None:
        self._queries, self._guard = host.queries, guard

    async def react(self, events: Sequence[RecordedEvent]) -> Sequence[Sequence[Reaction]]:
        """What each event of a ticket asks for; raises Unavailable while the installed tz database is outdated."""
        await self._guard.passed()
        promises = await self._called_about(events)
        each = [facts_needed(event, promises) for event in events]
        question = together(each)
        known = await facts_for(self._queries, question.centres, question.since) if question else {}
        facts = [_of_all([known[centre] for centre in one.centres]) if one else NO_FACTS for one in each]
        return [react(event, fact) for event, fact in zip(events, facts, strict=True)]

    async def react_to_promises(self, events: Sequence[RecordedEvent]) -> Sequence[Sequence[Reaction]]:
        """What each event of a promise asks of another one."""
        return [react_to_promise(event) for event in events]

    async def _called_about(self, events: Sequence[RecordedEvent]) -> Mapping[str, FactsNeeded]:
        """The facts needed for promises that calls are about, also for those made by the same events."""
        streams = called_about(events)
        rows = await self._queries.rows("grounds_of_promises", streams=streams) if streams else []
        known = {row["stream"]: FactsNeeded(tuple(row["centres"]), row["opened_at"]) for row in rows}
        return {**opened(events), **known}


class PromiseDuties:
    """Warnings go out at once; a deadline fires only by safe time."""

    def __init__(self, host: ServiceHost, guard: TzGuard) -> None:
        self._host, self._queries, self._clock, self._guard = host, host.queries, host.clock, guard
        self._running = MergedPromises(host)
        self._stays: dict[str, int] = {}
        """Judged promises of which a newer calendar says nothing new, since its changes make up for each other."""

    def all(self) -> list[Duty]:
        """Name the duties."""
        duties = [
            Duty("reconsider", self.to_reconsider, safe=self._safe_time(), asks="promises_to_reconsider"),
            Duty("reckon anew", self.on_older_grounds, asks="promises_on_older_grounds"),
            Duty("reckon calls", self.called, asks="promises_with_owed_calls"),
            Duty("meet after all", self.answered, asks="promises_answered"),
            Duty("put merged right", self._running.lacking, safe=self._safe_time(), asks="any_merge"),
            Duty("warn at risk", self.at_risk, asks="promises_at_risk"),
            Duty("fire deadlines", self.due, safe=self._safe_time(), asks="promises_due"),
            Duty("restate", self.to_restate, safe=self._safe_time(), asks="promises_to_restate"),
            Duty("restate merged", MergedPromises(self._host).to_restate, safe=self._safe_time(), asks="any_merge"),
        ]
        return [self._guard.held(duty) for duty in duties]

    async def to_reconsider(self, now: datetime, most: int) -> Sequence[IssuedCommand]:
        """Make promises that could not be made, now that what was wanting is published."""
        rows = await self._queries.rows("promises_to_reconsider", now=now, most=most)
        each = zip(rows, await self._facts_of(rows), strict=True)
        return [issued_by_duty(row, ReconsiderPromise(now, facts.calendars, facts.targets)) for row, facts in each]

    async def on_older_grounds(self, now: datetime, most: int) -> Sequence[IssuedCommand]:
        """Reckon promises that run on what was published since."""
        rows = await self._queries.rows("promises_on_older_grounds", now=now, most=most, installed=tz_version())
        each = zip(rows, await self._facts_of(rows), strict=True)
        return [issued_by_duty(r, RecomputePromise(now, f.calendars, f.targets, f.tz_changes)) for r, f in each]

    async def called(self, now: datetime, most: int) -> Sequence[IssuedCommand]:  # noqa: ARG002 - whatever the time is
        """Reckon calls that came with facts of another centre than the promise is on now."""
        rows = await self._queries.rows("promises_with_owed_calls", most=most)
        each = zip(rows, await self._facts_of(rows), strict=True)
        return [
            issued_by_duty(r, ReckonCalls(r["owed_call_at"], f.calendars, f.targets, f.tz_changes)) for r, f in each
        ]

    async def to_restate(self, now: datetime, most: int) -> Sequence[IssuedCommand]:
        """Restate verdicts that rest on less than is known now."""
        while True:
            rows = await self._queries.rows("promises_to_restate", now=now, most=most, **self._known_to_stay())
            if not rows:
                return ()
            each = zip(rows, await self._facts_of(rows), strict=True)
            found = await self._news(
                [(row, RestatePromise(now, facts.calendars, facts.targets)) for row, facts in each]
            )
            if found or len(rows) < most:
                return found

    def _known_to_stay(self) -> Mapping[str, object]:
        return {"streams": [*self._stays], "versions": [*self._stays.values()]}

    async def _news(self, asked: Sequence[tuple[Mapping[str, Any], RestatePromise]]) -> Sequence[IssuedCommand]:
        """The commands that say something new; the others are remembered."""
        states = await self._host.engine.stores["sla"].load([row["stream"] for row, _ in asked if row["version"]])
        stays = {r["stream"]: r["version"] for r, c in asked if r["version"] and not _is_news(states[r["stream"]], c)}
        self._stays |= stays
        return [_resting(row, command) for row, command in asked if row["stream"] not in stays]

    async def _facts_of(self, rows: Sequence[Mapping[str, Any]]) -> Sequence[PlanFacts]:
        if not rows:
            return ()
        each = [sorted(row["centres"]) for row in rows]
        centres, since = sorted({centre for some in each for centre in some}), min(row["opened_at"] for row in rows)
        facts = await facts_for(self._queries, centres, since)
        return [_of_all([facts[centre] for centre in some]) for some in each]

    async def answered(self, now: datetime, most: int) -> Sequence[IssuedCommand]:  # noqa: ARG002 - whatever the time is
        """Meet promises whose answer was late and is in time by the newer deadline."""
        rows = await self._queries.rows("promises_answered", most=most)
        return [issued_by_duty(row, JudgeAnswer(row["responded_at"])) for row in rows]

    async def at_risk(self, now: datetime, most: int) -> Sequence[IssuedCommand]:
        """Warn of promises that are near their deadline."""
        rows = await self._queries.rows("promises_at_risk", now=now, most=most)
        return [issued_by_duty(row, WarnAtRisk(row["at_risk_at"])) for row in rows]

    async def due(self, now: datetime, most: int) -> Sequence[IssuedCommand]:
        """Fire the deadlines that have passed, but for promises of merged tickets that still lack something."""
        rows = await self._queries.rows("promises_due", now=now, most=most)
        first = {issued.stream for issued in await self._running.lacking(now, most)} if rows else set[str]()
        return [_resting(row, FireDeadline(row["due_at"], now)) for row in rows if row["stream"] not in first]

    def values(self) -> Mapping[str, object]:
        """What the queries name that the duties ask, beside `now` and `most`."""
        return {"installed": tz_version(), **self._known_to_stay()}

    async def next_due(self) -> datetime | None:
        """The first instant at which one of these will act."""
        row = await self._queries.row("next_due", now=self._clock.now(), installed=tz_version())
        return row["at"] if row else None

    def _safe_time(self) -> SafeTime:
        """In order: intake's door has answered, tickets and plan are handled, then merges, our own topic is read.

        Along a chain of merges each promise is passed on by an event of its own.
        """
        engine = self._host.engine
        doors = self._host.own_doors(TICKET_DOOR)
        reactions = group_follower(engine.group("react-to-tickets"), TICKETS, engine.log)
        merges = group_follower(engine.group("react-to-sla"), SLA, engine.log)
        plan, promises = engine.followers["plan"], engine.followers["sla"]
        inputs = [
            *doors,
            Source(engine.group("react-to-tickets"), TICKETS),
            Source(engine.group("react-to-sla"), SLA),
            *self._host.own_doors(PLAN_DOOR),
        ]
        answered = self._host.answered(doors)
        return self._host.safe_time(answered, [reactions, plan], *[[merges]] * PASSED_ON, [promises], inputs=inputs)


def _is_news(known: Loaded, command: RestatePromise) -> bool:
    return known.state is not None and restate(known.state, command) is not None


def _resting(row: Mapping[str, Any], command: Any) -> IssuedCommand:
    """The command about a promise, which waits for what is left aside of its own calendars, the targets and tz data."""
    return issued_by_duty(row, command, rests_on=parts_of_plan(row["centres"]))


def _of_all(known: Sequence[PlanFacts]) -> PlanFacts:
    """The facts of several centres; the targets are the same for all."""
    calendars = tuple(one for facts in known for one in facts.calendars)
    return PlanFacts(calendars, known[0].targets, tuple(one for facts in known for one in facts.tz_changes))


class MergedPromises:
    """Looks at the promises of tickets that were merged, by all that happened to them."""

    def __init__(self, host: ServiceHost) -> None:
        self._queries = host.queries
        self._done_until: datetime | None = None
        """All that was recorded by then is looked at; None at start, and after a publication: then all is."""
        self._published_at: datetime | None = None

    async def to_restate(self, now: datetime, most: int) -> Sequence[Found]:
        """Restate those that have a verdict, and stand otherwise than was said last."""
        return await self._each(now, most, _restating)

    async def lacking(self, now: datetime, most: int) -> Sequence[Found]:
        """Give those that run what they lack."""
        return await self._each(now, most, _lacking)

    async def _each(self, now: datetime, most: int, ask: "Ask") -> Sequence[Found]:
        rows = await self._queries.rows("merged_promises", since=await self._since(now))

        def asked(known: tuple[Mapping[str, Any], RestatePromise]) -> IssuedCommand | None:
            row, reckoning = known
            command = ask(_row(row), reckoning)
            return _resting(row, command) if command else None

        found = found_by(await self._known(rows, now), lambda known: str(known[0]["stream"]), asked)
        if not found:
            self._done_until = now
        return found[:most]

    async def _since(self, now: datetime) -> datetime | None:
        row = await self._queries.row("last_publication", now=now)
        published_at = row["at"] if row else None
        if published_at != self._published_at:
            self._published_at, self._done_until = published_at, None
        return self._done_until - AGAIN if self._done_until else None

    async def _known(
        self, rows: Sequence[Mapping[str, Any]], now: datetime
    ) -> Sequence[tuple[Mapping[str, Any], RestatePromise]]:
        if not rows:
            return []
        tickets = sorted({ticket for row in rows for ticket in row["tickets"]})
        told = await self._queries.rows("facts_of_merged", tickets=tickets)
        histories = {row["stream"]: HISTORY.validate_json(row["history"]) for row in told}
        centres = sorted({one.centre for one in histories.values()})
        since = min(one.opened_at for one in histories.values())
        facts = await facts_for(self._queries, centres, since)
        each = [tuple(histories[ticket] for ticket in row["tickets"] if ticket in histories) for row in rows]
        return [(row, _reckoning(merged, facts, now)) for row, merged in zip(rows, each, strict=True)]


Ask = Callable[[PromiseRow, RestatePromise], Any]
"""The command that a promise asks for by all that is known of its tickets, or None."""


def _row(found: Mapping[str, Any]) -> PromiseRow:
    return PromiseRow(**{name: found[name] for name in PromiseRow._fields})


def _reckoning(merged: tuple[PromiseHistory, ...], facts: Mapping[str, PlanFacts], now: datetime) -> RestatePromise:
    known = _of_all([facts[centre] for centre in sorted({one.centre for one in merged})])
    return RestatePromise(now, known.calendars, known.targets, merged, known.tz_changes)


def _restating(row: PromiseRow, reckoning: RestatePromise) -> RestatePromise | None:
    found = None if row.state == "waiting" else stand_merged(reckoning).get(row.ticket)
    return reckoning if found and found.verdict and found.verdict != (row.restated or row.state) else None


def _lacking(row: PromiseRow, reckoning: RestatePromise) -> Lacking | None:
    found = stand_merged(reckoning).get(row.ticket)
    published = Publications(reckoning.calendars, reckoning.targets, reckoning.tz_changes)
    return lacking(row, found, published, reckoning.occurred_at) if found else None


async def facts_for(queries: Queries, centres: Sequence[str], since: datetime) -> Mapping[str, PlanFacts]:
    """What is published for some centres, that in force at an instant and all that came later."""
    rows = await queries.rows("facts_for_promises", centres=list(centres), since=since)
    return {centre: FACTS.validate_json(row["facts"]) for centre, row in zip(centres, rows, strict=True)}
