"""The services under watch: what they are, what they read, and how to look into their tables."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from libs.eventlog.projection import Reader
from libs.eventlog.tables.database import Database
from libs.eventlog.tables.generations import current
from libs.eventlog.tables.queries import Queries
from libs.messages.catalogue import CONTRACTS_DOOR, NOTICES_DOOR, OPS_DOOR, TICKETS_DOOR
from services.contract.projections import PRIVATE_RECORDS as CONTRACT_PRIVATE
from services.contract.projections import READERS as CONTRACT
from services.intake.projections import READERS as INTAKE
from services.notification.projections import PRIVATE_RECORDS as NOTIFICATION_PRIVATE
from services.notification.projections import READERS as NOTIFICATION
from services.ops.audit.projections import READERS as AUDIT
from services.ops.cli.output import Refused
from services.sla_timer.projections import READERS as SLA_TIMER


class WatchedService(NamedTuple):
    """A service: its readers, its door and the table that it keeps of the private topic, where it has them.

    `package` is where its code stands.
    """

    name: str
    readers: tuple[Reader, ...]
    door: str | None = None
    private: str | None = None
    package: str = "services"

    @property
    def module(self) -> str:
        """Name what its process runs."""
        return f"{self.package}.{self.name}"

    @property
    def database(self) -> str:
        """Name its database."""
        return f"olcare_{self.name}"


SERVICES: Mapping[str, WatchedService] = {
    service.name: service
    for service in (
        WatchedService("contract", CONTRACT, CONTRACTS_DOOR, CONTRACT_PRIVATE),
        WatchedService("intake", INTAKE, TICKETS_DOOR),
        WatchedService("sla_timer", SLA_TIMER),
        WatchedService("notification", NOTIFICATION, NOTICES_DOOR, NOTIFICATION_PRIVATE),
        WatchedService("audit", AUDIT, OPS_DOOR, package="services.ops"),
    )
}


def chosen(names: Iterable[str]) -> Iterator[tuple[WatchedService, Reader]]:
    """Find readers by `service.reader` or all of a service by its name; all where none is named; raises Refused."""
    every = {f"{s.name}.{r.name}": (s, r) for s in SERVICES.values() for r in s.readers}
    wanted = list(names) or list(every)
    for name in wanted:
        found = [pair for full, pair in every.items() if name in {full, pair[0].name}]
        if not found:
            raise Refused(f"there is no projection {name}; there are {', '.join(every)}")
        yield from found


@asynccontextmanager
async def tables(postgres: str, service: WatchedService) -> AsyncIterator[Database]:
    """Open a service's database to read, its plain table names meaning those in use; raises Refused and Unavailable."""
    database = Database(postgres, service.database)
    try:
        await database.open_to_read()
        for reader in service.readers:
            async with database.connection() as connection:
                found = await current(connection, reader)
            if found is None:
                raise Refused(f"{service.name} has no tables of {reader.name} yet: does it run?")
            database.use(reader.name, found.schema)
        if service.private:
            database.use(service.private, service.private)
        yield database
    finally:
        await database.close()


def queries(
    database: Database,
    instead: Mapping[str, str] = MappingProxyType({}),
    values: Mapping[str, object] = MappingProxyType({}),
) -> Queries:
    """The queries of ops on a service's tables, or on what they are to see `instead` of some."""
    return Queries(database, Path(__file__).with_name("queries.sql"), instead=instead, values=values)
