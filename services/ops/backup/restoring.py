"""Fills an empty cluster from a backup.

Until the last step the topics have settings that no service runs on, so nothing is decided on a half of a log. Begun
again, it goes on where it was: the offsets say how far it had come, and beside them it is noted from which backup.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka import TopicPartition

from libs.eventlog.kafka.commits import commit_of, metadata_of
from libs.eventlog.kafka.groups import GroupOffset, KafkaGroups, by_group
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.refill import Refill
from libs.eventlog.kafka.topics import CLUSTER, Card, Topic, TopicAdmin
from libs.eventlog.tables.emptying import empty, schemas
from libs.messages.catalogue import split_door
from services.ops.backup.files import Backup
from services.ops.backup.manifest import SavedPartition, SavedTopic
from services.ops.backup.origin import filled_from, note_origin
from services.ops.backup.saving import Count
from services.ops.cli.environment import Environment, open_log
from services.ops.cli.output import Refused
from services.ops.watch.services import SERVICES

BEING_FILLED: Mapping[str, str] = {
    "message.timestamp.type": "CreateTime",  # a broker that stamps would stamp with its own time
    "message.timestamp.after.max.ms": str(2**63 - 1),
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "cleanup.policy": "delete",  # nothing is deleted, but may be: where a partition does not begin at 0
    "max.message.bytes": str(64 << 20),  # what was sent in a compressed batch may be larger than a record may be
}

LOOKS, LOOK = 100, 0.1  # how often the brokers are asked what is set, with so many machine seconds between


class Restored(NamedTuple):
    """What was done, and in one sentence each where a topic is set otherwise than it was."""

    backup: Backup
    otherwise: Sequence[str]


def check_cards(backup: Backup, cards: Mapping[str, Card]) -> None:
    """Raise Refused where the topics are not those that this version works with."""
    for topic in backup.manifest.topics:
        with_it = f"restore it with the version that made it, {backup.manifest.made_by}"
        if topic.name not in cards and split_door(topic.name)[1] not in {None, "dlq"}:
            raise Refused(f"the backup holds {topic.name}, a door of a client that OLCARE_SOURCES does not name here")
        if topic.name not in cards:
            raise Refused(f"the backup holds {topic.name}, of which there is no card: {with_it}")
        if (now := cards[topic.name].partitions) != len(topic.partitions):
            raise Refused(f"{topic.name} had {len(topic.partitions)} partitions, its card says {now}: {with_it}")


async def restore(here: Environment, backup: Backup, count: Count, *, drop_tables: bool) -> Restored:
    """Make the topics as they were, and what the groups had committed; raises Refused and Unavailable."""
    cards = here.cards()
    check_cards(backup, cards)
    async with _opened(here) as tools:
        work = _Restoring(backup, cards, tools, count)
        await work.look()
        await _tables(here.postgres_address(), drop=drop_tables)
        await work.begin()
        try:
            async with Refill(here.kafka_address()) as refill:
                await work.fill(refill)
        except ValueError as error:
            raise Refused(f"{error}; stop it, delete the topics, and begin again") from error
        await work.commit()
        return Restored(backup, await work.settle())


class _Tools(NamedTuple):
    log: KafkaLog
    admin: TopicAdmin
    groups: KafkaGroups


@asynccontextmanager
async def _opened(here: Environment) -> AsyncIterator[_Tools]:
    where = here.kafka_address()
    async with open_log(here) as log, TopicAdmin(where) as admin, KafkaGroups(where) as groups:
        yield _Tools(log, admin, groups)


async def _tables(postgres: str, *, drop: bool) -> None:
    """See that the databases are empty; raises Refused where they are not, and nobody said to drop what is there."""
    for service in SERVICES.values():
        if not await schemas(postgres, service.database):
            continue
        if not drop:
            raise Refused(
                f"{service.database} holds tables of another log than the restored one will be: say --drop-tables to"
                " drop them (the services build them anew), or name another server in OLCARE_POSTGRES"
            )
        await empty(postgres, service.database)


class _Restoring:
    def __init__(self, backup: Backup, cards: Mapping[str, Card], tools: _Tools, count: Count) -> None:
        self._backup, self._cards, self._tools, self._count = backup, cards, tools, count
        self._saved = {topic.name: topic for topic in backup.manifest.topics}
        self._unused: set[str] = set()
        """The topics that are there, and that nothing was ever written to."""
        self._begun: set[str] = set()
        """Those that a run before this one has made."""
        self._filled: set[str] = set()
        """Those that it has filled, and set as they are to be."""
        self._done = 0

    async def look(self) -> None:
        """See what is there; raises Refused where that is anything but an earlier run of this very restore."""
        there, origin = await self._tools.admin.found(), await filled_from(self._tools.groups, self._saved)
        made = sorted(self._cards.keys() & there.keys())
        settings = await self._tools.admin.settings_of(made)
        for name in made:
            ends = await self._tools.log.high_watermarks(name)
            ours = origin == self._backup.name and self._is_ours(name, ends)
            if ours and _is_being_filled(settings[name]):
                self._begun.add(name)
            elif not any(ends.values()):
                self._unused.add(name)
            elif ours:
                self._filled.add(name)
            else:
                raise Refused(_not_empty(name, sum(ends.values()), origin))
            self._check_partitions(there[name])

    def _is_ours(self, name: str, ends: Mapping[int, int]) -> bool:
        """Whether no partition has more than the backup."""
        saved = self._saved.get(name)
        return all(end <= (saved.partitions[p].end if saved else 0) for p, end in ends.items())

    def _check_partitions(self, topic: Topic) -> None:
        if topic.partitions != (wanted := self._cards[topic.name].partitions):
            raise Refused(f"{topic.name} has {topic.partitions} partitions, its card says {wanted}: delete it")

    async def begin(self) -> None:
        """Make the topics so that they can be filled and nobody runs on them.

        Those that are there and hold nothing are made anew: brokers follow a setting that is changed at some time.
        """
        await self._tools.admin.delete(sorted(self._unused))
        missing = self._saved.keys() - self._begun - self._filled
        await self._tools.admin.make([self._cards[name] for name in sorted(missing)], BEING_FILLED)
        await note_origin(self._tools.groups, self._backup.name, self._saved)

    async def fill(self, refill: Refill) -> None:
        """Write all records."""
        for topic in self._backup.manifest.topics:
            for partition in topic.partitions:
                if topic.name not in self._filled:
                    await self._partition(refill, topic, partition)
                self._done += partition.end
                self._tell(0)

    async def _partition(self, refill: Refill, topic: SavedTopic, partition: SavedPartition) -> None:
        place = TopicPartition(topic.name, partition.number)
        records = self._backup.records(partition)
        bare_from = partition.start if topic.kind == "log" else partition.end
        await refill.fill(place, records, partition.end, bare_from, self._tell)
        if partition.start:
            await refill.trim(place, partition.start)

    def _tell(self, more: int) -> None:
        total = sum(partition.end for topic in self._saved.values() for partition in topic.partitions)
        self._count(self._done + more, total)

    async def commit(self) -> None:
        """Commit what every group had committed, in its metadata the ids that the topics have now."""
        ids = {name: (await self._tools.log.identity(name)).topic for name in self._saved}
        offsets = [GroupOffset(**offset.model_dump()) for offset in self._backup.manifest.offsets]
        for group, found in by_group(offsets).items():
            await self._tools.groups.commit(group, [self._renamed(offset, ids) for offset in found])

    def _renamed(self, offset: GroupOffset, ids: Mapping[str, str]) -> GroupOffset:
        """Put the id that the topic has now in place of the one that it had when it was saved.

        Where the group had noted a third id, that of a topic before, it stays.
        """
        _, noted, remark = commit_of(offset.offset, offset.metadata)
        if noted != self._saved[offset.topic].id:
            return offset
        return offset._replace(metadata=metadata_of(ids[offset.topic], remark))

    async def settle(self) -> list[str]:
        """Set the topics as their cards say, and make those that the backup does not know."""
        brokers = await self._tools.admin.brokers()
        wanted = {name: settings_for(self._cards[name], topic, brokers) for name, topic in self._saved.items()}
        await self._tools.admin.set(wanted)
        await self._tools.admin.create(self._cards.values())
        await self._settled()
        return [
            f"{name} had {key}={value}, its card says {wanted[name].get(key)}"
            for name, topic in self._saved.items()
            for key, value in sorted(topic.settings.items())
            if key in self._cards[name].config and wanted[name].get(key) != value
        ]

    async def _settled(self) -> None:
        """Return when the brokers say what the cards do; raises Refused where they do not."""
        for _ in range(LOOKS):
            if not (found := await self._tools.admin.check(list(self._cards.values()))):
                return
            await asyncio.sleep(LOOK)
        raise Refused("; ".join(found))


def settings_for(card: Card, saved: SavedTopic, brokers: int) -> Mapping[str, str]:
    """What the card says for a cluster of so many brokers, and whatever else was set for the topic."""
    said = {*card.config, *(card.production if brokers < CLUSTER else ())}
    return {**{k: v for k, v in saved.settings.items() if k not in said}, **card.settings(brokers)}


def _is_being_filled(settings: Mapping[str, str]) -> bool:
    return all(settings.get(key) == value for key, value in BEING_FILLED.items())


def _not_empty(topic: str, records: int, origin: str | None) -> str:
    begun = f"; it was being filled from the backup {origin[:12]}, finish that" if origin else ""
    return (
        f"{topic} is not empty ({records} records): a backup is restored into an empty cluster alone{begun}, or name"
        " another cluster in OLCARE_KAFKA, or delete the topics of this one"
    )
