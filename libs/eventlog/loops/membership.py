"""Which partitions a loop has as a member of its group."""

from libs.eventlog.ports import Subscription


def ours(subscription: Subscription | None) -> frozenset[int]:
    """The partitions that are ours now."""
    return subscription.assigned() if subscription else frozenset()


def watched(subscription: Subscription | None) -> frozenset[int] | None:
    """The partitions to watch: ours, be there any or not. None, for all, while we join: that may hang by our fault."""
    return subscription.assigned() if subscription and subscription.joined() else None
