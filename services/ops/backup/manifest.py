"""What a backup holds, beside the records: topics, their settings, and what every group has committed."""

from datetime import datetime
from typing import Self

from pydantic import model_validator

from libs.eventlog.kafka.groups import GroupOffset
from libs.messages.base import Value

FORMAT = 1
"""Of the folder: a version reads its own format and those before."""


class SavedPartition(Value):
    """A partition: its file, its offsets from `start` to below `end`, and at how many of them a record stands."""

    number: int
    file: str
    start: int
    end: int
    records: int

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= self.start <= self.end or not 0 <= self.records <= self.end - self.start:
            raise ValueError(f"{self.records} records can not stand from {self.start} to {self.end}")
        return self


class SavedTopic(Value):
    """A topic: the id that it had, what was set for it, and its partitions."""

    name: str
    kind: str
    id: str
    settings: dict[str, str]
    partitions: tuple[SavedPartition, ...]

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        if [partition.number for partition in self.partitions] != [*range(len(self.partitions))]:
            raise ValueError(f"partitions of {self.name} are missing")
        return self


class SavedOffset(Value):
    """What a group has committed of a partition; the topic's id in the metadata is the one that it had."""

    group: str
    topic: str
    partition: int
    offset: int
    metadata: str

    @classmethod
    def of(cls, found: GroupOffset) -> Self:
        """Keep what a group has committed."""
        return cls(**found._asdict())


class Manifest(Value):
    """A whole backup: what was acknowledged before `begun_at` is in it, what came after `ended_at` is not."""

    format: int
    made_by: str
    """The build of the program."""
    cluster: str
    begun_at: datetime
    ended_at: datetime
    topics: tuple[SavedTopic, ...]
    offsets: tuple[SavedOffset, ...]

    @property
    def records(self) -> int:
        """How many records there are."""
        return sum(partition.records for topic in self.topics for partition in topic.partitions)

    @property
    def groups(self) -> int:
        """How many groups have committed something."""
        return len({offset.group for offset in self.offsets})
