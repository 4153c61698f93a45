"""Which partitions a loop has as a member of its group, and what the group has committed there."""

from libs.eventlog.ports import Log, Subscription

WAIT, SOON = 10.0, 0.5  # machine seconds after which a round ends that reads nothing; the first one after others
ANEW = 86_400.0  # machine seconds after which every committed offset is committed again: brokers forget old ones


def ours(subscription: Subscription | None) -> frozenset[int]:
    """The partitions that are ours now."""
    return subscription.assigned() if subscription else frozenset()


def watched(subscription: Subscription | None) -> frozenset[int] | None:
    """The partitions to watch: ours, be there any or not. None, for all, while we join: that may hang by our fault."""
    return subscription.assigned() if subscription and subscription.joined() else None


async def commit_again(log: Log, group: str, topic: str, subscription: Subscription) -> bool:
    """Commit again what the group has committed, with its remarks, in the partitions that are ours; raises Unavailable.

    None of one that is being handed over: what stands there is its next owner's. False where there is none but such.
    """
    here = await subscription.passed()
    if not here:
        return False
    commits = {p: commit for p, commit in (await log.commits(group, topic)).items() if p in here}
    if commits:
        offsets = {p: commit.offset for p, commit in commits.items()}
        await subscription.commit(offsets, {p: commit.remark for p, commit in commits.items()})
    return True
