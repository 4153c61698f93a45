"""The lives of processes: each one runs until it is killed, told to end by the protocol, or stands still."""

from collections.abc import Iterable
from math import inf
from typing import Any

from libs.eventlog.errors import Fenced, Halted, Unavailable
from libs.eventlog.ports import Identity
from tests.model.office import CoveredDesk, Office
from tests.model.services import Desk, Ground, Protocol, Said, Timer
from tests.model.tables import Database
from tests.model.terms import ALL_TOPICS
from tests.model.wire import Broker, Line

POINTER = 1.0  # machine seconds between two looks whether the database is still the one that was opened
ENDS = (Fenced, Unavailable)  # what may end a process: the next one finds all it needs in the log
Kind = type[Desk] | type[CoveredDesk] | type[Timer] | type[Office]
IDENTITIES = {topic: Identity("memory", f"{topic}/0") for topic in ALL_TOPICS}


class Process:
    """One life; what it knows ends with it."""

    def __init__(
        self, kind: Kind, name: str, broker: Broker, database: Database, said: Said, protocol: Protocol
    ) -> None:
        self.kind, self.schedule, self.database = kind, broker.schedule, database
        self.tables, self.line = database.tables, Line(broker)
        ground = Ground(name, self.line, self.schedule, self.tables, self._rows, IDENTITIES, said, protocol)
        self.service = kind(ground)
        self.frozen_until, self.dead = 0.0, False
        self.errors: list[BaseException] = []
        self.broker = broker
        for loop in (*self.service.loops, self._pointer):
            self.schedule.spawn(loop(), self)

    def kill(self) -> None:
        self.dead, self.frozen_until = True, inf
        self.broker.deaths += 1
        self.schedule.remove(self)
        self.line.cut()

    def ended(self, error: BaseException | None) -> None:
        """Loops run for ever, so one that ends takes the process with it."""
        self.broker.seen[type(error).__name__] += 1
        if not isinstance(error, ENDS):
            self.errors.append(error or RuntimeError("a loop came to its end"))
        self.kill()

    def halted(self) -> list[Halted]:
        return self.service.halted()

    async def _rows(self, reader: str, table: str) -> Iterable[tuple[Any, ...]]:
        await self.schedule.turn()
        return list(self.tables[reader].rows[table].values())

    async def _pointer(self) -> None:
        while self.tables is self.database.tables:
            await self.schedule.sleep(POINTER)
        raise Unavailable("the database was dropped")
