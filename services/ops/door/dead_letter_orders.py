"""What somebody has done about dead letters: it is on record before it is begun, and what came of it afterwards."""

from asyncio import CancelledError
from collections.abc import Sequence
from functools import partial

from libs.eventlog.errors import Unavailable
from libs.eventlog.wire.record import Outgoing
from libs.messages.actions import Redrive, RedriveEnd, RedriveHow, RedriveTally
from libs.messages.places import RecordAddress
from services.ops.door.dead_letter_selection import ALL, Selection
from services.ops.door.redrive import USUAL, Pace, RedriveProgress, Sending, Sent, Tell, redrive
from services.ops.door.stored_dead_letters import StoredDeadLetter, again, edited, marker_of
from services.ops.watch.recording import RecordedOrder

SENT, EDITED = "sent in again as {place}", "edited and sent in as {place}"


def meant(letters: Sequence[StoredDeadLetter], how: RedriveHow, some: Selection = ALL) -> Redrive:
    """What is said of dead letters before anything is done about them; the oldest stands first."""
    return Redrive(
        how=how,
        letters=len(letters),
        first=letters[0].letter.place.text(),
        door=some.topic,
        reason=some.reason and str(some.reason),
        source=some.source,
    )


async def send_again(
    order: RecordedOrder,
    letters: Sequence[StoredDeadLetter],
    pace: Pace,
    some: Selection = ALL,
    tell: Tell = lambda _: None,
) -> RedriveProgress:
    """Send some in as they came; raises Unavailable and Refused."""
    sendings = [Sending(one.letter.place, again(one.letter)) for one in letters]
    return await _send(order, sendings, meant(letters, RedriveHow.AS_IT_CAME, some), pace, SENT, tell)


async def send_edited(order: RecordedOrder, letter: StoredDeadLetter, text: str) -> Sent:
    """Send a mended copy of one in; the one that came is marked with its place. Raises Unavailable and Refused."""
    sending = Sending(letter.letter.place, edited(letter.letter, text))
    said = meant([letter], RedriveHow.EDITED)
    progress = await _send(order, [sending], said, USUAL, EDITED, lambda _: None)
    return progress.sent[0]


async def _send(
    order: RecordedOrder, sendings: Sequence[Sending], said: Redrive, pace: Pace, why: str, tell: Tell
) -> RedriveProgress:
    latest = RedriveProgress(len(sendings))

    def told(progress: RedriveProgress) -> None:
        nonlocal latest
        latest = progress
        tell(progress)

    await order.redrive(said)
    try:
        return await redrive(order.at, sendings, pace, partial(_mark, order, why), told)
    finally:
        await order.redriven(latest.tally())


def _mark(order: RecordedOrder, why: str, sent: Sent) -> Outgoing:
    return marker_of(order.cards, sent.place, order.by, why.format(place=sent.receipt.place.text()))


async def discard(
    order: RecordedOrder, letters: Sequence[StoredDeadLetter], why: str, some: Selection = ALL
) -> list[RecordAddress]:
    """Mark some as needing nothing more; raises Unavailable and Refused."""
    await order.redrive(meant(letters, RedriveHow.DISCARDED, some))
    places = [one.letter.place for one in letters]
    try:
        await order.at.say([marker_of(order.cards, place, order.by, why) for place in places])
    except (Unavailable, CancelledError):
        await order.redriven(RedriveTally(ended=RedriveEnd.FAILED, left=len(places)))
        raise
    await order.redriven(RedriveTally(ended=RedriveEnd.COMPLETE, discarded=len(places)))
    return places
