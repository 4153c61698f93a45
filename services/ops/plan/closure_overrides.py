"""What the owner of the plan decides of drafted closures: the file `overrides.yaml`, and what it does to them."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Literal, NamedTuple, Self, assert_never

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from libs.messages.base import Code, Country, Day
from libs.messages.plan import PrintedText, Status
from libs.plan import BadPlan, Problem

OVERRIDES = "overrides.yaml"


class Drafted(NamedTuple):
    """One name of a day; a day may have several."""

    day: date
    name: str
    status: Status
    note: str | None = None


class OverrideOutcome(NamedTuple):
    """What an override did to a day, and why."""

    day: date
    name: str
    action: str
    reason: str


class HolidayList(BaseModel):
    """The list of public holidays that a centre's closures are drafted from."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    centre: Code
    country: Country
    subdivision: str | None = None
    language: str
    reason: PrintedText


class _Override(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    centre: Code
    reason: PrintedText


class _Named(_Override):
    names: Annotated[tuple[PrintedText, ...], Field(min_length=1)]
    from_year: int = 1970
    to_year: int = 9999

    def concerns(self, drafted: Drafted) -> bool:
        """Whether a day has one of the names, in the years."""
        return drafted.name in self.names and self.from_year <= drafted.day.year <= self.to_year


class Add(_Override):
    """A day that is in no list."""

    action: Literal["add"]
    day: Day
    name: PrintedText
    status: Status
    note: PrintedText | None = None


class Remove(_Named):
    """Days on which the centre is open."""

    action: Literal["remove"]


class Rename(_Named):
    """Days that the plan calls by another name."""

    action: Literal["rename"]
    to: PrintedText


class Mark(_Named):
    """Days whose status is another one than the list says."""

    action: Literal["mark"]
    status: Status
    note: PrintedText | None = None


Override = Add | Remove | Rename | Mark


class Overrides(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    sources: tuple[HolidayList, ...]
    overrides: tuple[Annotated[Override, Field(discriminator="action")], ...]

    @model_validator(mode="after")
    def _of_known_centres(self) -> Self:
        if strange := {each.centre for each in self.overrides} - {source.centre for source in self.sources}:
            raise ValueError(f"overrides of {', '.join(sorted(strange))}, of which there is no source")
        return self

    def source(self, centre: str) -> HolidayList:
        """The list of a centre; raises `BadPlan`."""
        if found := next((source for source in self.sources if source.centre == centre), None):
            return found
        raise BadPlan(Problem(OVERRIDES, "sources", f"none for {centre}; add its country"))

    def of(self, centre: str) -> list[Override]:
        """The overrides of a centre, in order."""
        return [override for override in self.overrides if override.centre == centre]


def read_overrides(text: str) -> Overrides:
    """Read the file; raises `BadPlan`."""
    try:
        return Overrides.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise BadPlan(Problem(OVERRIDES, "", " ".join(str(error).split()))) from error
    except ValidationError as error:
        found = ((".".join(map(str, each["loc"])), each["msg"]) for each in error.errors())
        raise BadPlan(*(Problem(OVERRIDES, place, what) for place, what in found)) from error


def apply(override: Override, drafted: Iterable[Drafted]) -> tuple[list[Drafted], list[OverrideOutcome]]:
    """Apply an override to the names of days; returns them and what was done."""
    before = list(drafted)
    if isinstance(override, Add):
        after = [*before, Drafted(override.day, override.name, override.status, override.note)]
        return after, [OverrideOutcome(override.day, override.name, override.action, override.reason)]
    done = [
        OverrideOutcome(each.day, each.name, override.action, override.reason)
        for each in before
        if override.concerns(each)
    ]
    return [new for each in before for new in (_changed(override, each) if override.concerns(each) else [each])], done


def _changed(override: Remove | Rename | Mark, drafted: Drafted) -> list[Drafted]:
    match override:
        case Remove():
            return []
        case Rename():
            return [drafted._replace(name=override.to)]
        case Mark():
            return [drafted._replace(status=override.status, note=override.note)]
        case _:
            assert_never(override)
