"""Which backup a cluster is being filled from, or was: kept as what a group of that name has committed."""

from collections.abc import Container, Iterable

from libs.eventlog.kafka.groups import GroupOffset, KafkaGroups

ORIGIN = "olcare.restore"


async def filled_from(groups: KafkaGroups, topics: Container[str]) -> str | None:
    """The name of the backup; None where no restore of these topics was begun. Raises Unavailable."""
    found = [offset for offset in await groups.committed_by(ORIGIN) if offset.topic in topics]
    return found[0].metadata if found else None


async def note_origin(groups: KafkaGroups, name: str, topics: Iterable[str]) -> None:
    """Keep the name of the backup; raises Unavailable."""
    await groups.commit(ORIGIN, [GroupOffset(ORIGIN, min(topics), 0, 0, name)])
