"""The sender: claims notices, hands them over, and records the results.

A process connects only after it has read back its own claim as counting, and once per claim. A claim without a
result, after a crash or a lost connection, is given up later by a duty: the notice is then ambiguous, never lost.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog

from libs.chassis.app import unbroken
from libs.chassis.service_host import ServiceHost
from libs.eventlog.commands import IssuedCommand, issued_by_duty
from libs.eventlog.errors import Unavailable
from libs.eventlog.failures import failure_of
from libs.eventlog.loops.stuck import StuckStreams, apart
from libs.eventlog.loops.writer import Answer, Writer
from libs.messages.ids import duty_command_id
from libs.messages.notices import DeliveryProblem, NoticeHandingOver
from services.notification.mail.message import Letterhead
from services.notification.mail.outgoing import OutgoingMail, write
from services.notification.mail.result import result_of
from services.notification.mail.smtp import Connections, hand_over
from services.notification.notice.acted import ClaimAt, ClaimsActedOn
from services.notification.notice.delivery import ClaimHandOver, RecordAmbiguous, RecordFailed, Result
from services.notification.notice.state import Claim
from services.notification.settings import NotificationSettings

AT_ONCE = 20  # connections to the mail server
LOOKED_AT = 100  # notices, those of other instances among them
PAUSE = 0.25  # machine seconds between two tries to record a result
RECORDING = timedelta(seconds=60)  # machine time for which a result is kept while the log is unavailable

_log = structlog.get_logger("olcare.sender")


class Sender:
    """Sends notices until cancelled."""

    def __init__(self, host: ServiceHost, settings: NotificationSettings, writer: Writer) -> None:
        self._queries, self._clock, self._settings, self._writer = host.queries, host.clock, settings, writer
        self._rest, self._report, self._owns = host.waiter(), host.report, host.engine.owns
        self._process = str(host.clock.process_id)
        self._stuck = StuckStreams("sender", host.clock, host.report)
        host.stuck.add(lambda: [self._stuck])
        self._acted_on = ClaimsActedOn()
        self._connections = Connections(settings.server(), settings.limits())
        self.waiting: str | None = None

    async def run(self) -> None:
        """Look for notices until cancelled; a hand-over that has begun is finished."""
        while True:
            try:
                sent = await self.round()
                self.waiting = None
            except Unavailable as error:
                self.waiting, sent = str(error), 0
            if not sent:
                await self._connections.leave()
                await self._rest(soon=bool(self.waiting) or len(self._stuck) > 0)

    async def round(self) -> int:
        """Hand over what is to be sent now; returns the number of attempts."""
        found = await self._queries.rows("notices_to_send", now=self._clock.now(), most=LOOKED_AT)
        ours = [row for row in found if self._owns(row["stream"]) and not self._stuck.waits(row["stream"])]
        claims = {issued.id: (row, issued) for row in ours[:AT_ONCE] for issued in [self._claim(row)]}
        answers = await self._answered([issued for _, issued in claims.values()]) if claims else ()
        mine = [(claims[answer.issued.id][0], answer) for answer in answers if self._is_mine(answer)]
        if not mine:
            return 0
        for _, answer in mine:
            self._acted_on.add(_place(answer))
        await unbroken(self._hand_over_all(mine))
        return len(mine)

    async def _answered(self, commands: Sequence[IssuedCommand]) -> Sequence[Answer]:
        """The answers, but for those of notices that fail by a fault of ours: they are left aside."""
        stuck = self._stuck
        answers = await apart(commands, self._writer.handle, lambda c, error: stuck.put(c.stream, error))
        for answer in answers:
            stuck.back(answer.issued.stream)
        return answers

    async def busy(self) -> str | None:
        """What is to be sent now or is being handed over."""
        if await self._queries.rows("notices_to_send", now=self._clock.now(), most=1):
            return "notices are to be sent"
        if await self._queries.rows("notices_by_state", state="handing-over", most=1):
            return "a notice is being handed over"
        return None

    def _claim(self, row: Mapping[str, Any]) -> IssuedCommand:
        claim = Claim(self._process, row["attempt"])
        command = ClaimHandOver(self._clock.now(), claim, self._clock.wall())
        return issued_by_duty(row, command, self._process, str(row["attempt"]))

    def _is_mine(self, answer: Answer) -> bool:
        """Whether this process's own claim counts, and was not acted on before."""
        event = answer.event
        return (
            event is not None
            and isinstance(event.data, NoticeHandingOver)
            and event.causationid == answer.issued.id
            and _place(answer) not in self._acted_on
        )

    async def _hand_over_all(self, mine: Sequence[tuple[Mapping[str, Any], Answer]]) -> None:
        results = await asyncio.gather(*(self._hand_over(row, answer) for row, answer in mine))
        await self._record(results)

    async def _hand_over(self, row: Mapping[str, Any], answer: Answer) -> IssuedCommand:
        claim = Claim(self._process, row["attempt"])
        result = await self._try(row, claim)
        assert answer.event is not None  # noqa: S101 - `_is_mine` has checked it
        identity = duty_command_id(answer.event.id, "conclude")
        return IssuedCommand(identity, row["stream"], result, row["correlation"], caused_by=answer.event.id)

    async def _try(self, row: Mapping[str, Any], claim: Claim) -> Result:
        letterhead = self._settings.letterhead()
        letter = self._written(row, letterhead)
        if not isinstance(letter, OutgoingMail):
            _log.warning("a notice can not be written", notice=row["stream"], template=row["template"], why=letter)
            return RecordFailed(self._clock.now(), claim, letter)
        try:
            outcome = await hand_over(self._connections, letterhead.sender.address, letter.recipient, letter.content)
        except Exception as error:  # noqa: BLE001 - of whatever kind: the mail may have gone, so it is in doubt
            self._report(failure_of("sender", row["stream"], error))
            return RecordAmbiguous(self._clock.now(), claim)
        return result_of(outcome, claim, self._clock.now())

    def _written(self, row: Mapping[str, Any], letterhead: Letterhead) -> OutgoingMail | DeliveryProblem:
        """The mail; where it can not be written by a fault of ours, it can be ordered again after the mend."""
        try:
            return write(row, letterhead, self._clock.now())
        except Exception as error:  # noqa: BLE001 - of whatever kind: it is reported, and failed until it is ordered again
            self._report(failure_of("sender", row["stream"], error))
            return DeliveryProblem.NOT_WRITABLE

    async def _record(self, results: Sequence[IssuedCommand]) -> None:
        """Record the results of the attempts; while the log is unavailable, try again for `RECORDING`."""
        until = self._clock.monotonic() + RECORDING.total_seconds()
        while True:
            try:
                await self._answered(results)
            except Unavailable as error:
                if self._clock.monotonic() > until:
                    raise
                self.waiting = f"results of {len(results)} hand-overs can not be recorded: {error}"
                await self._clock.sleep(PAUSE)
            else:
                return


def _place(answer: Answer) -> ClaimAt:
    assert answer.event is not None  # noqa: S101 - only claims that count have a place
    return ClaimAt(answer.event.partition, answer.event.offset)
