"""A machine without Java and PostgreSQL is served by wheels."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from libs.stack import java, postgres_programs
from libs.stack.kafka import KafkaCluster
from libs.stack.postgres import Postgres
from libs.stack.run import Run


@pytest.fixture
def _bare_machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(java, "_installed", list)
    monkeypatch.setattr(postgres_programs, "_candidates", lambda: iter(()))
    _forget()
    yield
    _forget()


def _forget() -> None:
    java.java.cache_clear()
    postgres_programs.postgres_programs.cache_clear()


@pytest.mark.usefixtures("_bare_machine")
async def test_postgresql_of_the_wheel_serves(tmp_path: Path) -> None:
    with Run.create(tmp_path) as run:
        server = Postgres(run, durable=False)
        server.start()
        connection = await asyncpg.connect(f"{server.dsn}/postgres")
        assert int(await connection.fetchval("SHOW server_version_num")) >= 150000
        assert await connection.fetchval("SELECT 'é' < 'f' COLLATE \"C\"") is False
        await connection.close()


@pytest.mark.usefixtures("_bare_machine")
def test_the_broker_starts_on_java_of_the_wheel(tmp_path: Path) -> None:
    with Run.create(tmp_path) as run:
        KafkaCluster(run).start()
