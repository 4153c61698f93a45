"""A rehearsal as the command line shows it: some sentences and tables."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.text import Text

from services.ops.cli.output import cell, table
from services.ops.rehearse.findings import Flip, KeptCounts, KeptGroup, MovedDeadline, Moves, Rehearsed, Summary
from services.ops.sla.response_times import spoken

SHOWN = 40
"""Of each list; all of them by --json."""
KEPT_COLUMNS = ("centre", "channel", "promised", "met", "breached", "running", "attainment")
FLIP_COLUMNS = ("ticket", "centre", "channel", "opened", "before", "after", "why")
MOVES_COLUMNS = ("centre", "channel", "promises", "earlier", "later", "median", "furthest")
MOVED_COLUMNS = ("ticket", "centre", "channel", "before", "after", "moves by")
MAIL_COLUMNS = ("mail", "to", "before", "after", "new", "gone")
PRICE_COLUMNS = ("currency", "said by", "kind", "prices", "changed", "before", "after")


def laid_out(digest: str, found: Rehearsed) -> RenderableType:
    """Everything, the first of each list."""
    return Group(*_parts(digest, found))


def _parts(digest: str, found: Rehearsed) -> Iterator[RenderableType]:
    known = found.summary
    yield Text("\n".join(sentences(digest, known)))
    yield table(map(_kept, known.attainment), KEPT_COLUMNS, title="first responses kept, before -> after")
    if found.flips:
        title = f"{known.flips} verdicts would be others"
        yield table(map(_flip, found.flips[:SHOWN]), FLIP_COLUMNS, title=title)
    if known.moves:
        yield table(map(_moves, known.moves), MOVES_COLUMNS, title="deadlines that would move")
    if running := [one for one in found.moved if one.is_running][:SHOWN]:
        yield table(map(_moved, running), MOVED_COLUMNS, title="of those that run")
    if known.mails:
        yield _mails(known)
    if known.prices:
        yield _prices(known)


def sentences(digest: str, known: Summary) -> Iterator[str]:
    """What was rehearsed, and what it comes to."""
    parts = ", ".join(f"{one.stream} {one.version}" for one in known.draft)
    yield f"rehearsed {parts}, as if published at {cell(known.begins_at)}, on {known.tickets} tickets"
    yield (
        f"{known.to_breached} kept promises would be breached, {known.to_met} breached ones kept, "
        f"{known.otherwise} would end otherwise"
    )
    if known.doubtful:
        yield f"{len(known.doubtful)} tickets stand otherwise than a replay says, and count as they stand"
    yield f"rehearsal {digest}"


def _kept(group: KeptGroup) -> Mapping[str, object]:
    was, would = group.before, group.after
    counts = {name: f"{getattr(was, name)} -> {getattr(would, name)}" for name in KEPT_COLUMNS[2:6]}
    share = f"{_share(was)} -> {_share(would)}"
    return {"centre": group.centre or "all", "channel": group.channel, **counts, "attainment": share}


def _share(kept: KeptCounts) -> str:
    return "-" if kept.attainment is None else f"{kept.attainment:.1%}"


def _flip(flip: Flip) -> Mapping[str, object]:
    return {
        "ticket": flip.ticket,
        "centre": flip.centre,
        "channel": flip.channel,
        "opened": flip.opened_at,
        "before": flip.before.verdict,
        "after": flip.after.verdict,
        "why": flip.why,
    }


def _moves(one: Moves) -> Mapping[str, object]:
    return {
        "centre": one.centre,
        "channel": one.channel,
        "promises": "running" if one.is_running else "over",
        "earlier": one.earlier,
        "later": one.later,
        "median": by(one.median_seconds),
        "furthest": by(one.furthest_seconds),
    }


def by(seconds: int) -> str:
    """How far a deadline moves, and which way."""
    return f"{spoken(timedelta(seconds=seconds))} {'later' if seconds > 0 else 'earlier'}"


def _moved(one: MovedDeadline) -> Mapping[str, object]:
    return {
        "ticket": one.ticket,
        "centre": one.centre,
        "channel": one.channel,
        "before": one.before,
        "after": one.after,
        "moves by": by(one.seconds),
    }


def _mails(known: Summary) -> RenderableType:
    rows = ({**one.model_dump(), "mail": one.template, "to": one.role} for one in known.mails)
    return table(rows, MAIL_COLUMNS, title="mails about tickets that the draft concerns")


def _prices(known: Summary) -> RenderableType:
    rows = ({**one.model_dump(), "said by": one.said} for one in known.prices)
    return table(rows, PRICE_COLUMNS, title="prices")
