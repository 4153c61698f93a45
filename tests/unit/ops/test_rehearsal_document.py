"""A draft as files, and a rehearsal as a file that is named by what is in it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from libs.messages.plan import CentreCalendarPublished, PriceListPublished, ResponseTargets, TargetsPublished
from services.contract.plan import SHIPPED, read_plan
from services.ops.cli.output import Refused
from services.ops.rehearse.account import Account, account
from services.ops.rehearse.document import KeptRehearsal, NotRehearsed, digest_of, keep
from services.ops.rehearse.draft import EXPORTED, check_stands, contents_of, new_in, publications_of, stood_on, texts_of
from services.ops.rehearse.findings import Rehearsed
from services.ops.rehearse.rehearsal import Rehearsal, RehearsedSpan
from services.ops.rehearse.timeline import DraftPlan, timeline_of
from tests.unit.ops.rehearsed import history, standing
from tests.unit.recorded import recorded_event

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
PLAN = read_plan()
TARGETS = SHIPPED.joinpath("targets.yaml").read_text(encoding="utf-8")
CENTRES = SHIPPED.joinpath("centres.yaml").read_text(encoding="utf-8")
NEWER = TARGETS.replace("version: 1", "version: 2").replace("email_seconds: 14400", "email_seconds: 10800")


def published(*more: Any) -> list[Any]:
    """The plan as it is shipped, and what came later."""
    events = [CentreCalendarPublished(published_at=NOON, calendar=centre) for centre in PLAN.centres]
    prices = [PriceListPublished(published_at=NOON, prices=one) for one in PLAN.prices]
    targets = [TargetsPublished(published_at=NOON, targets=one) for one in (PLAN.targets, *more)]
    return [
        *(recorded_event(f"calendar/plan/{event.calendar.centre}", 1, event) for event in events),
        *(recorded_event(f"prices/plan/{event.prices.currency}", 1, event) for event in prices),
        *(recorded_event("targets/plan/first-response", n, event) for n, event in enumerate(targets, 1)),
    ]


def test_a_draft_of_one_file_is_about_nothing_else() -> None:
    new = new_in({"targets.yaml": NEWER}, published(), NOON)
    [content] = contents_of(new)
    assert isinstance(content, ResponseTargets)
    assert (content.version, content.targets.email_seconds) == (2, 10_800)
    assert {one.part for one in publications_of({"centres.yaml": CENTRES})} == {"calendar"}


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({"targets.yaml": TARGETS}, "needs a version above the one in force"),
        ({"targets.yaml": TARGETS.replace("email_seconds: 14400", "email_seconds: 60")}, "same-version-other-content"),
        ({"targets.yaml": "version: [1"}, "can not be read: targets.yaml"),
        (
            {"targets.yaml": TARGETS.replace("phone_seconds: 7200", "phone_seconds: -1")},
            "can not be read: targets.yaml",
        ),
        ({EXPORTED: "{}"}, "can not be read"),
    ],
)
def test_what_can_not_be_rehearsed_is_refused_with_a_reason(texts: dict[str, str], says: str) -> None:
    with pytest.raises(Refused, match=says):
        new_in(texts, published(), NOON)


def test_files_are_known_by_their_names(tmp_path: Path) -> None:
    (tmp_path / "targets.yaml").write_text(NEWER, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no part of the plan", encoding="utf-8")
    (tmp_path / "whole.json").write_text("{}", encoding="utf-8")
    assert texts_of([tmp_path]) == {"targets.yaml": NEWER}
    assert texts_of([tmp_path / "targets.yaml", tmp_path / "whole.json"]) == {"targets.yaml": NEWER, EXPORTED: "{}"}
    with pytest.raises(Refused, match=r"notes.txt is none of centres.yaml"):
        texts_of([tmp_path / "notes.txt"])


def test_what_was_rehearsed_on_another_plan_is_not_published() -> None:
    then = stood_on(timeline_of(published()))
    check_stands(then, timeline_of(published()))
    moved = PLAN.targets.model_copy(update={"version": 2})
    with pytest.raises(Refused, match=r"targets/plan/first-response stood at version 1 and stands at version 2"):
        check_stands(then, timeline_of(published(moved)))
    with pytest.raises(Refused, match=r"calendar/plan/\S+ stood at version none"):
        check_stands(then[1:], timeline_of(published()))


def rehearsed() -> Rehearsed:
    """One with all that may be listed: the first history of which there is enough."""
    for seed in range(200):
        one = history(seed)
        rehearsal = one.rehearsal(standing(one.play(drafted=False), one.world))
        found = account(Account(rehearsal, [], []))
        if found.flips and found.moved and found.other_mails:
            return found
    raise AssertionError("no history is rich enough")


def test_a_rehearsal_is_kept_under_its_digest_and_read_back_in_parts(tmp_path: Path) -> None:
    found = rehearsed()
    name = keep(tmp_path, found)
    assert name == digest_of(found)
    read = KeptRehearsal(tmp_path, name)
    assert read.checked() == found.summary
    assert read.flips(0, 50) == list(found.flips)
    assert read.moved(0, len(found.moved)) == list(found.moved)
    assert read.moved(1, 1) == list(found.moved[1:2])
    assert read.other_mails(0, len(found.other_mails)) == list(found.other_mails)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_the_same_rehearsal_has_the_same_digest_and_another_one_another() -> None:
    found = rehearsed()
    assert digest_of(found) == digest_of(Rehearsed.model_validate_json(found.model_dump_json()))
    later = found.summary.model_copy(update={"now": found.summary.now + timedelta(seconds=1)})
    assert digest_of(found) != digest_of(found.model_copy(update={"summary": later}))
    assert digest_of(found) != digest_of(found.model_copy(update={"flips": ()}))


def test_what_is_kept_and_was_changed_is_not_believed(tmp_path: Path) -> None:
    name = keep(tmp_path, rehearsed())
    path = tmp_path / name
    path.write_text(path.read_text(encoding="utf-8").replace('"tickets":2', '"tickets":3', 1), encoding="utf-8")
    with path.open("a", encoding="utf-8") as text:
        text.write("{}\n")
    with pytest.raises(NotRehearsed, match="is not what was rehearsed"):
        KeptRehearsal(tmp_path, name).checked()


@pytest.mark.parametrize("digest", ["0" * 64, "../../../../etc/passwd", "", "a" * 63 + "/"])
def test_a_rehearsal_that_is_not_there_is_no_other_file(tmp_path: Path, digest: str) -> None:
    with pytest.raises(NotRehearsed):
        KeptRehearsal(tmp_path, digest)


def test_a_draft_of_nothing_changes_nothing() -> None:
    one = history(1)
    span = RehearsedSpan(date(2026, 11, 20), date(2026, 12, 1), NOON, NOON, NOON)
    found = account(Account(Rehearsal(one.timeline(), DraftPlan(NOON, ()), span, {}), [], []))
    assert (found.flips, found.moved, found.other_mails) == ((), (), ())
