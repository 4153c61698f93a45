"""Saves all topics into a folder while everything runs."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from libs.chassis.build import build
from libs.eventlog.kafka.groups import KafkaGroups
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.stored import StoredPartitions, StoredRecord, stored_partitions
from libs.eventlog.kafka.topics import Card, TopicAdmin
from services.ops.backup.cut import BackupCut, cut
from services.ops.backup.files import Backup, begin, finish, record_file
from services.ops.backup.manifest import FORMAT, Manifest, SavedOffset, SavedPartition, SavedTopic
from services.ops.backup.origin import ORIGIN
from services.ops.backup.sealing import SEALED, Recipients
from services.ops.cli.environment import Environment, open_log
from services.ops.cli.output import Refused

Count = Callable[[int, int | None], None]


async def save(here: Environment, folder: Path, count: Count, recipients: Recipients = ()) -> Backup:
    """Save every topic that has a card, sealed for the recipients if there are any; raises Refused and Unavailable."""
    begin(folder)
    clock, cards = here.clock(), here.cards()
    async with open_log(here) as log:
        begun_at = clock.wall()
        async with KafkaGroups(here.kafka_address()) as groups:
            found = await cut(groups, log, cards.values())
        ended_at = clock.wall()
        async with TopicAdmin(here.kafka_address()) as admin:
            if unknown := await admin.unknown_doors(cards):
                raise Refused("; ".join(unknown))
            settings = await admin.settings_of(list(cards))
        async with stored_partitions(here.kafka_address()) as stored:
            work = _Saving(log, stored, folder, found, count, recipients)
            topics = [await work.topic(card, settings[card.topic]) for card in cards.values()]
        manifest = Manifest(
            format=FORMAT,
            made_by=build(),
            cluster=(await log.identity(topics[0].name)).cluster,
            begun_at=begun_at,
            ended_at=ended_at,
            topics=tuple(topics),
            offsets=tuple(SavedOffset.of(offset) for offset in found.offsets if offset.group != ORIGIN),
        )
        return finish(folder, manifest, work.sums, recipients)


class _Saving:
    def __init__(
        self,
        log: KafkaLog,
        stored: StoredPartitions,
        folder: Path,
        found: BackupCut,
        count: Count,
        recipients: Recipients,
    ) -> None:
        self._recipients = recipients
        self._log, self._stored, self._folder, self._cut, self._count = log, stored, folder, found, count
        self._done, self._total = 0, sum(end for ends in found.ends.values() for end in ends.values())
        self.sums: dict[str, str] = {}

    async def topic(self, card: Card, settings: Mapping[str, str]) -> SavedTopic:
        """Save one topic."""
        starts, ends = await self._log.starts(card.topic), self._cut.ends[card.topic]
        partitions = [await self._partition(card, p, min(starts[p], ends[p]), ends[p]) for p in sorted(ends)]
        return SavedTopic(
            name=card.topic,
            kind=card.kind,
            id=(await self._log.identity(card.topic)).topic,
            settings=dict(settings),
            partitions=tuple(partitions),
        )

    async def _partition(self, card: Card, number: int, start: int, end: int) -> SavedPartition:
        name = f"{card.topic}-{number}.avro" + (SEALED if self._recipients else "")
        self._tell(start)
        with record_file(self._folder / name, self._recipients) as file:
            async for records in self._kept(card, number, start, end):
                file.write(records)
            self.sums[name] = file.finish()
            return SavedPartition(number=number, file=name, start=start, end=end, records=file.records)

    async def _kept(self, card: Card, number: int, start: int, end: int) -> AsyncIterator[Sequence[StoredRecord]]:
        """The records; of a state topic none that a later tombstone takes away, though it is not compacted yet."""
        gone: dict[bytes, int] = {}
        if card.kind == "state":
            async for records in self._stored.records(card.topic, number, start, end):
                gone.update({r.key: r.offset for r in records if r.value is None and r.key is not None})
        at = start
        async for records in self._stored.records(card.topic, number, start, end):
            yield [r for r in records if r.key is None or r.offset >= gone.get(r.key, 0)]
            self._tell(records[-1].offset + 1 - at)
            at = records[-1].offset + 1
        self._tell(end - at)

    def _tell(self, more: int) -> None:
        self._done += more
        self._count(self._done, self._total)
