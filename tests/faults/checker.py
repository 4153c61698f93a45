"""The independent checker: reads what was written and says what does not balance.

It imports nothing of the project but the files beside it, and reckons everything anew: what counts, who was answered,
which promise ended how, and which mail belongs to which notice.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from tests.faults.checked.books import Books
from tests.faults.checked.cycles import check_cycles
from tests.faults.checked.doors import check_doors
from tests.faults.checked.log import LOGS, ledger
from tests.faults.checked.merges import check_merges
from tests.faults.checked.notices import check_notices
from tests.faults.checked.promises import check_promises
from tests.faults.checked.tables import check_tables
from tests.faults.checked.terms import check_terms


def findings(books: Books) -> list[str]:
    """Say in one sentence each what is wrong with the books; nothing where they balance."""
    logs = {name: ledger(books.topic(name)) for name in LOGS}
    checks = (check_doors, check_promises, check_cycles, check_merges, check_terms, check_notices, check_tables)
    return [*chain.from_iterable(log.findings for log in logs.values()), *chain(*(c(books, logs) for c in checks))]


def counted(books: Books) -> dict[str, int]:
    """Say how much there is of everything: what counts and what is void by topic, and the mails."""
    return dict(_counted(books))


def _counted(books: Books) -> Iterator[tuple[str, int]]:
    for name in LOGS:
        log = ledger(books.topic(name))
        yield name, len(log.counting)
        yield f"{name} void", len(log.voids)
    yield "mails", len(books.mails)


def grown(before: Books, after: Books) -> Iterable[str]:
    """Say what came to count, or was sent, between two looks at the books."""
    return more(counted(before), counted(after))


def more(then: Mapping[str, int], now: Mapping[str, int]) -> Iterable[str]:
    """Say what came to count, or was sent, between two counts."""
    return [
        f"{name}: {then[name]} became {now[name]}" for name in now if "void" not in name and then[name] != now[name]
    ]
