"""Dead letters that nobody is done with: each once, less those with a marker; what has come since alone is read."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.wire.receipts import dead_letters_of
from libs.eventlog.wire.record import Record
from libs.messages.catalogue import CONTRACTS_DOOR, TICKETS_DOOR, door_of_client
from libs.messages.places import RecordAddress
from libs.messages.receipts import DeadLetter, DeadLetterDiscarded, Unreadability
from services.ops.console.undone import DeadLetterBook

TOPIC = dead_letters_of(TICKETS_DOOR)


class DeadLetters(KafkaLog):
    """One partition of the dead letters of each door."""

    def __init__(self) -> None:
        self.values: dict[str, list[bytes]] = {}
        self.read = 0

    def says(self, *entries: DeadLetter | DeadLetterDiscarded | bytes) -> None:
        written = [one if isinstance(one, bytes) else one.model_dump_json().encode() for one in entries]
        self.values.setdefault(TOPIC, []).extend(written)

    async def ends_of(self, topics: Iterable[str]) -> Mapping[str, Mapping[int, int]]:
        return {topic: {0: len(self.values.get(topic, ()))} for topic in topics}

    async def starts(self, topic: str) -> Mapping[int, int]:  # noqa: ARG002 - as the log has it
        return {0: 0}

    async def scan(self, topic: str, partition: int, until: int, start: int = 0) -> AsyncIterator[Sequence[Record]]:
        self.read += until - start
        every = self.values.get(topic, [])
        yield [Record(topic, partition, at, b"", every[at], [], 1000 * at) for at in range(start, until)]


def place(offset: int, topic: str = TICKETS_DOOR) -> RecordAddress:
    return RecordAddress(topic=topic, partition=0, offset=offset)


def letter(offset: int, topic: str = TICKETS_DOOR) -> DeadLetter:
    return DeadLetter(
        place=place(offset, topic),
        reason=Unreadability.NOT_JSON,
        where="data",
        message="",
        key=None,
        headers=(),
        value=b"",
    )


def done(offset: int) -> DeadLetterDiscarded:
    return DeadLetterDiscarded(place=place(offset), by="anna", why="known")


async def test_each_counts_once_and_not_when_somebody_is_done_with_it() -> None:
    log, count = DeadLetters(), DeadLetterBook()
    log.says(letter(7), letter(8), letter(8), done(7))
    found = await count.undone(log)
    assert found[TICKETS_DOOR] == (1, datetime.fromtimestamp(1, UTC))
    assert found[CONTRACTS_DOOR] == (0, None)


async def test_what_has_come_since_alone_is_read() -> None:
    log, count = DeadLetters(), DeadLetterBook()
    log.says(letter(7), letter(8))
    await count.undone(log)
    log.says(done(8))
    assert (await count.undone(log))[TICKETS_DOOR].letters == 1
    assert log.read == 3


async def test_letters_of_a_client_s_own_door_count_at_that_door() -> None:
    log, count = DeadLetters(), DeadLetterBook()
    log.says(letter(7, door_of_client(TICKETS_DOOR, "crm-eu")))
    assert (await count.undone(log))[TICKETS_DOOR].letters == 1


async def test_what_is_no_dead_letter_needs_somebody_too_and_hides_no_other() -> None:
    log, count = DeadLetters(), DeadLetterBook()
    log.says(b"no JSON", letter(7))
    assert (await count.undone(log))[TICKETS_DOOR].letters == 2
