"""Jobs of Procrastinate in a process of their own: armed in any number, and those that are due done by its worker.

`python -m tests.bench.jobs arm ADDRESS JOBS` or `... run ADDRESS SECONDS`, the library on the path; `run` prints how
many seconds it worked, and how many jobs it did.
"""

# mypy: disable-error-code="import-not-found, misc, untyped-decorator"
# The library is fetched for the benchmarks alone: where types are checked it is not there.

import asyncio
import logging
import sys
from contextlib import suppress

from procrastinate import App, PsycopgConnector

from libs.stack.wait import machine_seconds

DUE, AT_ONCE = 5_000, 10
LOOK = 0.1  # machine seconds
INSERT = """
    insert into procrastinate_jobs (queue_name, task_name, args, scheduled_at)
    select 'default', 'breach', '{}', now() + %s * interval '1 second' + n * interval '1 millisecond'
    from generate_series(1, %s) as n"""
DONE = "select count(*) as jobs from procrastinate_jobs where status = 'succeeded'"
CLEAR = "delete from procrastinate_jobs where status <> 'todo' or scheduled_at < now() + interval '1 hour'"
YEAR = 365 * 24 * 3600


async def arm(app: App, jobs: int) -> None:
    """Make the tables, with so many jobs that are due in a year."""
    await app.schema_manager.apply_schema_async()
    await _execute(app, INSERT, YEAR, jobs)
    await _execute(app, "analyze procrastinate_jobs")


async def work(app: App, seconds: float) -> tuple[float, int]:
    """Do what is due for a while; give the time that it took and the number of jobs."""
    await _execute(app, INSERT, -YEAR, DUE)
    began = machine_seconds()
    worker = asyncio.create_task(app.run_worker_async(concurrency=AT_ONCE, install_signal_handlers=False))
    done = 0
    while done < DUE and machine_seconds() < began + seconds:
        await asyncio.sleep(LOOK)
        done = (await app.connector.execute_query_one_async(DONE))["jobs"]
    took = machine_seconds() - began
    worker.cancel()
    with suppress(asyncio.CancelledError):
        await worker
    await _execute(app, CLEAR)
    return took, done


async def _execute(app: App, statement: str, *values: object) -> None:
    async with app.connector.pool.connection() as connection:
        await connection.execute(statement, values or None)


async def main(what: str, address: str, number: float) -> None:
    logging.getLogger("procrastinate").setLevel(logging.ERROR)  # that it is made in a main module is as it should be
    app = App(connector=PsycopgConnector(conninfo=address))

    @app.task(name="breach")
    async def breach() -> None:
        """Do nothing."""

    async with app.open_async():
        if what == "arm":
            await arm(app, int(number))
        else:
            print(*await work(app, number))  # noqa: T201 - this is its answer


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
