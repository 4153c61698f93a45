"""What can be set for audit: nothing beyond what every service has."""

from typing import Literal

from libs.chassis.settings import ServiceSettings


class AuditSettings(ServiceSettings):
    """The common settings under audit's name."""

    service: Literal["audit"] = "audit"
