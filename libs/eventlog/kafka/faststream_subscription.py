"""A member of a group whose batches FastStream's subscriber fetches: how doors read (ADR 0005).

FastStream pushes: it fetches a batch, gives it to a handler and fetches the next one when the handler returns. Ours
returns when the next batch is asked for. What FastStream would only log is raised to whoever asks.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from aiokafka import TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.security import BaseSecurity, SASLOAuthBearer, SASLPlaintext, SASLScram256, SASLScram512

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.brokers import Mechanism
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.long_polls import WAIT, LongPolls
from libs.eventlog.kafka.subscription import GetMany, KafkaSubscription
from libs.eventlog.ports import Identity, OnAssigned, nobody

FETCHED = 500  # records at most in a batch of FastStream's
_LOGINS: Mapping[str, Any] = {
    Mechanism.SCRAM_SHA_256: SASLScram256,
    Mechanism.SCRAM_SHA_512: SASLScram512,
    Mechanism.PLAIN: SASLPlaintext,
}
REST = 1  # machine milliseconds that FastStream rests when there are no records; it waits for them as `_fetched` does


class FastStreamSubscription(KafkaSubscription):
    """One topic of a group, fetched by FastStream; rebalances and commits are those of every subscription."""

    def __init__(
        self,
        settings: KafkaSettings,
        topic: str,
        group: str,
        on_assigned: OnAssigned,
        identity: Callable[[], Awaitable[Identity]],
    ) -> None:
        """Make it; with each commit goes the id that `identity` gives the topic when partitions are taken over."""
        super().__init__(settings, topic, group, on_assigned, identity)
        self._take_overs = 0
        self._on_its_way = False
        """A batch is fetched that the handler has not got yet."""
        self._given: asyncio.Queue[Sequence[Any]] = asyncio.Queue()
        self._rest: Sequence[Any] = ()
        """What was given and not returned yet, being more than was asked for."""
        self._asked = asyncio.Event()
        self._errors = Errors(self._wake)

    def _prepare(self) -> None:
        os.environ.setdefault("FASTSTREAM_SUPERVISOR_DISABLED", "1")  # a task that ends is for us to see: `_check`
        self._broker = KafkaBroker(
            **_connection(self._settings),
            client_id=f"{self._settings.instance}-{self._group}",
            consumer_only=True,
            logger=self._errors,
        )
        self._subscriber = self._broker.subscriber(
            self._topic,
            batch=True,
            batch_timeout_ms=REST,
            max_records=FETCHED,
            ack_policy=AckPolicy.MANUAL,
            listener=self,
            parser=self._came,
            decoder=_undecoded,
            auto_offset_reset="earliest",  # never used: a partition is paused until `_take_over` has set its offset
            **self._membership(),
        )
        self._subscriber(self._take, filter=_every)

    async def _join(self) -> None:
        try:
            await self._broker.start()
        except BaseException:
            await self._broker.stop()
            raise
        self._consumer = self._subscriber.consumer
        self._polls = LongPolls(self._consumer)
        self._let_wait(self._consumer.getmany)
        for task in self._subscriber.tasks:
            task.add_done_callback(lambda _: self._wake())

    def _let_wait(self, getmany: GetMany) -> None:
        """Have the consumer wait longer for records than FastStream asks for, which rests as long as it waits."""

        async def waiting(*, timeout_ms: int, max_records: int | None) -> Mapping[TopicPartition, Sequence[Any]]:
            del timeout_ms
            got = await self._fetched(getmany, max_records, lambda: WAIT)
            if not got:
                self._wake()
            return got

        vars(self._consumer)["getmany"] = waiting

    def _wake(self) -> None:
        self._given.put_nowait(())

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Pause new partitions until their start offsets are known."""
        self._consumer = self._subscriber.consumer
        await super().on_partitions_assigned(assigned)

    async def passed(self) -> Mapping[int, int]:
        """The next offset of each partition, unless something before it is still to be returned."""
        passed = await super().passed()
        return {} if self._on_its_way or self._rest or not self._given.empty() else passed

    async def close(self) -> None:
        """Stop without leaving the group, as every subscription does."""
        self._idle.set()
        self._asked.set()
        if self._polls:
            self._polls.hang_up()
        if self._consumer:
            await asyncio.sleep(0)
            await self._broker.stop()

    async def _came(self, batch: Sequence[Any]) -> KafkaMessage:
        """Note after how many take-overs a batch was fetched: nothing suspends between the consumer's return and this.

        It stays as it came: FastStream's own parser would refuse all of it for one header that is not UTF-8.
        """
        self._on_its_way = True
        raw: Any = batch
        return KafkaMessage(body=self._take_overs, raw_message=raw, consumer=self._consumer)

    async def _take(self, message: KafkaMessage) -> None:
        """Hand over a batch and wait until the next one is asked for; one of before a take-over is read again."""
        self._on_its_way = False
        if message.body == self._take_overs:
            self._asked.clear()
            self._given.put_nowait(message.raw_message)
            await self._asked.wait()

    async def _fetch(self, most: int, wait: float) -> Mapping[int, Sequence[Any]]:
        if not self._rest:
            self._rest = await self._next(wait)
        got: dict[int, list[Any]] = {}
        for message in self._rest[:most]:
            got.setdefault(message.partition, []).append(message)
        self._rest = self._rest[most:]
        return got

    async def _next(self, wait: float) -> Sequence[Any]:
        self._asked.set()
        given: Sequence[Any] = ()
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                given = await self._given.get()
        if not given:
            self._check()
        return given

    def _check(self) -> None:
        """Raise what stopped FastStream; raises Unavailable."""
        ended = [task for task in self._subscriber.tasks if task.done() and not task.cancelled()]
        if error := self._errors.take() or next((task.exception() for task in ended), None):
            raise Unavailable(f"{self._group}: {type(error).__name__} {error}") from error
        if ended:
            raise Unavailable(f"{self._group}: FastStream does not read any more")

    def _forget(self) -> None:
        self._take_overs += 1
        self._rest = ()
        while not self._given.empty():
            self._given.get_nowait()


class Errors:
    """What FastStream takes for its logger: the one place where it says that the consumer failed."""

    def __init__(self, tell: Callable[[], None] = nobody) -> None:
        """Make it; `tell` is called for each error."""
        self._tell = tell
        self._error: BaseException | None = None

    def log(self, level: int, msg: Any, /, *, exc_info: Any = None, extra: Mapping[str, Any] | None = None) -> None:
        """Keep an error; what FastStream tells beside it nobody needs."""
        del level, msg, extra
        if isinstance(exc_info, BaseException):
            self._error = exc_info
            self._tell()

    def take(self) -> BaseException | None:
        """The last error since this was asked."""
        error, self._error = self._error, None
        return error


def _connection(settings: KafkaSettings) -> dict[str, Any]:
    """Our connection in FastStream's words; raises Unavailable."""
    how = settings.connection()
    encrypted = {"ssl_context": how["ssl_context"], "use_ssl": how["ssl_context"] is not None}
    login = (how.get("sasl_plain_username"), how.get("sasl_plain_password"))
    match how.get("sasl_mechanism"):
        case None:
            security = BaseSecurity(**encrypted)
        case Mechanism.OAUTHBEARER:
            security = SASLOAuthBearer(**encrypted)
        case mechanism:
            security = _LOGINS[mechanism](*login, **encrypted)
    token = how.get("sasl_oauth_token_provider")
    return {
        "bootstrap_servers": how["bootstrap_servers"],
        "security": security,
        "sasl_oauth_token_provider": token,
    }


async def _every(_: KafkaMessage) -> bool:
    """Take every batch, without the thread that FastStream's own filter would need."""
    return True


async def _undecoded(message: KafkaMessage) -> Any:
    return message.body
