"""What can be set for contract: nothing beyond what every service has."""

from typing import Literal

from libs.chassis.settings import ServiceSettings


class ContractSettings(ServiceSettings):
    """The common settings under contract's name."""

    service: Literal["contract"] = "contract"
