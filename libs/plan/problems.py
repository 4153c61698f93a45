"""What is wrong with texts that should be a plan."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Something in a file of the plan: where it stands, and what is to be done about it."""

    file: str
    place: str
    what: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.place, self.what) if part)


class BadPlan(ValueError):  # noqa: N818 - named for what was given
    """Texts that are no plan; the arguments are the problems, or sentences, and the first of them is its text."""

    def __str__(self) -> str:
        first, *others = self.args or ("no plan",)
        return f"{first} (and {len(others)} more)" if others else str(first)


class NoPlan(BadPlan):
    """Nothing is there that could be read."""
