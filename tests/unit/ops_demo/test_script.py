"""The script is the same week every time, and nothing in it hangs on which process is faster."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import chain

import pytest

from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.cloudevents import parse
from libs.messages.catalogue import CONTRACTS_DOOR, TICKETS_DOOR, UPSTREAM
from libs.messages.certificates import Certificate
from libs.messages.receipts import Unreadability
from libs.messages.tickets import RespondedBy
from libs.messages.upstream import TicketSubmitted, Upstream
from libs.plan import local_centre, numbers_of, promise, working_calendar
from services.ops.demo import SEED, TICKETS
from services.ops.demo.register import CustomerRegister
from services.ops.demo.scribe import ScriptLine
from tests.unit.ops_demo.scripts import Message, messages, plan, script

SEEDS = (2026, 1, 2)


def test_the_same_seed_writes_the_same_week() -> None:
    again = script.__wrapped__(TICKETS, SEED)
    assert [line.record for line in again.lines] == [line.record for line in script(TICKETS, SEED).lines]
    assert again.lines != script(TICKETS, 1).lines


def test_a_week_has_three_hundred_tickets_of_every_centre_by_every_channel() -> None:
    opened = [message for message in messages(script()) if message.kind == "TicketSubmitted"]
    assert len({message.ticket for message in opened}) >= 300
    assert {message.data["channel"] for message in opened} == {"phone", "email", "web"}
    centre_of = {customer.id: customer.centre for customer in script().cast.customers}
    assert len({centre_of[message.data["customer"]] for message in opened}) == 8


def test_everything_is_handed_over_at_a_half_hour_and_in_order() -> None:
    instants = [line.handed_over for line in script().lines]
    assert {(instant.minute, instant.second, instant.microsecond) for instant in instants} == {(0, 0, 0), (30, 0, 0)}
    assert instants == sorted(instants)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_handed_over_before_it_happened_but_one_mistake(seed: int) -> None:
    early = {message.identity for message in messages(script(seed=seed)) if message.at > message.line.handed_over}
    assert len(early) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_who_is_answered_in_time_is_known_to_be_in_time(seed: int) -> None:
    in_time, known = set(), set()
    for answer, certificate in answers(seed):
        if certificate.opened_at < answer.at <= certificate.due_at:
            in_time.add(answer.ticket)
            known |= {answer.ticket} if answer.line.handed_over <= certificate.due_at else set()
    assert in_time == known
    assert in_time


@pytest.mark.parametrize("seed", SEEDS)
def test_no_ticket_is_handed_over_when_its_warning_is_already_due(seed: int) -> None:
    for asked, certificate in promised(seed):
        assert asked.line.handed_over < certificate.at_risk[0].at_risk_at


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_new_is_said_of_a_ticket_at_the_instant_at_which_held_answers_are_applied(seed: int) -> None:
    answered, asked = set[tuple[str, str]](), set[tuple[str, str]]()
    applied_at: dict[tuple[str, str], datetime] = {}
    for message in firsts(seed):
        assert message.line.handed_over != applied_at.get(message.ticket)
        if message.kind == "ResponseGiven":
            answered.add(message.ticket)
        elif message.kind == "TicketSubmitted" and message.ticket in answered - asked:
            applied_at[message.ticket] = message.line.handed_over
        asked |= {message.ticket} if message.kind == "TicketSubmitted" else set()
    assert applied_at


def test_the_story_ends_after_the_last_deadline() -> None:
    assert all(certificate.due_at < script().ends for _, certificate in promised(2026))
    assert all(line.handed_over < script().ends for line in script().lines)


def test_every_kind_of_dirt_is_handed_over() -> None:
    """But for what is a fault of ours, and what a policy has to forbid."""
    assert {line.unreadable for line in script(8).lines if line.unreadable} == set(Unreadability) - {
        Unreadability.NOT_PROCESSED,
        Unreadability.SOURCE_NOT_ALLOWED,
    }


@pytest.mark.parametrize(
    "line", [line for line in script(8).lines if line.unreadable], ids=lambda line: line.unreadable
)
def test_dirt_is_unreadable_for_the_reason_that_the_script_gives(line: ScriptLine) -> None:
    with pytest.raises(Unreadable) as why:
        parse(line.record.value, line.record.headers, UPSTREAM[TICKETS_DOOR])
    assert why.value.reason == line.unreadable


def test_what_is_no_dirt_can_be_read_and_says_what_the_script_means() -> None:
    modes = Counter[str]()
    for line in script().lines:
        if line.event:
            read = parse(line.record.value, line.record.headers, UPSTREAM[line.record.topic])
            assert (read.source, read.id, read.subject) == tuple(
                line.event[name] for name in ("source", "id", "subject")
            )
            modes["binary" if len(line.record.headers) > 1 else "structured"] += 1
    assert min(modes["binary"], modes["structured"]) > 100


def test_messages_of_one_ticket_go_to_one_partition() -> None:
    places: dict[str, set[int]] = {}
    for message in messages(script()):
        places.setdefault(message.ticket[1], set()).add(message.line.record.partition)
    assert all(len(partitions) == 1 for partitions in places.values())


def test_nobody_can_be_reached_for_real() -> None:
    for somebody in script().cast.people():
        assert somebody.email is None or re.fullmatch(r"[a-z.]+@example\.(org|com|net)", somebody.email)


@cache
def firsts(seed: int) -> list[Message]:
    """Messages that are no repeats."""
    known: dict[tuple[tuple[str, str], str], Message] = {}
    for message in messages(script(seed=seed)):
        known.setdefault((message.ticket, message.identity), message)
    return list(known.values())


@cache
def promised(seed: int) -> list[tuple[Message, Certificate]]:
    """The openings that are covered, with the promise that each gets."""
    register = CustomerRegister(plan())
    week = [line for line in script(seed=seed).lines if line.record.topic == CONTRACTS_DOOR]
    for line in (*chain.from_iterable(script(seed=seed).before), *week):
        assert line.event is not None
        register.take(line.event, said(CONTRACTS_DOOR, line.event["type"], line.event["data"]))
    openings: dict[tuple[str, str], Message] = {}
    for message in firsts(seed):
        if message.kind == "TicketSubmitted" and message.at <= message.line.handed_over:
            openings.setdefault(message.ticket, message)
    return [(m, certificate) for m in openings.values() if (certificate := promise_of(register, m))]


def promise_of(register: CustomerRegister, message: Message) -> Certificate | None:
    asked = said(TICKETS_DOOR, "olcare.upstream.TicketSubmitted.v1", message.data)
    assert isinstance(asked, TicketSubmitted)
    if register.refusal(asked, message.at):
        return None
    home, numbers = register.customers[asked.customer].centre, numbers_of(plan().centres)
    centre = local_centre(home, asked.channel, asked.number_dialled, numbers).centre
    published = next(published for published in plan().centres if published.centre == centre)
    return promise(working_calendar(published), plan().targets, asked.channel, message.at)


def said(door: str, kind: str, data: object) -> Upstream:
    return UPSTREAM[door][kind].model_validate_json(json.dumps(data))


def answers(seed: int) -> Iterator[tuple[Message, Certificate]]:
    """What a person answered, with the promise that it is about."""
    certificates = {message.ticket: certificate for message, certificate in promised(seed)}
    for message in firsts(seed):
        by_person = message.kind == "ResponseGiven" and message.data["by"] == RespondedBy.PERSON
        if by_person and message.ticket in certificates:
            yield message, certificates[message.ticket]
