"""Closures of years to come, drafted for a person from the library `holidays`, which nothing else of OL Care uses."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import holidays
from holidays.constants import HOLIDAY_NAME_DELIMITER

from libs.messages.plan import Closure, Status
from libs.plan import BadPlan, Problem
from services.ops.plan.closure_overrides import OVERRIDES, Drafted, HolidayList, OverrideOutcome, Overrides, apply


class Draft(NamedTuple):
    """The closures of some years, by day, and what was decided otherwise than the library says."""

    closures: tuple[Closure, ...]
    decisions: tuple[OverrideOutcome, ...]


def draft(overrides: Overrides, centre: str, years: Sequence[int]) -> Draft:
    """Draft the closures of a centre; raises `BadPlan` where the library has no such list."""
    drafted, decisions = list(_listed(overrides.source(centre), years)), list[OverrideOutcome]()
    for override in overrides.of(centre):
        drafted, done = apply(override, drafted)
        decisions += done
    named = sorted((each for each in drafted if each.day.year in years), key=lambda each: each.day)
    closures = (_closure(list(names)) for _, names in groupby(named, key=lambda each: each.day))
    return Draft(tuple(closures), tuple(done for done in decisions if done.day.year in years))


def _listed(source: HolidayList, years: Sequence[int]) -> Iterator[Drafted]:
    try:
        listed = holidays.country_holidays(
            source.country, subdiv=source.subdivision, years=years, language=source.language
        )
    except NotImplementedError as error:
        raise BadPlan(Problem(OVERRIDES, f"sources.{source.centre}", str(error))) from error
    if source.language not in listed.supported_languages:  # the library would fall back to another language
        known = ", ".join(listed.supported_languages)
        raise BadPlan(Problem(OVERRIDES, f"sources.{source.centre}", f"{source.language} is none of {known}"))
    estimated = _estimated_endings(listed)
    for day, names in listed.items():
        for name in names.split(HOLIDAY_NAME_DELIMITER):
            yield Drafted(day, name, Status.ESTIMATED if name.endswith(estimated) else Status.CONFIRMED)


def _estimated_endings(listed: holidays.HolidayBase) -> tuple[str, ...]:
    """The endings of names of days that the library only estimates, in its language: ` (anggaran)`."""
    labels = (getattr(listed, f"{kind}estimated_label", None) for kind in ("", "observed_"))
    return tuple(listed.tr(label).partition("%s")[2] for label in labels if label)


def _closure(names: Sequence[Drafted]) -> Closure:
    """Make one closure of a day: it is confirmed if one of its names is."""
    best = next((each for each in names if each.status is Status.CONFIRMED), names[0])
    said = HOLIDAY_NAME_DELIMITER.join(each.name for each in names)
    return Closure(day=best.day, name=said, status=best.status, note=best.note)
