"""The whole way, twice: door, tickets, reaction, promise and deadline, with lives that end in between."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from random import Random

import pytest

from libs.eventlog.wire.record import Outgoing, Record
from tests.model.books import Books
from tests.model.services import FOLLOWED, Desk, Ground, Said, Timer, command_id_of
from tests.model.story import DOOR, PARTITIONS, RECEIPTS, TARGET, TICKETS, TIMER_PROMISES, TOPICS
from tests.model.world import Wish, what_will_be_said
from tests.unit.eventlog.environment import (
    Environment,
    Loop,
    MovableClock,
    ScanningLog,
    Tables,
    everything,
    living,
    running,
    soon,
)

Kind = type[Desk] | type[Timer]
READ = (DOOR, RECEIPTS, TICKETS, TIMER_PROMISES.topic)


class Play:
    """Both services over one log, each with its own tables."""

    def __init__(self, env: Environment, log: ScanningLog, tables: dict[Kind, Tables], said: Said) -> None:
        self.env, self.log, self.tables, self.said, self.clock = env, log, tables, said, MovableClock()
        self.kills: list[asyncio.Event] = []

    @asynccontextmanager
    async def life(self, kind: Kind, instance: str) -> AsyncIterator[Sequence[Loop]]:
        tables = self.tables[kind]
        async with self.env.log(f"{kind.__name__}-{instance}") as log:
            identities = {topic: await log.identity(topic) for topic in TOPICS}
            ground = Ground(instance, log, self.clock, tables.stores, tables.rows, identities, self.said)
            service = kind(ground)
            try:
                yield service.loops
            finally:
                await service.writer.close()

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """Keep all processes up."""
        processes = [(kind, str(n)) for kind in self.tables for n in range(self.env.instances)]
        self.kills = [asyncio.Event() for _ in processes]
        lives = [
            partial(living, partial(self.life, *process), kill)
            for process, kill in zip(processes, self.kills, strict=True)
        ]
        async with running(*lives):
            yield

    async def say(self, wish: Wish | None, partition: int) -> None:
        await self.say_all([wish], partition)

    async def say_all(self, wishes: Sequence[Wish | None], partition: int) -> None:
        at = self.clock.now().isoformat()
        values = [json.dumps({**vars(wish), "at": at}).encode() if wish else b"?" for wish in wishes]
        appender = self.log.appender()
        await appender.append([Outgoing(DOOR, partition, b"any", value) for value in values])
        await appender.close()

    async def quiet(self) -> bool:
        """Say whether all that was said has been read and answered, and nothing is due."""
        for group, topic in FOLLOWED:
            places, ends = await self.log.committed_offsets(group, topic), await self.log.ends(topic)
            if any(places.get(p, 0) < end for p, end in ends.items()):
                return False
        for tables, reader in ((self.tables[kind], reader) for kind in self.tables for reader in kind.READERS):
            if dict((await tables.contents(reader)).positions) != await self.log.ends(reader.topic):
                return False
        rows = await self.tables[Timer].rows(TIMER_PROMISES.name, "deadline")
        return not any(waiting and datetime.fromisoformat(due) < self.clock.now() for _, due, waiting, _ in rows)

    async def books(self) -> Books:
        records: dict[tuple[str, int], list[Record]] = {}
        for topic in READ:
            records |= await everything(self.log, topic)
        return Books(records, self.said, Ground.protocol)


@asynccontextmanager
async def play(env: Environment, log: ScanningLog, said: Said) -> AsyncIterator[Play]:
    async with AsyncExitStack() as stack:
        tables = {kind: await stack.enter_async_context(env.tables(*kind.READERS)) for kind in (Desk, Timer)}
        yield Play(env, log, tables, said)


class StorySuite:
    @pytest.mark.parametrize("seed", range(3))
    async def test_every_command_has_its_event_and_a_second_reading_adds_none(
        self, env: Environment, seed: int
    ) -> None:
        rng, said = Random(seed), Said()
        async with env.log() as log:
            async with play(env, log, said) as first, first.up():
                for wish in what_will_be_said(rng):
                    await first.say(wish, rng.randrange(PARTITIONS))
                    first.clock.step(rng.choice([0, 0, 5, 40]))
                    if rng.random() < 0.2:
                        rng.choice(first.kills).set()
                    await asyncio.sleep(rng.random() * 0.02)
                await soon(first.quiet, 60)
                first.clock.step(2 * TARGET.total_seconds())
                await soon(first.quiet, 60)
            before = await first.books()
            assert before.fault() == ""
            await env.forget_places()
            async with play(env, log, said) as second, second.up():
                second.clock.plan = first.clock.plan
                await soon(second.quiet, 60)
            after = await second.books()
            assert after.fault() == ""
            assert after.by_command() == before.by_command()

    async def test_others_go_by_a_ticket_of_which_very_much_is_said(self, env: Environment) -> None:
        busy = [Wish(f"busy {n}", "busy", "note") for n in range(2000)]
        others = [Wish(f"other {n}", f"other {n}", "open") for n in range(50)]
        async with env.log() as log, env.tables(*Desk.READERS) as tables:
            played = Play(env, log, {Desk: tables}, Said())
            await played.say_all([*busy, *others], 0)
            async with played.up():
                named = await soon(partial(_answered, log, {f"other {n}" for n in range(50)}), 60)
        assert sum(name.startswith("busy") for name in named) < len(busy) / 10


async def _answered(log: ScanningLog, wanted: set[str]) -> list[str]:
    """The messages that have receipts, in order, once those wanted are among them."""
    names = {command_id_of({"id": name, "number": name.removeprefix("busy ")}): name for name in wanted}
    names |= {command_id_of({"id": f"busy {n}", "number": "busy"}): f"busy {n}" for n in range(2000)}
    receipts = (await everything(log, RECEIPTS))[RECEIPTS, 0]
    told = [names[(record.value or b"").decode().split()[0]] for record in receipts]
    return told if wanted <= set(told) else []
