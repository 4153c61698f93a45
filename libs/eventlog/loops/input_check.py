"""Checks that the records a group has committed are still those of its topic: its identity, its start and its end."""

from collections.abc import Mapping

from libs.eventlog.ports import Commit, Log


class LostInput(Exception):  # noqa: N818 - it names what happened
    """Records were deleted before they were read, or others stand where they stood: a person must decide."""


async def check_input(log: Log, topic: str, commits: Mapping[int, Commit]) -> None:
    """Compare a topic with what was committed of it before; raises LostInput where it is another one, and Unavailable.

    A commit without a topic's id is one of before ids were noted, or of a person who has decided.
    """
    if not commits:
        return
    identity, starts = await log.identity(topic), await log.starts(topic)
    ends = await log.high_watermarks(topic)
    for partition, (offset, noted, _) in commits.items():
        where = f"{topic}[{partition}]"
        if noted not in {"", identity.topic}:
            raise LostInput(f"{where}: {offset} were read of another topic of this name, which was made anew since")
        if offset < starts[partition]:
            raise LostInput(f"{where}: {offset} to {starts[partition] - 1} were deleted unread")
        if offset > ends[partition]:
            raise LostInput(f"{where}: {offset} were read, but it ends at {ends[partition]}: it was cut or made anew")
