"""What must come of a script, reckoned from what is said in it and from the plan, without any service's code."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import chain

from libs.messages.base import event_type
from libs.messages.catalogue import CONTRACTS_DOOR, TICKETS_DOOR, UPSTREAM
from libs.messages.notices import (
    DeliveryProblem,
    NoticeClass,
    NoticeDeferred,
    NoticeFailed,
    NoticeHandingOver,
    NoticeRequested,
    NoticeSent,
)
from libs.messages.receipts import Outcome
from libs.messages.refusals import TicketRefusal
from libs.messages.upstream import TicketSubmitted, Upstream
from libs.plan import Plan, local_centre, numbers_of, promise, working_calendar
from services.ops.demo.contract_life import Timetable, contract_figures, happenings
from services.ops.demo.figures import (
    Answered,
    AskedFor,
    ContractFigure,
    ContractNews,
    Figures,
    NoticeFigure,
    NotTaken,
    Promised,
)
from services.ops.demo.register import Contract, CustomerRegister, Outcomes
from services.ops.demo.scribe import ScriptLine
from services.ops.demo.script import Script
from services.ops.demo.ticket_life import Life, SaidMessage, judge, live, told_too_late


def reckon(script: Script, plan: Plan) -> Figures:
    """Reckon all figures."""
    return _Reckoning(script, plan).figures()


class _Reckoning:
    def __init__(self, script: Script, plan: Plan) -> None:
        self._script, self._plan, self._cast = script, plan, script.cast
        self._register = CustomerRegister(plan)
        self._calendars = {centre.centre: working_calendar(centre) for centre in plan.centres}
        self._mailboxes = {centre.centre: centre.mailbox for centre in plan.centres}
        self._found = Figures()

    def figures(self) -> Figures:
        for line in chain.from_iterable(self._script.before):
            self._registered(line)
        for line in self._at(CONTRACTS_DOOR):
            self._registered(line)
        for contract in self._register.contracts.values():
            self._contract(contract)
        for line in self._at(TICKETS_DOOR):
            if line.unreadable:
                self._found.dead_letters[str(line.unreadable)] += 1
                self._found.receipts[Answered(TICKETS_DOOR, Outcome.UNREADABLE)] += 1
        for messages in _by_ticket(self._at(TICKETS_DOOR)).values():
            self._ticket(live(messages, self._register))
        self._deferred()
        return self._found

    def _at(self, door: str) -> list[ScriptLine]:
        return [line for line in self._script.lines if line.record.topic == door]

    def _contract(self, contract: Contract) -> None:
        timetable = Timetable(self._plan.notices, self._calendars[contract.centre], self._script.ends)
        found = list(happenings(contract, timetable))
        self._count(happening.event for happening in found)
        happened = {happening.event.event for happening in found}
        self._found.contracts.update(contract_figures(contract, self._register, happened))
        email = self._register.customers[contract.customer].email
        for letter in (happening.letter for happening in found if happening.letter):
            self._notice(letter.notice_class, email, letter.leaves_at)
        for _ in contract.terms[1:]:
            self._notice(NoticeClass.RENEWAL, email)

    def _registered(self, line: ScriptLine) -> None:
        assert line.event is not None  # noqa: S101 - no dirt at this door
        outcome = self._register.take(line.event, _data(CONTRACTS_DOOR, line))
        self._found.receipts[Answered(CONTRACTS_DOOR, outcome.outcome)] += 1
        self._count([outcome])

    def _ticket(self, life: Life) -> None:
        for outcome in (*life.outcomes, *life.applied):
            self._found.receipts[Answered(TICKETS_DOOR, outcome.outcome)] += 1
        self._count([*life.commands.values(), *life.applied])
        if life.asked is None or life.opened_at is None:
            if life.held:
                self._found.tickets[AskedFor(None, None, "held")] += 1
            return
        if life.reason:
            self._refused(life.asked, life.reason, life.opened_at)
        else:
            self._opened(life, life.asked, life.opened_at)

    def _refused(self, asked: TicketSubmitted, reason: str, at: datetime) -> None:
        known = self._register.customers.get(asked.customer)
        centre = known.centre if known else None
        self._found.tickets[AskedFor(centre, asked.channel, "refused", reason)] += 1
        if centre and reason == TicketRefusal.COVER_LAPSED:
            price = self._register.price_to_return(asked, at)
            self._found.contracts[ContractFigure(centre, ContractNews.REFUSED, *price or (None, None))] += 1
        self._notice(NoticeClass.REFUSAL, asked.requester.email)

    def _opened(self, life: Life, asked: TicketSubmitted, at: datetime) -> None:
        home, numbers = self._register.customers[asked.customer].centre, numbers_of(self._plan.centres)
        centre = local_centre(home, asked.channel, asked.number_dialled, numbers).centre
        self._found.tickets[AskedFor(centre, asked.channel, life.state)] += 1
        certificate = promise(self._calendars[centre], self._plan.targets, asked.channel, at)
        judged = judge(certificate, life.answers, self._script.ends)
        self._found.promises[Promised(centre, asked.channel, judged.state, judged.warned > 0)] += 1
        self._count([*judged.events, *(told_too_late(said, judged.ended_at) for said in life.besides)])
        self._notice(NoticeClass.ACKNOWLEDGEMENT, asked.requester.email)
        for _ in range(judged.warned):
            self._notice(NoticeClass.WARNING, self._mailboxes[centre])
        if judged.state == "breached":
            self._notice(NoticeClass.BREACH, self._mailboxes[centre])

    def _count(self, outcomes: Iterable[Outcomes]) -> None:
        for outcome in outcomes:
            self._found.events[outcome.event] += 1
            if outcome.reason:
                self._found.not_taken[NotTaken(outcome.event, outcome.reason)] += 1

    def _notice(self, notice_class: NoticeClass, email: str | None, leaves_at: datetime | None = None) -> None:
        if leaves_at and leaves_at > self._script.ends:
            self._found.notices[NoticeFigure(notice_class, "requested")] += 1
            self._found.events[event_type(NoticeRequested)] += 1
            return
        problem = DeliveryProblem.REFUSED if email == self._cast.mailbox_gone else None
        problem = problem if email else DeliveryProblem.NO_ADDRESS
        self._found.notices[NoticeFigure(notice_class, "failed" if problem else "sent", problem)] += 1
        for event in (NoticeRequested, NoticeHandingOver, NoticeFailed if problem else NoticeSent):
            self._found.events[event_type(event)] += 1
        if email and not problem:
            self._found.mails[email] += 1

    def _deferred(self) -> None:
        """Count the deferred first attempt of the first mail to the greylisted address."""
        if self._found.mails[self._cast.greylisted]:
            self._found.events.update(event_type(event) for event in (NoticeDeferred, NoticeHandingOver))


def _by_ticket(lines: Sequence[ScriptLine]) -> dict[tuple[str, str], list[SaidMessage]]:
    found: dict[tuple[str, str], list[SaidMessage]] = {}
    for line in lines:
        if event := line.event:
            at = datetime.fromisoformat(event["time"])
            said = SaidMessage(at, line.handed_over, event["id"], _data(TICKETS_DOOR, line))
            found.setdefault((event["source"], event["subject"]), []).append(said)
    return found


def _data(door: str, line: ScriptLine) -> Upstream:
    assert line.event is not None  # noqa: S101 - what nobody can read is not asked
    return UPSTREAM[door][line.event["type"]].model_validate_json(json.dumps(line.event["data"]))
