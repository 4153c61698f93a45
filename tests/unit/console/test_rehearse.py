"""What a rehearsal is begun with, which were made, and what of one stands on a page."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from libs.chassis.clock import Clock
from libs.messages.plan import TargetsPublished
from services.contract.plan import read_plan
from services.ops.cli.environment import Environment
from services.ops.cli.output import Refused
from services.ops.console.pages import rehearse
from services.ops.console.pages.page import NotThere, Query
from services.ops.console.pages.plan import parts_of
from services.ops.console.pages.rehearse import DraftForm, RehearsalQuery, begin, look
from services.ops.console.sources import Sources
from services.ops.rehearse.document import FOLDER, keep
from services.ops.rehearse.findings import FlipReasons, Summary
from tests.unit.ops.test_rehearsal_document import rehearsed
from tests.unit.recorded import recorded_event

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
DIGEST = "0123456789abcdef" * 4
OUTDATED = "the plan has changed since the rehearsal"


def sources(root: Path) -> Sources:
    return Sources(Environment(None, None, None, None, Path("contracts"), root), Clock())


@pytest.fixture
def plan_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan of another day stands; nobody is asked for it."""

    async def outdated(_sources: Sources, _summary: Summary) -> str:
        return OUTDATED

    monkeypatch.setattr(rehearse, "_outdated", outdated)


async def test_a_rehearsal_is_begun_on_the_last_ninety_days_and_today(tmp_path: Path) -> None:
    found = await begin(sources(tmp_path), Query())
    assert found.to_day - found.from_day == timedelta(days=91)
    assert (found.rehearsals, found.running) == ((), None)


async def test_what_was_rehearsed_here_is_listed(tmp_path: Path) -> None:
    known = rehearsed()
    name = keep(tmp_path / FOLDER, known)
    (tmp_path / FOLDER / f"{DIGEST}.part").write_text("half of one", encoding="utf-8")
    [one] = (await begin(sources(tmp_path), Query())).rehearsals
    assert (one.digest, one.summary) == (name, known.summary)


@pytest.mark.usefixtures("plan_of_before")
async def test_the_lists_of_a_rehearsal_go_on_from_where_is_asked(tmp_path: Path) -> None:
    known = rehearsed()
    name = keep(tmp_path / FOLDER, known)
    first = await look(sources(tmp_path), RehearsalQuery(digest=name))
    assert (first.flips, first.moved, first.other_mails) == (known.flips, known.moved, known.other_mails)
    assert first.outdated == OUTDATED
    later = await look(sources(tmp_path), RehearsalQuery(digest=name, first=1))
    assert (later.flips, later.moved) == (known.flips[1:], known.moved[1:])


@pytest.mark.usefixtures("plan_of_before")
async def test_why_a_verdict_would_be_another_one_is_told_in_the_language_of_whoever_asks(tmp_path: Path) -> None:
    french = FlipReasons(why="objectifs 2 au lieu de 1", explained_before=("Avant.",), explained_after=("Après.",))
    known = rehearsed()
    told = known.flips[0].model_copy(update={"in_other_languages": {"fr": french}})
    name = keep(tmp_path / FOLDER, known.model_copy(update={"flips": (told, *known.flips[1:])}))
    [flip, *_] = (await look(sources(tmp_path), RehearsalQuery(digest=name, language="fr"))).flips
    assert (flip.language, flip.why, flip.explained_before, flip.explained_after) == (
        *("fr", french.why),
        *(french.explained_before, french.explained_after),
    )
    [flip, *_] = (await look(sources(tmp_path), RehearsalQuery(digest=name))).flips
    assert flip == known.flips[0]


@pytest.mark.usefixtures("plan_of_before")
async def test_what_was_rehearsed_before_there_were_other_languages_is_told_in_english(tmp_path: Path) -> None:
    name = keep(tmp_path / FOLDER, rehearsed())
    [flip, *_] = (await look(sources(tmp_path), RehearsalQuery(digest=name, language="fr"))).flips
    assert flip == rehearsed().flips[0]
    assert flip.language == "en"


@pytest.mark.parametrize("digest", [DIGEST, "nonsense"])
async def test_a_rehearsal_that_was_made_elsewhere_is_not_there(tmp_path: Path, digest: str) -> None:
    with pytest.raises(NotThere, match="rehears"):
        await look(sources(tmp_path), RehearsalQuery(digest=digest))


def test_a_draft_is_some_text_and_days_in_order() -> None:
    form = DraftForm.model_validate(
        {"targets": "version: 2\r\n", "prices": " ", "from_day": "", "to_day": "2026-12-01"}
    )
    assert form.texts() == {"targets.yaml": "version: 2\n"}
    assert list(form.words()) == ["--to", "2026-12-01"]
    for wrong in ({}, {"targets": " \n"}, {"plan": "{}", "from_day": "2026-12-01", "to_day": "2026-12-01"}):
        with pytest.raises(ValidationError):
            DraftForm.model_validate(wrong)


async def test_the_same_draft_is_rehearsed_once_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at, form = sources(tmp_path), DraftForm(targets="version: 2")
    monkeypatch.setattr(rehearse, "_rehearsed", None)  # it is not begun before somebody waits
    where = await rehearse.rehearse(at, form, "manager-1")
    assert where.startswith("/works/")
    with pytest.raises(Refused, match="manager-1"):
        await rehearse.rehearse(at, form, "manager-2")
    await at.close()


def test_the_plan_says_on_which_rehearsal_a_version_was_published() -> None:
    targets = read_plan().targets
    published = [
        TargetsPublished(published_at=NOON, targets=targets),
        TargetsPublished(published_at=NOON, targets=targets.model_copy(update={"version": 2}), rehearsal=DIGEST),
    ]
    events = [recorded_event("targets/plan/first-response", n, event) for n, event in enumerate(published, 1)]
    [part] = parts_of(events, NOON)
    assert [(version.version, version.rehearsal) for version in part.versions] == [(2, DIGEST), (1, None)]
