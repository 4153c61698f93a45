"""What can be set for intake."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from libs.chassis.settings import ServiceSettings


class IntakeSettings(ServiceSettings):
    """Adds to the common settings how far the clocks of upstream systems may differ from ours, and from each other."""

    service: Literal["intake"] = "intake"
    tolerance_seconds: Annotated[int, Field(ge=0, le=3600)] = 300
    """A message about an instant later than now plus this is refused: it can not have happened yet.

    One about an instant before its ticket's opening is taken at the opening, up to this; a call told again as an answer
    is the same call, up to this.
    """

    @property
    def tolerance(self) -> timedelta:
        """The tolerance as a span of time."""
        return timedelta(seconds=self.tolerance_seconds)
