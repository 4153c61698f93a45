"""The console as a process beside the services: where it is found, and what it is told of them."""

from collections.abc import Mapping

from libs.stack.ports import free_port
from libs.stack.service import ServiceSpec
from services.ops.cli.environment import CONSOLE

PORT = 8480
"""Where it is, unless something else is there."""


def console_spec(ports: Mapping[str, int]) -> ServiceSpec:
    """The console, which asks the services at those ports what they say of themselves; raises StackError."""
    places = ",".join(f"{name}={port}" for name, port in ports.items())
    return ServiceSpec(CONSOLE, "services.ops.console", free_port(PORT), {"OLCARE_SERVICES": places})
