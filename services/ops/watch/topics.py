"""`olcare topics`: make the topics as their cards say, compare them, and say who may do what with them."""

from collections.abc import Mapping
from typing import Annotated

import typer

from libs.eventlog.kafka.topics import UPSTREAMS, TopicAdmin
from services.ops.cli.environment import Environment, environment
from services.ops.cli.output import AsJson, run, say, show
from services.ops.watch.rights import rights, rights_for_backups

app = typer.Typer(no_args_is_help=True, help="Make the topics as their cards say, compare them, and who may do what.")


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


@app.command()
def acl(
    ctx: typer.Context,
    upstream: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="An upstream system, where OLCARE_SOURCES names none; may be said more than once."
        ),
    ] = None,
    principal: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=PRINCIPAL", help="Who a program is to the brokers; User:NAME without a word."),
    ] = None,
    *,
    backup: Annotated[
        bool, typer.Option("--backup", help="What `olcare backup` and `olcare restore` need, in place of all others.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print what each service and each upstream system needs to be allowed, as calls of kafka-acls.sh.

    Where OLCARE_SOURCES names a policy, its clients are the upstream systems: each may write to its own doors alone.
    Add `--bootstrap-server` and `--command-config` of somebody who may give rights to each.
    """
    here = environment(ctx)
    policy, cards = here.source_policy(), here.cards().values()
    if policy and upstream:
        raise typer.BadParameter("OLCARE_SOURCES names the upstream systems: leave --upstream out")
    systems = list(policy.clients) if policy else upstream or [UPSTREAMS]
    known = {name: policy.principal(name) for name in systems} if policy and not backup else {}
    principals = {**known, **_principals(principal)}
    found = list(rights_for_backups(cards) if backup else rights(cards, systems))
    if unknown := principals.keys() - {right.program for right in found}:
        raise typer.BadParameter(
            f"{', '.join(sorted(unknown))} needs no rights; those who do are "
            f"{', '.join(sorted({right.program for right in found}))}"
        )
    said = [(right, principals.get(right.program, f"User:{right.program}")) for right in found]
    if as_json:
        rows = [{"principal": who, **right._asdict(), "prefixed": right.prefixed} for right, who in said]
        show(rows, as_json=True, otherwise=str)
    else:
        say("".join(f"{right.command(who)}\n" for right, who in said))


def _principals(given: list[str] | None) -> Mapping[str, str]:
    pairs = [one.partition("=") for one in given or ()]
    if wrong := [name for name, _, who in pairs if not who]:
        raise typer.BadParameter(f"{wrong[0]!r} is not like intake=User:CN=intake")
    return {name: who for name, _, who in pairs}


async def _create(here: Environment) -> list[str]:
    async with TopicAdmin(here.kafka_address()) as admin:
        return await admin.create(here.cards().values())


async def _check(here: Environment) -> list[str]:
    async with TopicAdmin(here.kafka_address()) as admin:
        cards = here.cards()
        return [*await admin.check(list(cards.values())), *await admin.unknown_doors(cards)]
