"""What the demo tells at its end, as data."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, NamedTuple

from libs.messages.tickets import Channel
from libs.plan import Plan
from services.ops.demo.books import BookEntry
from services.ops.demo.figures import AskedFor, ContractFigure, ContractNews, Figures, Promised, WrongFigure
from services.ops.watch.projections import Proof


class Share(NamedTuple):
    """Tickets of a centre or a channel, and what became of their promises; `at_risk` were warned of."""

    name: str | None
    tickets: int
    refused: int
    promised: int
    met: int
    breached: int
    waiting: int
    at_risk: int

    @property
    def attainment(self) -> float | None:
        """The share of the judged promises that were met, from 0 to 1; None where none is judged."""
        judged = self.met + self.breached
        return self.met / judged if judged else None

    def data(self) -> dict[str, Any]:
        """The share as data for other programs."""
        return {**self._asdict(), "attainment": self.attainment}


class ContractShare(NamedTuple):
    """What became of contracts at a centre, how often, and the prices told, summed by currency."""

    centre: str
    what: str
    number: int
    money: Mapping[str, str]


class Mailed(NamedTuple):
    """Notices of a class: sent, and not sent with the reason."""

    notice_class: str
    sent: int
    failed: int
    why: str


class Unheard(NamedTuple):
    """What was not taken, and why."""

    what: str
    why: str
    number: int


class Proven(NamedTuple):
    """The tables of a reader: rows in all of them, and whether each equals a fresh fold of the log."""

    reader: str
    tables: int
    rows: int
    equal: bool


@dataclass(frozen=True)
class Report:
    """The story in figures, the proof, and whether the books balance; `seconds` of the machine."""

    begins: datetime
    ends: datetime
    seconds: float
    messages: int
    events: int
    void: int
    centres: Sequence[Share]
    channels: Sequence[Share]
    contracts: Sequence[ContractShare]
    mails: Sequence[Mailed]
    not_taken: Sequence[Unheard]
    proof: Sequence[Proven]
    books: Sequence[BookEntry]
    differences: Sequence[WrongFigure]

    @property
    def balanced(self) -> bool:
        """Whether every pair of numbers is equal."""
        return all(entry.balanced for entry in self.books)

    def data(self) -> dict[str, Any]:
        """Everything as data for other programs."""
        lists = ("contracts", "mails", "not_taken", "proof", "differences")
        rows: dict[str, Any] = {name: [row._asdict() for row in getattr(self, name)] for name in lists}
        for name in ("centres", "channels"):
            rows[name] = [share.data() for share in getattr(self, name)]
        rows["books"] = [{**entry._asdict(), "balanced": entry.balanced} for entry in self.books]
        return {**vars(self), **rows, "balanced": self.balanced}


def by_centre(plan: Plan, found: Figures) -> list[Share]:
    """A share for each centre, and one for tickets of unknown customers."""
    names = [centre.centre for centre in plan.centres]
    shares = [_share(name, _tickets(found, name, None), _promises(found, name, None)) for name in names]
    unknown = Counter({key: n for key, n in found.tickets.items() if key.centre is None and key.state == "refused"})
    return [*shares, _share(None, unknown, Counter())] if unknown else shares


def by_channel(found: Figures) -> list[Share]:
    """A share for each channel."""
    return [_share(name, _tickets(found, None, name), _promises(found, None, name)) for name in Channel]


def of_contracts(plan: Plan, found: Figures) -> list[ContractShare]:
    """What became of contracts, by centre."""
    names = [centre.centre for centre in plan.centres]
    every = [(name, what, _contracts(found, name, what)) for name in names for what in ContractNews]
    return [ContractShare(name, what, keys.total(), _money(keys)) for name, what, keys in every if keys]


def _contracts(found: Figures, centre: str, what: ContractNews) -> Counter[ContractFigure]:
    return Counter({key: n for key, n in found.contracts.items() if (key.centre, key.what) == (centre, what)})


def _money(figures: Counter[ContractFigure]) -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    for key, number in figures.items():
        if key.amount and key.currency:
            sums[key.currency] = sums.get(key.currency, Decimal(0)) + number * Decimal(key.amount)
    return {currency: str(amount) for currency, amount in sorted(sums.items())}


def mailed(found: Figures) -> list[Mailed]:
    """The notices by class."""
    classes = sorted({key.notice_class for key in found.notices})
    return [
        _mailed(name, [(k.state, k.problem, n) for k, n in found.notices.items() if k.notice_class == name])
        for name in classes
    ]


def unheard(found: Figures) -> list[Unheard]:
    """What was refused, and what could not be read."""
    refused = [Unheard(_short(key.event), key.reason, n) for key, n in found.not_taken.items()]
    return [*sorted(refused), *sorted(Unheard("unreadable", reason, n) for reason, n in found.dead_letters.items())]


def proven(proofs: Sequence[Proof]) -> list[Proven]:
    """The proof by reader."""
    found = []
    for reader, of_reader in groupby(proofs, key=lambda proof: proof.reader):
        tables = list(of_reader)
        equal = all(proof.equal for proof in tables)
        found.append(Proven(reader, len(tables), sum(proof.rows for proof in tables), equal))
    return found


def _mailed(name: str, notices: Sequence[tuple[str, str | None, int]]) -> Mailed:
    sent = sum(n for state, _, n in notices if state == "sent")
    rest = [(problem or state, n) for state, problem, n in notices if state != "sent"]
    return Mailed(name, sent, sum(n for _, n in rest), ", ".join(f"{n} {why}" for why, n in sorted(rest)))


def _share(name: str | None, tickets: Counter[AskedFor], promises: Counter[Promised]) -> Share:
    states = Counter[str]()
    for key, number in promises.items():
        states[key.state] += number
    return Share(
        name=name,
        tickets=tickets.total(),
        refused=sum(n for key, n in tickets.items() if key.state == "refused"),
        promised=promises.total(),
        met=states["met"],
        breached=states["breached"],
        waiting=states["waiting"],
        at_risk=sum(n for key, n in promises.items() if key.warned),
    )


def _tickets(found: Figures, centre: str | None, channel: str | None) -> Counter[AskedFor]:
    return Counter({k: n for k, n in found.tickets.items() if _at(k, centre, channel)})


def _promises(found: Figures, centre: str | None, channel: str | None) -> Counter[Promised]:
    return Counter({k: n for k, n in found.promises.items() if _at(k, centre, channel)})


def _at(key: AskedFor | Promised, centre: str | None, channel: str | None) -> bool:
    return centre in {None, key.centre} and channel in {None, key.channel}


def _short(kind: str) -> str:
    return kind.removeprefix("olcare.").partition(".")[0]
