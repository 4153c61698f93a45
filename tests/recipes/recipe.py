"""The recipes of CONTRIBUTING.md, followed once: a customer rates a ticket, and its centre is told by mail.

Each step is an edit of a file, in the order of the recipes; `python -m tests.recipes.recipe FOLDER` applies them to a
copy of the project.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from libs.eventlog.wire.record import Cause, Head, encode
from libs.messages.base import Event
from libs.messages.ids import door_command_id, name_id
from services.intake.projections import READERS

TICKET = "ticket/crm-eu/4713"
AT = datetime(2026, 12, 2, 9, tzinfo=UTC)

READER = 'Reader("tickets", TICKETS,'
VERSION = next(reader.version for reader in READERS if reader.name == "tickets")


class Edit(NamedTuple):
    """What stands in a file, and what is to stand there."""

    file: str
    before: str
    after: str


class Import(NamedTuple):
    """A name to be imported beside another one."""

    file: str
    beside: str
    name: str


class NewFile(NamedTuple):
    """A file that was not there."""

    file: str
    text: str


MESSAGE = (
    Edit(
        "GLOSSARY.md",
        "| transfer | another centre",
        "| rating | how content a customer is, from 1 to 5 | satisfaction score |\n| transfer | another centre",
    ),
    Edit(
        "libs/messages/upstream.py",
        "class TicketWithdrawn(Upstream):",
        'class TicketRated(Upstream):\n    """The customer says how content they are, from 1 to 5."""\n\n'
        "    score: Annotated[int, Field(ge=1, le=5)]\n    by: PersonId\n\n\nclass TicketWithdrawn(Upstream):",
    ),
    Edit("libs/messages/upstream.py", "    | TicketWithdrawn\n)", "    | TicketWithdrawn\n    | TicketRated\n)"),
    Edit(
        "contracts/topics/olcare.tickets.in.v1.yaml",
        "  - olcare.upstream.TicketWithdrawn.v1\n",
        "  - olcare.upstream.TicketWithdrawn.v1\n  - olcare.upstream.TicketRated.v1\n",
    ),
    NewFile(
        "contracts/examples/door/TicketRated.json",
        '{"specversion": "1.0", "id": "crm-99", "source": "crm-eu", "type": "olcare.upstream.TicketRated.v1",'
        ' "subject": "4713", "time": "2026-12-02T09:00:00Z", "datacontenttype": "application/json",'
        ' "data": {"score": 4, "by": "person/crm-eu/p-17"}}\n',
    ),
)
"""Add an upstream message."""
EVENT = (
    Edit(
        "libs/messages/tickets.py",
        "class HeldTransfer(Value):",
        'class TicketRated(Decision):\n    """The customer has said how content they are, from 1 to 5."""\n\n'
        "    rated_at: Instant\n    score: Annotated[int, Field(ge=1, le=5)]\n    by: PersonId\n    centre: Code\n"
        '    """That has the ticket."""\n\n\n'
        'class HeldRating(Value):\n    """A rating that came before its ticket."""\n\n'
        "    rated_at: Instant\n    score: Annotated[int, Field(ge=1, le=5)]\n    by: PersonId\n\n\n"
        "class HeldTransfer(Value):",
    ),
    Edit("libs/messages/tickets.py", "    | TicketWithdrawn\n)", "    | TicketWithdrawn\n    | TicketRated\n)"),
    Edit(
        "libs/messages/tickets.py",
        "    withdrawal: TicketWithdrawn | None = None\n",
        "    withdrawal: TicketWithdrawn | None = None\n    rating: HeldRating | None = None\n",
    ),
    Edit(
        "libs/messages/tickets.py",
        "from enum import StrEnum\n",
        "from enum import StrEnum\nfrom typing import Annotated\n\nfrom pydantic import Field\n",
    ),
    Edit(
        "contracts/topics/olcare.tickets.v1.yaml",
        "  - olcare.TicketWithdrawn.v1\n",
        "  - olcare.TicketWithdrawn.v1\n  - olcare.TicketRated.v1\n",
    ),
    Edit("services/intake/projections.py", f"{READER} {VERSION},", f"{READER} {VERSION + 1},"),
)
"""Add an event: the model, its place in the union, its type on the card of the topic."""
DECIDED = (
    Edit(
        "services/intake/door.py",
        "        case upstream.WorkExcluded() | upstream.TicketResolved() | upstream.TicketWithdrawn():\n",
        "        case upstream.TicketRated():\n            return None\n"
        "        case upstream.WorkExcluded() | upstream.TicketResolved() | upstream.TicketWithdrawn():\n",
    ),
    Edit("services/intake/door.py", "        case TicketsMerged() |", "        case TicketRated() | TicketsMerged() |"),
    Import("services/intake/door.py", "TicketPaused", "TicketRated"),
    Edit(
        "services/intake/personal.py",
        "        case upstream.TicketPaused() | upstream.TicketResumed() | upstream.WorkExcluded():",
        "        case upstream.TicketRated():\n            return None\n"
        "        case upstream.TicketPaused() | upstream.TicketResumed() | upstream.WorkExcluded():",
    ),
    Edit(
        "services/intake/from_upstream.py",
        "        case upstream.TicketWithdrawn(by=by):",
        "        case upstream.TicketRated(score=score, by=by):\n"
        '            return {"rating": HeldRating(rated_at=at, score=score, by=by)}\n'
        "        case upstream.TicketWithdrawn(by=by):",
    ),
    Import("services/intake/from_upstream.py", "HeldReopening", "HeldRating"),
    Edit("services/intake/held_message.py", "    | TicketWithdrawn\n)", "    | TicketWithdrawn\n    | HeldRating\n)"),
    Edit(
        "services/intake/held_message.py",
        '        case TicketWithdrawn():\n            return "withdrawn_at"\n',
        '        case TicketWithdrawn():\n            return "withdrawn_at"\n'
        '        case HeldRating():\n            return "rated_at"\n',
    ),
    Import("services/intake/held_message.py", "HeldReopening", "HeldRating"),
    Edit(
        "services/intake/life.py",
        "        case WorkExcluded() | TicketResolved() | TicketWithdrawn():\n            return None\n",
        "        case WorkExcluded() | TicketResolved() | TicketWithdrawn() | HeldRating():\n            return None\n",
    ),
    Edit(
        "services/intake/life.py",
        "        case HeldTransfer():\n            return _transferred",
        "        case HeldRating():\n            return TicketRated(**dict(content), centre=known.centre)\n"
        "        case HeldTransfer():\n            return _transferred",
    ),
    Edit("services/intake/life.py", "    | TicketWithdrawn\n)", "    | TicketWithdrawn\n    | TicketRated\n)"),
    Edit(
        "services/intake/life.py",
        "        case NoteRecorded():\n            return known\n",
        "        case NoteRecorded() | TicketRated():\n            return known\n",
    ),
    Import("services/intake/life.py", "HeldReopening", "HeldRating"),
    Import("services/intake/life.py", "TicketPaused", "TicketRated"),
    Edit(
        "services/intake/domain.py",
        "        case TicketPaused() | TicketResumed() |",
        "        case TicketRated() | TicketPaused() | TicketResumed() |",
    ),
    Import("services/intake/domain.py", "TicketPaused", "TicketRated"),
    Edit(
        "services/intake/reconsidering.py",
        "    *(ResponseRecorded, CustomerCallRecorded,",
        "    TicketRated,\n    *(ResponseRecorded, CustomerCallRecorded,",
    ),
    Import("services/intake/reconsidering.py", "TicketPaused", "TicketRated"),
    Edit(
        "services/intake/ticket_rows.py",
        "        case MessageHeld() | MessageRefused() |",
        "        case TicketRated() | MessageHeld() | MessageRefused() |",
    ),
    Import("services/intake/ticket_rows.py", "TicketPaused", "TicketRated"),
    Edit(
        "services/sla_timer/cycles/rows.py",
        "        case TicketOpened() | TicketTransferred():",
        "        case TicketOpened() | TicketTransferred() | TicketRated():",
    ),
    Import("services/sla_timer/cycles/rows.py", "TicketPaused", "TicketRated"),
    Edit(
        "services/sla_timer/promise/history_rows.py",
        "        case TicketReopened() | TicketResolved() | WorkExcluded():",
        "        case TicketReopened() | TicketResolved() | WorkExcluded() | TicketRated():",
    ),
    Import("services/sla_timer/promise/history_rows.py", "TicketPaused", "TicketRated"),
    Edit("services/sla_timer/reactions.py", "ASK_NOTHING = (\n", "ASK_NOTHING = (\n    TicketRated,\n"),
    Import("services/sla_timer/reactions.py", "TicketPaused", "TicketRated"),
)
"""Decide wherever mypy asks."""
MAIL = (
    Edit(
        "libs/messages/notices.py",
        '    NO_PROMISE = "no-promise"\n',
        '    NO_PROMISE = "no-promise"\n    RATING = "rating"\n',
    ),
    Edit(
        "libs/messages/notices.py",
        "    clause: Clause | None = None\n",
        "    clause: Clause | None = None\n    score: Annotated[int, Field(ge=1, le=5)] | None = None\n",
    ),
    Edit("services/notification/news.py", "    | ContractLapsed\n)", "    | ContractLapsed\n    | TicketRated\n)"),
    Edit(
        "services/notification/reactions.py",
        "            return [about_a_term(known, news)]\n",
        "            return [about_a_term(known, news)]\n        case TicketRated():\n"
        "            about = NoticeFacts(ticket=event.stream, centre=news.centre, score=news.score)\n"
        "            return [to_the_centre(known, NoticeClass.RATING, news.centre, about)]\n",
    ),
    Import("services/notification/news.py", "TicketPaused", "TicketRated"),
    Edit(
        "services/notification/reactions.py",
        "        case TicketOpened() | TicketRefused() | CoverRestated():\n",
        "        case TicketOpened() | TicketRefused() | CoverRestated() | TicketRated():\n",
    ),
    Edit(
        "services/notification/reactions.py",
        "import CoverRestated, TicketOpened, TicketRefused\n",
        "import CoverRestated, TicketOpened, TicketRated, TicketRefused\n",
    ),
    NewFile(
        "services/notification/mail/texts/en/rating.txt",
        "Ticket {{ number_of(facts.ticket) }}: {{ facts.score }} of 5\n\nThe customer has rated the ticket.\n",
    ),
    NewFile(
        "services/notification/mail/texts/fr/rating.txt",
        "Billet {{ number_of(facts.ticket) }} : {{ facts.score }} sur 5\n\nLe client a noté le billet.\n",
    ),
    Edit(
        "tests/unit/notification/test_texts.py",
        '    "renewal-offer": example("RenewalOffered"),\n',
        '    "renewal-offer": example("RenewalOffered"),\n    "rating": example("TicketRated"),\n',
    ),
    Edit(
        "tests/unit/notification/test_reactions.py",
        '    "ContractLapsed": 1,\n',
        '    "ContractLapsed": 1,\n    "TicketRated": 1,\n',
    ),
)
"""A message with a mail."""
RULE = (
    Edit(
        "tests/unit/intake/test_clock_tolerance.py",
        "Said = Callable[[datetime], TakeMessage]\n",
        "def rate(at: datetime) -> TakeMessage:\n"
        "    return take(said_of(at, upstream.TicketRated, rating=HeldRating(rated_at=at, score=4, by=AGENT)))\n\n\n"
        "def rated(at: datetime) -> TicketRated:\n"
        "    return TicketRated(rated_at=at, score=4, by=AGENT, centre=OPENED.centre)\n\n\n"
        "Said = Callable[[datetime], TakeMessage]\n",
    ),
    Edit(
        "tests/unit/intake/test_clock_tolerance.py",
        "    (withdraw, withdrawn, ()),\n]",
        "    (withdraw, withdrawn, ()),\n    (rate, rated, ()),\n]",
    ),
    Import("tests/unit/intake/test_clock_tolerance.py", "TicketsMerged", "HeldRating"),
    Import("tests/unit/intake/test_clock_tolerance.py", "TicketsMerged", "TicketRated"),
    NewFile(
        "tests/unit/intake/test_rating.py",
        '"""A rating goes to the centre that has the ticket, also one that came before its ticket."""\n\n'
        "from datetime import timedelta\n\n"
        "from libs.messages.tickets import HeldRating, MessageHeld, TicketRated\n"
        "from services.intake.domain import DECIDER, ApplyHeld, TakeMessage\n"
        "from tests.unit.intake.examples import LATER, NOW, OPENED, THERE, transferred\n\n"
        'RATING = HeldRating(rated_at=LATER, score=4, by="person/crm-eu/p-17")\n'
        'HELD = MessageHeld(upstream_type="olcare.upstream.TicketRated.v1", said_at=LATER, rating=RATING)\n'
        'RATED = TicketRated(rated_at=LATER, score=4, by=RATING.by, centre="americas")\n\n\n'
        "def test_the_centre_that_has_the_ticket_is_rated() -> None:\n"
        "    state = DECIDER.replay([OPENED, transferred(LATER)])\n"
        "    assert DECIDER.decide(state, TakeMessage(LATER, NOW + timedelta(days=9), THERE, HELD)) == RATED\n\n\n"
        "def test_a_rating_before_its_ticket_waits_for_it() -> None:\n"
        "    state = DECIDER.replay([HELD, OPENED])\n"
        "    event = DECIDER.decide(state, ApplyHeld(LATER, 1))\n"
        '    assert event == RATED.model_copy(update={"centre": OPENED.centre})\n',
    ),
)
"""Tests first: the rule."""
STEPS = (*MESSAGE, *EVENT, *DECIDED, *MAIL, *RULE)


def apply(folder: Path) -> None:
    """Follow the recipes in a copy of the project; raises ValueError where a step does not fit any more."""
    for step in STEPS:
        path = folder / step.file
        if isinstance(step, NewFile):
            path.write_text(step.text)
            continue
        before, after, times = _edited(step)
        text = path.read_text()
        if not 1 <= text.count(before) <= times:
            raise ValueError(f"{step.file} has {text.count(before)} times: {before}")
        path.write_text(text.replace(before, after, 1))


def _edited(step: Edit | Import) -> tuple[str, str, int]:
    """What is looked for, what is put there, and how often it may stand there: an imported name may come again."""
    if isinstance(step, Edit):
        return step.before, step.after, 1
    beside = f"    {step.beside},\n"
    return beside, f"{beside}    {step.name},\n", 9


def example(event: Event) -> str:
    """A whole example of an event, as the fifth of its stream."""
    head = Head(4, str(name_id("recipe", "head")))
    command = door_command_id("crm-eu", "crm-99", TICKET)
    written = encode("olcare/intake", TICKET, head, event, Cause(command, command, AT), AT)
    return msgspec.json.format(written.value, indent=2).decode() + "\n"


if __name__ == "__main__":
    apply(Path(sys.argv[1]))
