"""Whatever can be refused on a page, or can not be done, is said in every language."""

import ast
import re
from collections.abc import Iterator
from enum import StrEnum
from io import BytesIO
from typing import Any

import pytest
from babel.messages.pofile import read_po
from pydantic import BaseModel, ValidationError

from libs.eventlog.kafka.topics import load_cards
from libs.eventlog.wire.field_errors import _RULES
from libs.messages.actions import ViewingReason
from libs.messages.notices import Cancellation, DeliveryProblem, NoticeClass, NoticeRole, Settlement
from libs.messages.receipts import Unreadability
from libs.messages.refusals import MessageRefusal, ResponseRefusal, TicketRefusal
from libs.messages.sla import NoPromise
from libs.stack.run import PROJECT
from services.contract.plan import read_plan
from services.ops.console.pages import ACTIONS, PAGES
from services.ops.console.render import centre
from services.ops.console.sentences import FOLDER, Sentences, is_said_in, said_in
from services.ops.console.words import ENGLISH, LANGUAGES

OTHERS = [language for language in LANGUAGES if language != ENGLISH]
RAISED = {
    *("NotThere", "Refused", "Unavailable", "Unanswered", "BadForm", "NotSignedIn", "NotForVisitor", "NotLetIn"),
    *("NotRehearsed", "BadCertificate", "LookupError", "Unreadable"),
}
PLACES = (
    *(
        "services/ops/console/**/*.py",
        "services/ops/trail/*.py",
        "services/ops/rehearse/*.py",
        "services/ops/sla/grounds.py",
    ),
    *("services/ops/explain/days.py", "services/ops/door/viewings.py", "services/ops/door/stored_dead_letters.py"),
    *("services/ops/watch/recording.py", "services/ops/watch/pages.py", "services/ops/watch/readiness.py"),
    *("libs/plan/certificates.py", "libs/eventlog/client/*.py", "libs/eventlog/wire/cloudevents.py"),
)
"""Where a sentence is made that a page may show."""
ON_THE_COMMAND_LINE = {"services/ops/trail/command.py", "services/ops/rehearse/command.py"}
"""Read by whoever began a command; a page says these words as they came."""
ENGLISH_WORD = re.compile(r"\b(should|than|equal|the|must|is|or|with)\b")
NO_SENTENCES = {"no stretch holds {0}", "{0}: {1}"}
"""A fault of ours; a file and what the system says of it."""


CODES = (
    *(ViewingReason, Settlement, NoticeClass, NoticeRole, DeliveryProblem, Cancellation),
    *(Unreadability, TicketRefusal, ResponseRefusal, MessageRefusal, NoPromise),
)
"""What stands on a page by its code."""


def raised() -> Iterator[tuple[str, str]]:
    """Every sentence that is raised, with places, and where."""
    for path in sorted({path for place in PLACES for path in PROJECT.glob(place)}):
        where = str(path.relative_to(PROJECT))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                where not in ON_THE_COMMAND_LINE
                and isinstance(node, ast.Call)
                and _name(node.func) in RAISED
                and node.args
            ):
                sentence = _sentence(node.args[0])
                if sentence and sentence not in NO_SENTENCES:
                    yield where, sentence


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""


def _sentence(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=values):
            texts = [part.value if isinstance(part, ast.Constant) else None for part in values]
            numbers = iter(range(len(texts)))
            return "".join(f"{{{next(numbers)}}}" if text is None else str(text) for text in texts)
        case _:
            return ""


def filled(sentence: str) -> str:
    return re.sub(r"\{\d+\}", "7b", sentence)


@pytest.mark.parametrize("language", OTHERS)
def test_whatever_is_refused_can_be_said(language: str) -> None:
    found = {sentence: where for where, sentence in raised()}
    assert len(found) > 60
    assert {s: where for s, where in found.items() if not is_said_in(language, filled(s))} == {}


@pytest.mark.parametrize("language", OTHERS)
def test_what_each_topic_is_about_can_be_said(language: str) -> None:
    every = [card.about for card in load_cards(PROJECT / "contracts/topics").values()]
    assert [about for about in every if not is_said_in(language, about)] == []


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize(
    "rule", [*_RULES.values(), "must be a date, YYYY-MM-DD", "does not fit the schema of its type"]
)
def test_what_is_wrong_with_a_message_can_be_said(rule: str, language: str) -> None:
    assert is_said_in(language, f"/data/channel {re.sub(r'{[a-z_]+}', '7b', rule)}")


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("codes", CODES, ids=lambda codes: codes.__name__)
def test_every_code_that_a_page_shows_has_a_word(codes: type[StrEnum], language: str) -> None:
    assert [code for code in codes if not is_said_in(language, code)] == []


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_places_of_its_sentence(language: str) -> None:
    for message in read_po(BytesIO((FOLDER / f"{language}.po").read_bytes())):
        places = [sorted(re.findall(r"\{\d+\}", str(text))) for text in (message.id, message.string)]
        assert {*places[1]} <= {*places[0]}, message.id


NONSENSE: tuple[Any, ...] = ("", "x", "-1", "999999999999", "1500-01-01", "a\0b", "2026-11-30T08:00", None, {}, ["x"])


MODELS = dict.fromkeys([*(page.query for page in PAGES), *(action.form for action in ACTIONS)])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@pytest.mark.parametrize("language", OTHERS)
def test_what_is_wrong_in_an_address_or_a_form_can_be_said(model: type[BaseModel], language: str) -> None:
    for value in NONSENSE:
        try:
            model.model_validate(dict.fromkeys(model.model_fields, value) if value is not None else {})
        except ValidationError as error:
            for one in error.errors(include_url=False, include_context=False, include_input=False):
                sentence = one["msg"].removeprefix("Value error, ")
                assert not ENGLISH_WORD.search(said_in(language, f"{'.'.join(map(str, one['loc']))}: {sentence}"))
                assert is_said_in(language, f"{'.'.join(map(str, one['loc']))}: {sentence}"), sentence


def test_a_sentence_within_another_is_said_too_and_what_is_not_known_stays() -> None:
    sentence = "nothing is done, as it could not be recorded: no receipt for 10 s: does the service behind x.in.v1 run?"
    assert said_in("fr", sentence) == (
        "rien n\N{RIGHT SINGLE QUOTATION MARK}est fait, car cela n\N{RIGHT SINGLE QUOTATION MARK}a pas pu être"
        " enregistré : aucun accusé depuis 10 s : le service derrière x.in.v1 tourne-t-il ?"
    )
    assert said_in("fr", "something else") == "something else"
    assert not is_said_in("fr", "something else")
    assert said_in(ENGLISH, sentence) == sentence


def test_the_pattern_that_says_most_is_taken() -> None:
    sentences = Sentences({"there is no {0}": "pas de {0}", "there is no topic {0}": "pas de topic {0}", "a b": "A B"})
    assert sentences.say("there is no topic x") == "pas de topic x"
    assert sentences.say("there is no x; a b") == "pas de x; A B"
    assert sentences.say("there is no x; c d") == "pas de x; c d"
    assert sentences.say("email: a b") == "email: A B"
    assert sentences.say("c d") is None


def test_a_centre_is_called_by_its_name_in_the_reader_s_language() -> None:
    assert [centre(language, "united-kingdom") for language in ("en", "fr")] == ["United Kingdom", "Royaume-Uni"]
    assert centre("fr", "new-zealand") == "New Zealand"


@pytest.mark.parametrize("language", OTHERS)
def test_every_centre_that_is_shipped_has_its_name(language: str) -> None:
    assert [one.centre for one in read_plan().centres if not is_said_in(language, one.centre)] == []
