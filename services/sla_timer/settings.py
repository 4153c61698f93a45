"""What can be set for sla_timer."""

from typing import Literal

from libs.chassis.settings import ServiceSettings


class SlaTimerSettings(ServiceSettings):
    """The common settings; targets and calendars are published facts, not settings."""

    service: Literal["sla_timer"] = "sla_timer"
