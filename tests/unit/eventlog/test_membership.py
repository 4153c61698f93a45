"""What a member of a group commits anew, and where."""

from collections.abc import Mapping
from typing import Any

from libs.eventlog.loops.membership import commit_again
from libs.eventlog.ports import NO_REMARKS, Commit

TOPIC = "olcare.tickets.in.v1"
COMMITS = {0: Commit(7, "id", "left 3"), 1: Commit(9, "id", "")}


class Kept:
    """A log in which a group has committed offsets in two partitions."""

    async def commits(self, group: str, topic: str) -> Mapping[int, Commit]:
        assert (group, topic) == ("intake.door", TOPIC)
        return COMMITS


class Member:
    """A member that has some of the partitions, and says nothing of one that is handed over."""

    def __init__(self, *ours: int) -> None:
        self._ours = ours
        self.committed: dict[int, tuple[int, str]] = {}

    async def passed(self) -> Mapping[int, int]:
        return dict.fromkeys(self._ours, 100)

    async def commit(self, offsets: Mapping[int, int], remarks: Mapping[int, str] = NO_REMARKS) -> None:
        self.committed = {p: (at, remarks[p]) for p, at in offsets.items()}


async def again(member: Member) -> bool:
    log: Any = Kept()
    subscription: Any = member
    return await commit_again(log, "intake.door", TOPIC, subscription)


async def test_what_was_committed_is_committed_again_with_what_was_left_aside() -> None:
    member = Member(0, 1)
    assert await again(member)
    assert member.committed == {0: (7, "left 3"), 1: (9, "")}


async def test_nothing_is_committed_in_a_partition_that_another_one_has() -> None:
    member = Member(1)
    assert await again(member)
    assert member.committed == {1: (9, "")}


async def test_nothing_is_committed_while_all_is_handed_over() -> None:
    member = Member()
    assert not await again(member)
    assert member.committed == {}
