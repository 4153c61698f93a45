"""An explanation in French: every template has its words and its places, and reads as whole sentences."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from gettext import NullTranslations
from io import BytesIO
from string import Formatter
from typing import Any, get_args

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.messages.certificates import RetargetCause
from libs.messages.sla import (
    CallNoted,
    CancellationCause,
    CancellationNoted,
    FirstResponseAtRisk,
    FirstResponseBreached,
    FirstResponseCancelled,
    FirstResponseClockStarted,
    FirstResponseMet,
    FirstResponseNotPromised,
    FirstResponseNotRetargeted,
    FirstResponseReinstated,
    FirstResponseRestated,
    FirstResponseRetargeted,
    InternalTargetNotSet,
    InternalTargetSet,
    LaterResponseNoted,
    MergeNoted,
    NoPromise,
    NotAResponse,
    PromiseEvent,
    ReinstatementNotApplied,
    ResponseNotApplied,
    Verdict,
)
from libs.messages.tickets import Channel, TicketOpened, TicketRefused
from libs.stack.run import PROJECT
from libs.workcal import zone
from services.ops.explain.as_data import data
from services.ops.explain.as_words import DAY_COLUMNS, LIFE_COLUMNS, day_row, happening_row, sentences
from services.ops.explain.days import DayLineKind
from services.ops.explain.explanation import Explanation, RecordedPromise, explain
from services.ops.explain.life import VERDICTS, life
from services.ops.report.accounts import Ledger
from services.ops.report.attainment import Miss
from services.ops.report.misses import answered, why
from services.ops.sla.cycles import laid_out
from services.ops.sla.grounds import Grounds
from services.ops.sla.response_times import Length
from services.ops.speech.languages import ENGLISH, LANGUAGES
from services.ops.speech.speech import IN_ENGLISH, WORDS, Speech, speech_of
from services.sla_timer.promise.decider import DECIDER, Command
from services.sla_timer.promise.merging import AdoptPromise, CancelPromise
from tests.unit.ops.test_attainment import account
from tests.unit.ops.test_explanation import MAILED, OPENED
from tests.unit.sla_timer.examples import (
    TICKET,
    W03,
    answer,
    breached,
    example,
    fire,
    later,
    met,
    not_applied,
    not_promised,
    paris,
    started,
    warn,
)
from tests.unit.sla_timer.test_calls import ring
from tests.unit.sla_timer.test_publications import FIRST, FIRST_TARGETS, at, closed, recompute, targets_at
from tests.unit.sla_timer.test_restatement import restate
from tests.unit.sla_timer.test_transfers import to_americas

OTHERS = [language for language in LANGUAGES if language != ENGLISH]
SPEAKING = ("ops/explain/*.py", "ops/sla/*.py", "ops/speech/*.py", "ops/rehearse/*.py", "ops/report/*.py")
CODES = {*map(str, RetargetCause), *map(str, Verdict), *map(str, DayLineKind)} - {"used"}
"""What is said by its code."""
FRENCH = speech_of("fr")
HOUR = timedelta(hours=1)
CLOSING = at(paris("11:00"), closed(("12:00", "17:00")))
EARLIER = at(paris("13:00"), closed(("10:00", "12:00")))
GROUNDS = Grounds({"france": [FIRST, CLOSING]}, [FIRST_TARGETS])


def templates() -> Iterator[str]:
    """Everything that is marked in the source."""
    for pattern in SPEAKING:
        for path in (PROJECT / "services").glob(pattern):
            for _, message, *_ in extract("python", BytesIO(path.read_bytes()), {"N_": None}):
                assert isinstance(message, str), path
                yield message


def messages(language: str) -> list[Message]:
    return [message for message in read_po(BytesIO((WORDS / f"{language}.po").read_bytes())) if message.id]


def places(template: str) -> set[str]:
    return {name for _, name, *_ in Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("language", OTHERS)
def test_every_template_is_there_and_none_is_left_over(language: str) -> None:
    known = {str(message.id) for message in messages(language) if message.string}
    assert {*templates(), *CODES} - known == set(), "without a translation"
    assert known - {*templates(), *CODES} == set(), "said nowhere"


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_places_of_its_template(language: str) -> None:
    for message in messages(language):
        assert places(str(message.string)) == places(str(message.id)), message.id
        assert not message.fuzzy, message.id


def test_every_verdict_has_a_word() -> None:
    assert set(VERDICTS) == set(map(str, Verdict))


class Asked(NullTranslations):
    """Words that remember what they were asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.templates = set[str]()

    def gettext(self, message: str) -> str:
        self.templates.add(message)
        return message


COMMANDS: tuple[Command, ...] = (
    ring(paris("10:30")),
    recompute(paris("11:00"), CLOSING),
    recompute(paris("11:00"), targets=[targets_at(paris("11:00"), email_seconds=7200)]),
    warn(paris("13:00")),
    fire(paris("14:00"), paris("14:00")),
    fire(paris("17:40"), paris("17:00")),
    answer(paris("12:00")),
    answer(paris("18:00")),
    restate(EARLIER),
    to_americas(paris("11:00")),
    CancelPromise(paris("11:30"), TICKET, CancellationCause.WITHDRAWN),
    AdoptPromise(paris("11:00"), TICKET, "ticket/crm-eu/4712", started(paris("09:00"), Channel.EMAIL).certificate),
)


def history(commands: tuple[Command, ...]) -> tuple[PromiseEvent, ...]:
    events: tuple[PromiseEvent, ...] = (MAILED,)
    for command in commands:
        event = DECIDER.decide(DECIDER.replay(events), command)
        events = (*events, event) if event else events
    return events


def everything(found: Explanation) -> list[str]:
    """All that is said of a promise, but the names of columns."""
    rows = [happening_row(one, found) for one in found.life]
    lines = [day_row(line, found.speech) for line in found.days]
    changes = [change["why"] for change in data(found)["changes"]]
    told = [str(row[column]) for row in rows for column in ("what", "says")]
    days = [str(line["what"]) for line in lines if "Fermeture" not in str(line["what"])]
    return [*sentences(found), *told, *days, *changes, *(one.why for one in found.answers)]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(COMMANDS), max_size=6).map(tuple))
def test_whatever_happened_is_told_in_french_alone(commands: tuple[Command, ...]) -> None:
    told, asked = RecordedPromise(TICKET, OPENED, history(commands), paris("11:05")), Asked()
    english, french = explain(told, GROUNDS), explain(told, GROUNDS, FRENCH)
    both = list(zip(everything(english), everything(french), strict=True))
    assert [pair for pair in both if pair[0] == pair[1]] == []
    assert everything(explain(told, GROUNDS, Speech(ENGLISH, asked))) == everything(english)
    assert asked.templates <= {str(message.id) for message in messages("fr")}


def french(*events: PromiseEvent, opened: TicketOpened | TicketRefused | None = OPENED) -> Explanation:
    return explain(RecordedPromise(TICKET, opened, events), GROUNDS, FRENCH)


def plain(texts: Iterator[str] | list[str]) -> list[str]:
    """With the spaces and apostrophes of a keyboard."""
    return [text.replace("\u202f", " ").replace("\u00a0", " ").replace("\u2019", "'") for text in texts]


def test_a_promise_that_was_moved_and_breached_reads_in_french() -> None:
    events = history((recompute(paris("11:00"), CLOSING), fire(paris("11:40", day=25), paris("11:00", day=25))))
    assert plain(sentences(french(*events))) == [
        (
            "ticket/crm-eu/4711 a été ouvert par e-mail le mar. 24 nov. 2026 à 10:00 CET, au centre france : "
            "le centre de rattachement du client."
        ),
        (
            "Le délai de première réponse promis était de 4 h de temps ouvré (objectif par e-mail, version 1, "
            "publiée le lun. 2 nov. 2026 à 08:00 CET). D'après la version 1 du calendrier du centre france et "
            "les fuseaux "
            f"horaires {MAILED.certificate.tz_version}, le délai a commencé à courir le mar. 24 nov. 2026 à "
            "10:00 CET, et "
            "l'échéance était fixée au mar. 24 nov. 2026 à 14:00 CET."
        ),
        (
            "Le mar. 24 nov. 2026 à 11:00 CET, après 1 h de temps ouvré, la promesse a été recalculée (un autre "
            "calendrier, avec moins d'heures "
            "d'ouverture avant l'échéance) ; l'échéance, fixée au mar. 24 nov. 2026 à 14:00 CET, est désormais le "
            "mer. 25 nov. 2026 à 11:00 CET."
        ),
        "La promesse a été manquée le mer. 25 nov. 2026 à 11:00 CET, ce qui a été constaté 40 min plus tard.",
        "Personne n'a répondu.",
    ]


def test_an_answer_in_time_and_one_that_was_late_read_in_french() -> None:
    assert plain(sentences(french(W03, met(paris("16:00")))))[-1] == (
        "La promesse a été tenue : réponse le mar. 24 nov. 2026 à 16:00 CET, après 1 h de temps ouvré (1 h de temps "
        "écoulé) ; en avance de 1 h de temps ouvré (1 h de temps écoulé)."
    )
    assert plain(sentences(french(W03, breached(paris("17:40")), later(paris("17:30")))))[-1] == (
        "La première réponse est venue le mar. 24 nov. 2026 à 17:30 CET, après 2 h de temps ouvré (2 h 30 min de temps "
        "écoulé) ; en retard de 0 s de temps ouvré (30 min de temps écoulé)."
    )


def test_what_was_restated_transferred_or_cancelled_reads_in_french() -> None:
    late = (recompute(paris("13:00"), EARLIER), fire(paris("14:00:01"), paris("14:00")), answer(paris("15:00")))
    grounds = Grounds({"france": [FIRST, EARLIER]}, [FIRST_TARGETS])
    restated = explain(RecordedPromise(TICKET, OPENED, history((*late, restate(EARLIER)))), grounds, FRENCH)
    assert plain(sentences(restated))[-1] == (
        "Réexaminée d'après tout ce que l'on sait depuis (un calendrier qui aurait reculé l'échéance) : tenue, "
        "échéance "
        "le mar. 24 nov. 2026 à 16:00 CET ; le verdict reste."
    )
    assert plain(sentences(french(*history((to_americas(paris("11:00")),)))))[-1] == (
        "Le mar. 24 nov. 2026 à 11:00 CET, le ticket a été transféré au centre americas, qui devrait répondre d'ici le "
        "mar. 24 nov. 2026 à 14:00 CET ; ce n'est pas une promesse."
    )
    cancelled = french(*history((CancelPromise(paris("11:00"), TICKET, CancellationCause.WITHDRAWN),)))
    assert plain(sentences(cancelled))[-1] == "La promesse a été annulée et n'a pas de verdict."


def test_a_ticket_without_a_promise_reads_in_french() -> None:
    refused = example("TicketRefused").data
    assert isinstance(refused, TicketRefused)
    assert plain(sentences(french(not_promised(NoPromise.NO_TARGETS))))[1:] == [
        "Aucune première réponse n'a été promise : aucun objectif n'a été publié."
    ]
    (said,) = plain(sentences(french(opened=refused)))
    assert said.endswith(f"a été refusé ({refused.reason}) : aucun délai n'a couru.")
    assert plain(sentences(french(opened=None))) == [
        f"{TICKET} n'est pas encore ouvert : ce qui en a été dit est gardé jusque-là."
    ]


def test_the_life_of_a_promise_reads_in_french() -> None:
    events = (*history((warn(paris("13:00")),)), not_applied(paris("13:30"), NotAResponse.AUTOMATIC))
    rows = [happening_row(happening, french(*events)) for happening in french(*events).life]
    assert plain([f"{row['what']} : {row['says']}" for row in rows]) == [
        (
            "promise : sous 4 h de temps ouvré ; le délai court à partir du mar. 24 nov. 2026 à 10:00 CET ; "
            "calendrier 1, "
            f"objectifs 1, fuseaux horaires {MAILED.certificate.tz_version}"
        ),
        (
            "alerte : 75 % de l'objectif étaient consommés et personne n'avait répondu ; il restait 1 h, heures de "
            "fermeture comprises"
        ),
        "pas une réponse : un accusé de réception automatique n'est pas une première réponse",
    ]


def test_the_days_of_a_promise_read_in_french() -> None:
    found = french(started(paris("16:30", day=27), Channel.WEB))
    assert plain([str(day_row(line, FRENCH)["what"]) for line in found.days]) == [
        "temps ouvré",
        "week-end : pas d'heures d'ouverture le samedi",
        "week-end : pas d'heures d'ouverture le dimanche",
        "temps ouvré",
    ]
    assert [FRENCH.word(column) for column in (*LIFE_COLUMNS[:2], DAY_COLUMNS[0])] == ["quand", "quoi", "jour"]


@pytest.mark.parametrize(
    ("length", "english", "said"),
    [
        (timedelta(0), "0 s", "0 s"),
        (timedelta(hours=1, minutes=30), "1 h 30 min", "1 h 30 min"),
        (timedelta(hours=-1200), "1200 h", "1 200 h"),
        (timedelta(seconds=1, microseconds=500_000), "1.5 s", "1,5 s"),
        (timedelta(microseconds=1), "0.000001 s", "0,000001 s"),
        (timedelta(hours=2, seconds=5), "2 h 5 s", "2 h 5 s"),
    ],
)
def test_a_length_is_written_as_its_language_does(length: timedelta, english: str, said: str) -> None:
    assert IN_ENGLISH.length(length) == english
    assert plain([FRENCH.length(length)]) == [said]


def test_a_day_and_an_instant_to_the_microsecond_are_written_as_the_language_does() -> None:
    precise = datetime(2026, 11, 24, 14, microsecond=1, tzinfo=UTC)
    assert FRENCH.day(date(2026, 8, 1)) == "sam. 1 août 2026"
    assert (IN_ENGLISH.clock(precise), FRENCH.clock(precise)) == ("14:00:00.000001", "14:00:00,000001")


@pytest.mark.parametrize(
    ("late", "said"),
    [
        (None, "personne n'a répondu"),
        (Length(-HOUR, -HOUR), "réponse donnée à temps, mais signalée après le constat de l'échéance"),
        (
            Length(None, HOUR),
            "réponse en retard de 1 h de temps écoulé ; le calendrier s'arrête avant, le temps ouvré est donc inconnu",
        ),
        (Length(timedelta(0), HOUR), "réponse 1 h après la fermeture : aucun retard en temps ouvré"),
        (Length(HOUR, HOUR), "réponse en retard de 1 h"),
        (Length(HOUR, 2 * HOUR), "réponse en retard de 1 h de temps ouvré, 2 h de temps écoulé"),
    ],
)
def test_why_a_promise_was_missed_reads_in_french(late: Length | None, said: str) -> None:
    assert plain([answered(late, FRENCH)]) == [said]


@pytest.mark.parametrize(
    ("ledger", "said"),
    [
        (
            Ledger.PROMISED,
            "; constaté 40 min plus tard; après réexamen, promesse tenue : une réponse signalée trop tard",
        ),
        (Ledger.RESTATED, "; verdict rendu : promesse manquée (une réponse signalée trop tard)"),
    ],
)
def test_what_the_other_ledger_says_reads_in_french(ledger: Ledger, said: str) -> None:
    known = account("breached", detected_at=paris("17:40"), restated="met", restated_because="late-answer")
    (told,) = plain([why(Miss(known, paris("17:00"), None), ledger, FRENCH)])
    assert told == "personne n'a répondu" + said.replace("; ", " ; ")


IN_FRENCH: Mapping[type[PromiseEvent], tuple[str, str]] = {
    FirstResponseClockStarted: (
        "promise",
        "sous 4 h de temps ouvré ; le délai court à partir du ven. 27 nov. 2026 à 16:30 CET",
    ),
    FirstResponseNotPromised: ("non promise", "le calendrier du centre n'est pas publié jusqu'à l'échéance"),
    FirstResponseAtRisk: (
        "alerte",
        (
            "75 % de l'objectif étaient consommés et personne n'avait répondu ; il restait 1 h, heures de fermeture "
            "comprises"
        ),
    ),
    FirstResponseRetargeted: (
        "modifiée : fermeture",
        (
            "un autre calendrier, avec moins d'heures d'ouverture avant l'échéance ; échéance déplacée du lun. 30 nov. "
            "2026 à 12:30 CET au lun. 30 nov. 2026 à 13:30 CET ; 30 min de temps ouvré jusque-là ; objectif 4 h"
        ),
    ),
    FirstResponseNotRetargeted: (
        "non modifiée",
        (
            "aucune échéance d'après la version 2 du calendrier : le calendrier du centre n'est pas publié jusqu'à "
            "l'échéance ; la promesse ne change pas"
        ),
    ),
    FirstResponseMet: ("tenue", "réponse donnée 1 h 25 min avant l'échéance, en temps écoulé"),
    FirstResponseCancelled: ("annulée", "le ticket a été absorbé dans un autre : ticket/crm-eu/4712"),
    FirstResponseReinstated: ("rétablie", "la fusion a été défaite : la promesse court de nouveau"),
    FirstResponseBreached: ("manquée", "personne n'avait répondu à temps ; constaté 1 s plus tard"),
    FirstResponseRestated: (
        "réexaminée",
        (
            "une réponse signalée trop tard : la promesse serait tenue, échéance le lun. 30 nov. 2026 à 12:30 CET ; "
            "le verdict « manquée » reste"
        ),
    ),
    LaterResponseNoted: ("réponse", "2 h 30 min après l'échéance, en temps écoulé"),
    ResponseNotApplied: (
        "pas une réponse",
        "un accusé de réception automatique n'est pas une première réponse",
    ),
    CallNoted: ("appel", "cela n'avancerait pas l'échéance, et nos propres actes n'en reculent aucune"),
    CancellationNoted: (
        "non annulée",
        "le client a retiré le ticket, mais l'échéance était passée, ou la promesse avait pris fin",
    ),
    ReinstatementNotApplied: ("fusion défaite", "ce n'est pas cela qui avait annulé la promesse"),
    MergeNoted: (
        "fusion",
        (
            "ticket/crm-eu/4712 y a été absorbé : cela n'avancerait pas l'échéance, et nos propres actes n'en reculent "
            "aucune"
        ),
    ),
    InternalTargetSet: (
        "transfert",
        "au centre americas, qui devrait répondre d'ici le ven. 27 nov. 2026 à 20:30 CET ; la promesse ne change pas",
    ),
    InternalTargetNotSet: (
        "transfert",
        "au centre americas, qui ne reçoit pas d'objectif : l'échéance était passée, ou la promesse avait pris fin",
    ),
}
BEGIN = (FirstResponseClockStarted, FirstResponseNotPromised, FirstResponseReinstated)


@pytest.mark.parametrize("kind", get_args(PromiseEvent))
def test_each_kind_of_happening_reads_in_french(kind: type[PromiseEvent]) -> None:
    begun = [] if kind in BEGIN else [example("FirstResponseClockStarted").data]
    events: list[Any] = [*begun, example(kind.__name__).data]
    happening = life(events, zone("Europe/Paris"), FRENCH)[-1]
    row = happening_row(happening, french())
    what, says = plain([str(row["what"]), str(row["says"])])
    assert (what, says.partition(" ; calendrier")[0]) == IN_FRENCH[kind]


def test_what_is_measured_of_a_ticket_is_laid_out_in_french() -> None:
    cycle: dict[str, Any] = {
        **dict.fromkeys(("working_seconds", "wall_seconds", "target_seconds", "started_at", "ended_at", "due_at")),
        "measure": "next-response",
        "instance": 1,
        "state": "paused",
        "ended_by": None,
        "pauses": [{}],
    }
    laid = laid_out([cycle], "", FRENCH)
    assert [column.header for column in laid.columns][:3] == ["mesure", "numéro", "état"]
    assert [[str(cell) for cell in column.cells] for column in laid.columns][:3] == [
        ["réponse suivante"],
        ["1"],
        ["en pause"],
    ]
