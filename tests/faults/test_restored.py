"""An installation whose brokers and databases are lost goes on from a backup as if nothing had been."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.messages.catalogue import PRIVATE
from libs.stack.run import PROJECT
from services.ops.backup.files import Backup, find
from services.ops.backup.restoring import restore
from services.ops.backup.saving import save
from services.ops.cli.environment import Environment
from tests.faults.checked.books import Books, Record
from tests.faults.checked.log import LOGS
from tests.faults.checked.reading import read_generations
from tests.faults.checker import findings, grown
from tests.faults.load import Upstream, publish_the_plan
from tests.faults.script import BEGIN, CONTRACTS_DOOR, TICKETS_DOOR, Day, Message
from tests.faults.system import System

RATE = 1200.0
"""Plan seconds in a machine second."""
HOURS = 4.0
TO_ITS_END = timedelta(days=2)
"""Plan time after which every promise of the day has its verdict."""


async def test_what_is_at_rest_comes_back_as_it_was_and_fires_once_when_it_is_due(
    system: System, upstream: Upstream, tmp_path: Path
) -> None:
    await system.serve()
    await publish_the_plan(system, upstream)
    day = _day()
    system.run_clock(RATE)
    await upstream.play(day, system.clock)
    system.stop_clock()
    due = await system.quiet()
    assert due, "some deadlines are to come"
    before, tables = await system.books(upstream.acknowledged), await read_generations(system.postgres.dsn)
    backup = await _save(system, tmp_path)
    assert backup.manifest.records == sum(len(topic.records) for topic in before.topics.values())

    await system.lose_everything()
    await _restore(system, tmp_path)
    await system.serve()
    assert await system.quiet() == due
    after = await system.books(upstream.acknowledged)
    assert _logs(after) == _logs(before), "no new facts"
    assert after.mails == before.mails, "no mails"
    assert await read_generations(system.postgres.dsn) == tables

    system.step_clock(system.clock.now() + TO_ITS_END)
    await system.advance(system.clock.now() + timedelta(hours=2))
    await _balances(system, upstream)


async def test_a_backup_made_under_load_is_gone_on_from(system: System, upstream: Upstream, tmp_path: Path) -> None:
    """Mails that leave after the backup would be sent again, so the mail server is away until the restore."""
    await system.serve()
    await publish_the_plan(system, upstream)
    day = _day()
    half = BEGIN + timedelta(hours=HOURS / 2)
    system.run_clock(RATE)
    async with asyncio.TaskGroup() as group:
        group.create_task(upstream.play([message for message in day if message.at < half], system.clock))
        group.create_task(_save_in_the_middle(system, tmp_path))
    system.stop_clock()
    backup = find(tmp_path / "backup")
    written = await _ends(system)
    assert any(end > _saved(backup, topic)[p] for topic in (TICKETS_DOOR, *LOGS) for p, end in written[topic].items())

    await system.lose_everything()
    await _restore(system, tmp_path)
    lost = await upstream.move(system.kafka.address, {door: _saved(backup, door) for door in _DOORS})
    await asyncio.to_thread(system.mail.start)
    await system.serve()
    await upstream.say(lost)
    system.run_clock(RATE)
    await upstream.play([message for message in day if message.at >= half], system.clock)
    system.stop_clock()
    await system.quiet()
    system.step_clock(system.clock.now() + TO_ITS_END)
    await system.advance(system.clock.now() + timedelta(hours=2))
    await _balances(system, upstream)


_DOORS = (TICKETS_DOOR, CONTRACTS_DOOR)


def _day() -> Sequence[Message]:
    return [message for message in Day(3, 60, HOURS).messages() if message.at < BEGIN + timedelta(hours=HOURS)]


def _here(system: System, folder: Path) -> Environment:
    return Environment(system.kafka.address, system.postgres.dsn, None, None, PROJECT / "contracts", folder)


async def _save(system: System, folder: Path) -> Backup:
    return await save(_here(system, folder), folder / "backup", lambda *_: None)


async def _save_in_the_middle(system: System, folder: Path) -> None:
    await asyncio.sleep(HOURS * 3600 / RATE / 4)
    await asyncio.to_thread(system.mail.process.kill)
    await _save(system, folder)


async def _restore(system: System, folder: Path) -> None:
    """Restore, and give the services the key of the fingerprints that are in the log."""
    backup = find(folder / "backup")
    await restore(_here(system, folder), backup, lambda *_: None, drop_tables=False)
    system.tell(OLCARE_FINGERPRINT_KEY=next(topic.id for topic in backup.manifest.topics if topic.name == PRIVATE))


def _saved(backup: Backup, topic: str) -> dict[int, int]:
    [found] = [one for one in backup.manifest.topics if one.name == topic]
    return {partition.number: partition.end for partition in found.partitions}


async def _ends(system: System) -> dict[str, dict[int, int]]:
    log = KafkaLog(KafkaSettings(system.kafka.address, "test"))
    await log.open()
    found = {topic: dict(await log.ends(topic)) for topic in (TICKETS_DOOR, *LOGS)}
    await log.close()
    return found


def _logs(books: Books) -> dict[str, Sequence[Record]]:
    return {name: sorted(books.topic(name).records) for name in LOGS}


async def _balances(system: System, upstream: Upstream) -> None:
    """See that the books balance, and that everything read once more changes nothing."""
    books = await system.books(upstream.acknowledged, await system.rebuilt())
    assert [*findings(books), *upstream.disagreements(books)] == []
    await system.read_everything_again()
    again = await system.books(upstream.acknowledged)
    assert [*grown(books, again), *findings(again)] == []
