"""What stands on the topic of clocks: it is written for the stamp that the broker puts on it, and read by nobody."""

from typing import Annotated

from pydantic import StringConstraints

from libs.messages.base import Instant, Value

InstanceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+$", max_length=249)]
"""A name that Kafka takes of a member of a group."""


class ClockRead(Value):
    """What the clock of a process said when it was written."""

    instance: InstanceName
    read_at: Instant
