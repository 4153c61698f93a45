"""What can be set for contract."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from libs.chassis.settings import ServiceSettings


class ContractSettings(ServiceSettings):
    """Adds to the common settings how late a signature may be told of."""

    service: Literal["contract"] = "contract"
    late_signature_days: Annotated[int, Field(ge=0, le=366)] = 30
    """A renewal that was signed in time reverses the lapse if it is told of at most so many times 24 hours after it."""

    @property
    def grace(self) -> timedelta:
        """The same as a span of time."""
        return timedelta(days=self.late_signature_days)
