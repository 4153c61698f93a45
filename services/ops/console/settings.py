"""What can be set for the console."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from libs.chassis.settings import ServiceSettings
from services.ops.watch.console_process import PORT

LOCALHOST = "localhost"


class ConsoleSettings(ServiceSettings):
    """The common settings under the console's name, and who may come in."""

    service: Literal["console"] = "console"
    http_port: Annotated[int, Field(ge=0, le=65535)] = PORT
    """Where the pages are; 0: any free port, the log says which."""
    console_published_at: str | None = None
    """`host:port` where browsers find it, if that is not where it listens: a container's published port."""
    console_assets: Path | None = None
    """The folder `node_modules` with the scripts of others; without it they are fetched once, by npm."""

    @property
    def published_host(self) -> str:
        """The host by which browsers reach it."""
        where = self.console_published_at
        return where.rpartition(":")[0] if where and ":" in where else where or self.http_host

    @model_validator(mode="after")
    def _nobody_unknown(self) -> "ConsoleSettings":
        if not is_loopback(self.published_host):
            raise ValueError(
                f"the console would be open to everybody at {self.published_host}: without a sign-in it is for this"
                " machine alone. Leave OLCARE_HTTP_HOST at 127.0.0.1, or say with OLCARE_CONSOLE_PUBLISHED_AT that a"
                " container's port is published on 127.0.0.1 alone"
            )
        return self


def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone."""
    name = host.strip("[]")
    try:
        return name == LOCALHOST or ip_address(name).is_loopback
    except ValueError:
        return False
