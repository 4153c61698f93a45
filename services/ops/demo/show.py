"""What the demo tells at its end, as tables for people."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from rich import box
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.ops.demo.books import BookEntry
from services.ops.demo.report import ContractShare, Mailed, Proven, Report, Share, Unheard

BAR = 5  # characters
COLUMNS = ("tickets", "refused", "promised", "met", "breached", "waiting", "at_risk")
GOOD, FAIR = 0.9, 0.8  # of attainment, for its colour alone
WORDS = {
    "TicketRefused": "ticket refused",
    "ResponseRefused": "answer refused",
    "MessageRefused": "message refused",
    "ResponseNotApplied": "no first response",
    "CustomerRefused": "customer refused",
    "ContractRefused": "contract refused",
    "SignatureRefused": "signature refused",
    "RenewalReminderSkipped": "reminder skipped",
}


def shown(report: Report, leftovers: Path) -> RenderableType:
    """Lay everything out; `leftovers` is where mails and logs stay until the next run."""
    return Group(
        _head(report),
        _shares("Centre", report.centres),
        _shares("Channel", report.channels),
        _contracts(report.contracts),
        Columns([_mails(report.mails), _not_taken(report.not_taken)], padding=(0, 4)),
        _proof(report.proof),
        _books(report.books),
        *_differences(report),
        _verdict(report),
        _further(leftovers),
    )


def _head(report: Report) -> Panel:
    text = Text.assemble(
        ("A week of OL Care support", "bold"),
        f", {report.begins:%A %d %B} to {report.ends:%A %d %B %Y} (plan time, UTC)\n",
        f"{report.messages} messages at the doors, {report.events} events that count and {report.void} void ones ",
        f"in the log, played in {report.seconds:.0f} s",
    )
    return Panel(text, box=box.ROUNDED, expand=False)


def _shares(name: str, shares: Sequence[Share]) -> Table:
    """Lay out a row for each; when the story is over no promise waits, so that column is seldom there."""
    total = _total(shares)
    columns = [column for column in COLUMNS if column != "waiting" or total.waiting]
    made = _table(f"First responses by {name.lower()}", show_footer=True)
    made.add_column(name, "all", no_wrap=True)
    for column in columns:
        made.add_column(column.replace("_", " "), str(getattr(total, column)), justify="right")
    made.add_column("attainment", _attainment(total), no_wrap=True)
    for share in shares:
        numbers = (str(getattr(share, column) or "·") for column in columns)
        made.add_row(_title(share.name) if share.name else "Unknown", *numbers, _attainment(share))
    return made


def _total(shares: Sequence[Share]) -> Share:
    return Share("all", *(sum(numbers) for numbers in zip(*(share[1:] for share in shares), strict=True)))


def _attainment(share: Share) -> Text:
    if share.attainment is None:
        return Text()
    style = "green" if share.attainment >= GOOD else "yellow" if share.attainment >= FAIR else "red"
    full = round(share.attainment * BAR)
    return Text.assemble(("█" * full, style), ("░" * (BAR - full), "dim"), f" {share.attainment:4.0%}")


def _contracts(shares: Sequence[ContractShare]) -> Table:
    made = _table("Contracts by centre, with the sums of the prices told")
    for title in ("centre", "what", "how many", "prices"):
        made.add_column(title, justify="right" if title in {"how many", "prices"} else "left")
    before = ""
    for share in shares:
        centre = _title(share.centre) if share.centre != before else ""
        money = ", ".join(f"{Decimal(amount):,} {currency}" for currency, amount in share.money.items())
        made.add_row(centre, share.what, str(share.number), money or "·")
        before = share.centre
    return made


def _mails(mails: Sequence[Mailed]) -> Table:
    made = _table("Mails")
    for title in ("notice", "sent", "not sent", "why not"):
        made.add_column(title, justify="right" if title in {"sent", "not sent"} else "left")
    for mail in mails:
        made.add_row(mail.notice_class, str(mail.sent), str(mail.failed or "·"), _plain(mail.why))
    return made


def _not_taken(rows: Sequence[Unheard]) -> Table:
    made = _table("Not taken, and why")
    made.add_column("what")
    made.add_column("why")
    made.add_column("how many", justify="right")
    before = ""
    for row in rows:
        made.add_row(WORDS.get(row.what, row.what) if row.what != before else "", _plain(row.why), str(row.number))
        before = row.what
    return made


def _proof(rows: Sequence[Proven]) -> Table:
    made = _table("Proof against the log")
    for title in ("projections", "tables", "rows", "equal"):
        made.add_column(title, justify="right" if title in {"tables", "rows"} else "left")
    for row in rows:
        made.add_row(row.reader, str(row.tables), str(row.rows), _sign(good=row.equal))
    return made


def _books(entries: Sequence[BookEntry]) -> Table:
    made = _table("The books")
    made.add_column("entry")
    made.add_column("left", justify="right")
    made.add_column("right", justify="right")
    made.add_column("")
    for entry in entries:
        made.add_row(entry.says, str(entry.left), str(entry.right), _sign(good=entry.balanced))
    return made


def _differences(report: Report) -> Iterator[Table]:
    if not report.differences:
        return
    made = _table("Figures that are not as reckoned")
    for title in ("figure", "of", "reckoned", "found"):
        made.add_column(title)
    for row in report.differences:
        made.add_row(row.figure, row.key, str(row.reckoned), str(row.found))
    yield made


def _verdict(report: Report) -> Text:
    if report.balanced:
        return Text("The books balance.\n", style="bold green")
    return Text("The books do not balance.\n", style="bold red")


def _further(leftovers: Path) -> Text:
    here = Path.cwd()
    place = leftovers.relative_to(here) if leftovers.is_relative_to(here) else leftovers
    return Text.assemble(
        ("Where to look further\n", "bold"),
        f"  {place}/mail.jsonl\n",
        "    has the mails as they arrived, with the services' logs beside it, until the next run\n",
        "  olcare up --clock 2026-11-23T08:00:00Z\n",
        "    starts everything for play: olcare trigger TicketSubmitted,\n",
        "    olcare clock advance --by 4h, olcare ticket show, olcare dlq list\n",
        "  docs/architecture.md\n",
        "    follows one message through the files",
    )


def _table(title: str, *, show_footer: bool = False) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_footer=show_footer,
    )


def _sign(*, good: bool) -> Text:
    return Text("✓", style="green") if good else Text("✗", style="bold red")


def _title(name: str) -> str:
    return name.replace("-", " ").title()


def _plain(code: str) -> str:
    return code.replace("-", " ")
