"""What can go wrong, and what becomes of it.

Unreadable   an input that can never be taken: dead letter
Unavailable  not now: the input stays where it is and is retried
NotAdmitted  the same, as a server does not let us in: a setting is wrong, or a right is missing
Halted       the log is inconsistent or can not be read: the partition stops and reports why
TooLarge     what a command leads to is more than a record may hold: refused at a door, else its stream is left aside
Fenced       another owner has taken this partition over: drop the batch, end the process
"""

import asyncio


class Unreadable(Exception):  # noqa: N818 - it names a state of the input, not a fault of the program
    """An input that can never be taken: `reason` is a code, `where` a field or attribute, the text what to do."""

    def __init__(self, reason: str, where: str, text: str) -> None:
        super().__init__(text)
        self.reason, self.where, self.text = reason, where, text


class Unavailable(Exception):  # noqa: N818
    """Something needed is not available now; nothing was lost, and the call can be retried."""


class NotAdmitted(Unavailable):
    """A server does not let us in; the text says what it does not take, and which setting to look at."""


class Halted(Exception):  # noqa: N818
    """One partition of a log topic can not be read on; only a person, or the card's `set_aside`, gets past it."""

    def __init__(self, topic: str, partition: int, offset: int, sentence: str) -> None:
        super().__init__(f"{topic}[{partition}] stops at offset {offset}: {sentence}")
        self.topic, self.partition, self.offset = topic, partition, offset


class TooLarge(Exception):  # noqa: N818
    """An event that is larger than a record of a log topic may be; nothing of it was written."""


class Fenced(Exception):  # noqa: N818
    """The position row has another epoch: someone else owns the partition."""


def unavailable(what: str, error: Exception) -> Unavailable:
    """Convert a library's error to Unavailable; raises CancelledError instead where our task is being cancelled.

    A connection that breaks while a cancelled call releases it hides the cancellation behind its own error: a loop that
    retries would then never end.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error
    return Unavailable(f"{what}: {type(error).__name__} {error}")
