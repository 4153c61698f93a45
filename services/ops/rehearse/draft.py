"""A draft as files: laid over the plan that is shipped, and compared with what is published."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from libs.eventlog.wire.record import RecordedEvent
from libs.messages.plan import CentreCalendar, PriceList, ResponseTargets
from libs.plan import FILES, BadPlan, Plan, parse_exported, parse_plan
from libs.plan.checks import objections
from libs.plan.files import CENTRES, HOLIDAYS, PRICES, TARGETS
from services.contract.plan import SHIPPED, read_texts
from services.contract.plan_parts import Publication
from services.ops.cli.output import Refused
from services.ops.plan.command import publications
from services.ops.plan.comparison import NEW, REFUSED, Compared, compared, lists_published, published_by
from services.ops.rehearse.findings import StoodOn
from services.ops.rehearse.timeline import Content, PlanTimeline, stream_of

EXPORTED = "plan.json"
"""Stands for a whole plan as `olcare plan export` writes it."""
KINDS: Mapping[str, type[Content]] = {
    CENTRES: CentreCalendar,
    HOLIDAYS: CentreCalendar,
    TARGETS: ResponseTargets,
    PRICES: PriceList,
}
"""Files of the plan that can be rehearsed, and what stands in each."""


def texts_of(paths: Iterable[Path]) -> dict[str, str]:
    """Read files of a plan, folders of them, or an exported plan, by what each is called; raises Refused."""
    found = dict[str, str]()
    for path in paths:
        inside = [path / name for name in FILES if (path / name).is_file()] if path.is_dir() else [path]
        for file in inside:
            name = EXPORTED if file.suffix == ".json" else file.name
            if name not in {*FILES, EXPORTED}:
                raise Refused(f"{file} is none of {', '.join(FILES)}, nor an exported plan (.json)")
            try:
                found[name] = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise Refused(f"{file}: {error}") from error
    return found


def publications_of(texts: Mapping[str, str]) -> list[Publication]:
    """What stands in some files of a plan, the others being those that are shipped; raises Refused."""
    try:
        plan = _plan(texts)
    except BadPlan as error:
        raise Refused(f"the draft can not be read: {error}") from error
    if wrong := [str(one) for one in objections(plan)]:
        raise Refused(f"the draft can not be published: {'; '.join(wrong)}")
    kinds = {*KINDS.values()} if EXPORTED in texts else {KINDS[name] for name in texts if name in KINDS}
    return [one for one in publications(plan) if type(one.content) in kinds]


def _plan(texts: Mapping[str, str]) -> Plan:
    if EXPORTED in texts:
        return parse_exported(texts[EXPORTED], EXPORTED)
    return parse_plan({**read_texts(SHIPPED, FILES), **texts})


def new_in(texts: Mapping[str, str], events: Sequence[RecordedEvent], now: datetime) -> list[Compared]:
    """What of a draft is not published yet; raises Refused where there is nothing, or contract would refuse it."""
    found = compared(publications_of(texts), published_by(events), now, lists_published(events))
    every = list(found)
    if bad := [one for one in every if one.outcome == REFUSED]:
        raise Refused("; ".join(_refusal(one) for one in bad))
    new = [one for one in every if one.outcome == NEW]
    if not new:
        raise Refused("nothing in the draft is new: what is to be rehearsed needs a version above the one in force")
    return new


def _refusal(one: Compared) -> str:
    content = one.publication.content
    differs = f" ({one.differs[0]})" if one.differs else ""
    return f"{one.publication.part} {content.version} would be refused: {one.reason}{differs}"


def stood_on(timeline: PlanTimeline) -> list[StoodOn]:
    """The last publication of each part that a rehearsal rests on."""
    last = {one.stream: one for one in sorted(timeline.parts, key=lambda one: one.sequence)}
    return [
        StoodOn(stream=stream, sequence=one.sequence, version=str(one.content.version))
        for stream, one in sorted(last.items())
    ]


def check_stands(rehearsed: Iterable[StoodOn], timeline: PlanTimeline) -> None:
    """Raise Refused unless what was rehearsed on is what stands."""
    then, now = ({one.stream: one for one in some} for some in (rehearsed, stood_on(timeline)))
    for stream in sorted(then.keys() | now.keys()):
        was, is_ = then.get(stream), now.get(stream)
        if was != is_:
            raise Refused(
                f"the plan has changed since the rehearsal: {stream} stood at version {_version(was)} and stands at "
                f"version {_version(is_)}; rehearse the draft once more"
            )


def _version(one: StoodOn | None) -> str:
    return one.version if one else "none"


def contents_of(new: Iterable[Compared]) -> tuple[Content, ...]:
    """What is new, as it is rehearsed."""
    every = (one.publication.content for one in new)
    return tuple(one for one in every if isinstance(one, CentreCalendar | ResponseTargets | PriceList))


def streams(contents: Iterable[Content]) -> list[str]:
    """The parts of a draft."""
    return [stream_of(one) for one in contents]
