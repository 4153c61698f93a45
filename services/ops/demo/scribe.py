"""Writes down what upstream systems say, and when they hand it over: every half hour."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import NamedTuple

from libs.eventlog.client.messages import Event, Mode, door_record, event
from libs.eventlog.wire.record import Outgoing
from libs.messages.catalogue import TICKETS_DOOR
from libs.messages.certificates import Certificate
from libs.messages.receipts import Unreadability
from libs.messages.tickets import Channel, Medium, RequestKind, RespondedBy
from libs.messages.upstream import ResponseGiven, TicketSubmitted, Upstream
from libs.plan import Plan, VersionSupport, local_centre, numbers_of, promise, version_support, working_calendar
from libs.workcal import WorkingCalendar, add_working_time, zone
from services.ops.demo.cast import SPOKEN, Cast, Customer, CustomerPerson

HALF_HOUR = timedelta(minutes=30)
MODES: tuple[Mode, ...] = ("structured", "structured", "binary")
KINDS = (RequestKind.QUESTION, RequestKind.SOLUTION_FAILURE, RequestKind.UNEXPECTED_BEHAVIOUR, RequestKind.UPDATE)


class ScriptLine(NamedTuple):
    """One record at a door; `event` as JSON, or the reason why nobody can read it."""

    handed_over: datetime
    record: Outgoing
    event: Event | None
    unreadable: Unreadability | None = None


@dataclass(frozen=True)
class Case:
    """Somebody asks for support at an instant."""

    customer: Customer
    somebody: CustomerPerson
    channel: Channel
    at: datetime
    dialled: str | None = None
    product: str | None = None
    version: str | None = None
    kind: RequestKind | None = None


class UpstreamTicket(NamedTuple):
    """A ticket as upstream systems know it, with the promise that it gets if it is covered."""

    source: str
    number: str
    certificate: Certificate
    asked: ScriptLine


class Scribe:
    """Knows the plan, so that people in the story answer during opening hours."""

    def __init__(self, plan: Plan, cast: Cast, partitions: Mapping[str, int], rng: Random) -> None:
        self.plan, self.cast, self.rng = plan, cast, rng
        self.calendars = {centre.centre: working_calendar(centre) for centre in plan.centres}
        self.numbers = numbers_of(plan.centres)
        self.lines: list[ScriptLine] = []
        self.tickets: list[UpstreamTicket] = []
        self._partitions = partitions
        self._count = Counter[str]()

    def say(
        self,
        door: str,
        source: str,
        number: str,
        at: datetime,
        data: Upstream,
        *,
        handed_over: datetime | None = None,
        identity: str | None = None,
    ) -> ScriptLine:
        """Write a line that can be read."""
        self._count["messages"] += 1
        said = event(source, identity or f"{source}-{self._count['messages']:06}", number, at, data)
        record = door_record(door, said, self._partitions[door], mode=self.rng.choice(MODES))
        return self.write(ScriptLine(handed_over or half_hour(at), record, said))

    def write(self, line: ScriptLine) -> ScriptLine:
        """Write any line."""
        self.lines.append(line)
        return line

    def ask(self, case: Case, *, number: str | None = None, handed_over: datetime | None = None) -> UpstreamTicket:
        """Let somebody ask for support."""
        number = number or self.next_number(case.customer.source)
        product = case.product or self.rng.choice(case.customer.products or ("planetpress-connect",))
        subject, text = self._words(case.somebody, number)
        submitted = TicketSubmitted(
            customer=case.customer.id,
            product=product,
            version=case.version or self._version(product, case.at.date()),
            channel=case.channel,
            number_dialled=self._dialled(case),
            request_kind=case.kind or self.rng.choice(KINDS),
            language=case.somebody.language,
            requester=case.somebody.at_the_door(),
            subject=subject,
            text=text,
        )
        line = self.say(TICKETS_DOOR, case.customer.source, number, case.at, submitted, handed_over=handed_over)
        ticket = UpstreamTicket(case.customer.source, number, self._promise(case), line)
        self.tickets.append(ticket)
        return ticket

    def answer(
        self,
        ticket: UpstreamTicket,
        at: datetime,
        *,
        medium: Medium = Medium.EMAIL,
        by: RespondedBy = RespondedBy.PERSON,
        help_given: bool = True,
        handed_over: datetime | None = None,
    ) -> ScriptLine:
        """Let somebody of ours, or a machine, answer."""
        agent = f"person/{ticket.source}/agent-{self.rng.randint(1, 9)}" if by is RespondedBy.PERSON else None
        given = ResponseGiven(medium=medium, by=by, help_given=help_given, responder=agent)
        return self.say(TICKETS_DOOR, ticket.source, ticket.number, at, given, handed_over=handed_over)

    def working(self, ticket: UpstreamTicket, share: float) -> datetime:
        """The instant, to the second, at which a share of a ticket's target is used up."""
        certificate = ticket.certificate
        target = timedelta(seconds=certificate.target_seconds)
        at = add_working_time(self.calendars[certificate.centre], certificate.opened_at, target * share)
        return max(at.replace(microsecond=0), certificate.opened_at)

    def next_number(self, source: str) -> str:
        """The next number of a ticket; each upstream system counts by itself, so numbers may be the same."""
        self._count[source] += 1
        return str(1000 + self._count[source])

    def _words(self, somebody: CustomerPerson, number: str) -> tuple[str, str]:
        spoken = somebody.language if somebody.language in SPOKEN else "en"
        subject, text = self.rng.choice(self.cast.requests[spoken])
        return f"{subject} ({number})", f"{text.format(number=number)}\n\n{somebody.name}\n{somebody.phone}"

    def _version(self, product: str, day: date) -> str | None:
        versions = next((p for p in self.plan.products if p.product == product), None)
        names = [release.version for release in versions.releases] if versions else []
        good = [n for n in names if versions and version_support(versions, n, day) is VersionSupport.SUPPORTED]
        return self.rng.choice([*good, None])

    def _dialled(self, case: Case) -> str | None:
        if case.channel is not Channel.PHONE:
            return None
        own = [number for number, centre in self.numbers.items() if centre == case.customer.centre]
        return case.dialled or self.rng.choice(own)

    def _promise(self, case: Case) -> Certificate:
        local = local_centre(case.customer.centre, case.channel, case.dialled, self.numbers)
        return promise(self.calendars[local.centre], self.plan.targets, case.channel, case.at)


def half_hour(at: datetime) -> datetime:
    """The half hour that ends at the instant or after it."""
    since = at - datetime.combine(at.date(), time(), UTC)
    return at + (-since) % HALF_HOUR


def local(calendar: WorkingCalendar, day: date, clock: str) -> datetime:
    """An instant by a centre's own day and clock (`09:30`, `23:59:59`)."""
    return datetime.combine(day, time.fromisoformat(clock), zone(calendar.zone)).astimezone(UTC)
