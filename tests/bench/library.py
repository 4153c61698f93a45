"""The same tickets with the `eventsourcing` library and its projection runner, in a process of their own.

`python -m tests.bench.library ADDRESS EVENTS`, the library on the path; prints the seconds of the projection.
"""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator, name-defined"
# The library is fetched for the benchmarks alone: where types are checked it is not there.

import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL

from libs.chassis.collector import collect_seldom
from libs.stack.wait import machine_seconds
from tests.bench.history import Said, waves

NAMES = UUID("6f1d3c52-2f0b-5a39-9d4c-0c1a5e0b7c12")
COLUMNS = ("customer", "contract", "product", "version", "channel", "centre", "language", "requester", "covered_until")
TABLE = f"""
    create table if not exists tickets (id uuid primary key, {", ".join(f"{name} text" for name in COLUMNS)},
    opened_at timestamptz, responses int not null, first_responded_at timestamptz)"""
OPENED = f"""
    insert into tickets values (%(id)s, {", ".join(f"%({name})s" for name in COLUMNS)}, %(opened_at)s, 0, null)"""  # noqa: S608 - names of ours
RESPONDED = """
    update tickets set responses = responses + 1, first_responded_at = least(first_responded_at, %(at)s)
    where id = %(id)s"""
PATIENCE = 600  # seconds


class Ticket(Aggregate):
    @event("Opened")
    def __init__(self, number: str, opened_at: datetime, facts: Mapping[str, str]) -> None:
        self.number, self.opened_at, self.facts = number, opened_at, facts

    @staticmethod
    def create_id(number: str) -> UUID:
        return uuid5(NAMES, number)

    @event("Responded")
    def respond(self, by: str, at: datetime) -> None:
        self.responded = (by, at)


class Desk(Application[UUID]):
    def take(self, said: Mapping[str, list[Said]]) -> None:
        """Write the whole history of some tickets."""
        tickets = []
        for number, (opened, *answers) in said.items():
            cover = opened.fields["cover"]
            facts = {**opened.fields, "contract": cover["contract"], "covered_until": cover["covered_until"]}
            ticket = Ticket(number, opened.at, {name: facts[name] for name in COLUMNS})
            for answer in answers:
                ticket.respond(answer.fields["by"], answer.at)
            tickets.append(ticket)
        self.save(*tickets)


class Rows(PostgresTrackingRecorder):
    def __init__(self, datastore: Any, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self.sql_create_statements.append(SQL(TABLE))

    def write(self, statement: str, values: Mapping[str, Any], tracking: Tracking) -> None:
        """Change a row and the position in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(statement, values, prepare=True)


class Tickets(Projection[Rows]):
    @singledispatchmethod
    def process_event(self, _: object, tracking: Tracking) -> None:
        """Nothing else is written here."""

    @process_event.register
    def opened(self, event: Ticket.Opened, tracking: Tracking) -> None:
        values = {**event.facts, "id": event.originator_id, "opened_at": event.opened_at}
        self.view.write(OPENED, values, tracking)

    @process_event.register
    def responded(self, event: Ticket.Responded, tracking: Tracking) -> None:
        if event.by == "person":
            self.view.write(RESPONDED, {"id": event.originator_id, "at": event.at}, tracking)
        else:
            self.view.insert_tracking(tracking)


def main(address: str, events: int) -> None:
    env = environment(address)
    desk, history = Desk(env), dict[str, list[Said]]()
    for wave in waves(events):
        for said in wave:
            history.setdefault(said.stream, []).append(said)
    desk.take(history)
    collect_seldom()
    last = desk.recorder.max_notification_id()
    began = machine_seconds()
    with ProjectionRunner(application_class=Desk, projection_class=Tickets, view_class=Rows, env=env) as runner:
        runner.wait(last, timeout=PATIENCE)
        took = machine_seconds() - began
    print(took)  # noqa: T201 - this is its answer


def environment(address: str) -> dict[str, str]:
    """Say in the library's own words where the database is."""
    url = urlsplit(address)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": url.path.removeprefix("/"),
        "POSTGRES_HOST": url.hostname or "",
        "POSTGRES_PORT": str(url.port or 5432),
        "POSTGRES_USER": url.username or "",
        "POSTGRES_PASSWORD": url.password or "",
    }


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
