"""`olcare topics`: make the topics as their cards say, and compare them."""

import typer

from libs.eventlog.kafka.topics import TopicAdmin
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, run, show

app = typer.Typer(no_args_is_help=True, help="Make the topics as their cards say, and compare them.")


@app.command()
def create(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Make the topics that are missing; those that are there stay as they are."""
    made = run(_create(environment(ctx)))
    show(
        {"created": made},
        as_json=as_json,
        otherwise=lambda: "\n".join(f"created {name}" for name in made) or "all there",
    )


@app.command()
def check(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Compare every topic with its card; exit code 1 where one differs."""
    found = run(_check(environment(ctx)))
    show(
        {"differences": found},
        as_json=as_json,
        otherwise=lambda: "\n".join(found) or "all topics are as their cards say",
    )
    if found:
        raise typer.Exit(1)


async def _create(here: Environment) -> list[str]:
    async with TopicAdmin(here.kafka_address()) as admin:
        return await admin.create(here.cards().values())


async def _check(here: Environment) -> list[str]:
    async with TopicAdmin(here.kafka_address()) as admin:
        return await admin.check(list(here.cards().values()))
