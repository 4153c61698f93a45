"""The runbook has every reason for which anything is refused, and quotes the plan word for word."""

import re
from collections.abc import Iterator
from enum import StrEnum

import pytest

from libs.messages.actions import ActionRefusal
from libs.messages.clauses import Clause
from libs.messages.contracts import ContractRefusal, CustomerRefusal, ErasureRefusal, SignatureRefusal
from libs.messages.licences import LicenceRefusal
from libs.messages.notices import OrderRefusal
from libs.messages.plan import PlanRefusal
from libs.messages.receipts import Unreadability
from libs.messages.refusals import MessageRefusal, ResponseRefusal, TicketRefusal
from libs.messages.sla import NoPromise
from libs.stack.run import PROJECT

REASONS = (
    *(TicketRefusal, ResponseRefusal, MessageRefusal, CustomerRefusal, ContractRefusal, ErasureRefusal),
    *(LicenceRefusal, SignatureRefusal, PlanRefusal, OrderRefusal, ActionRefusal, NoPromise, Unreadability),
)


@pytest.mark.parametrize("reasons", REASONS, ids=lambda reasons: str(reasons.__name__))
def test_every_reason_has_what_to_do(reasons: type[StrEnum]) -> None:
    page = (PROJECT / "docs/runbook/refusals.md").read_text()
    assert [str(reason) for reason in reasons if f"`{reason}`" not in page] == []


CLAUSES = [" ".join(str(clause).split()) for clause in Clause]


def quoted() -> Iterator[str]:
    """What stands in the columns of clauses; an ellipsis stands for what is left out."""
    at: int | None = None
    for line in (PROJECT / "docs/runbook/refusals.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            at = None
        elif "clause" in cells:
            at = cells.index("clause")
        elif at is not None and cells[at].strip("-"):
            yield cells[at]


def test_a_clause_is_quoted_as_the_plan_prints_it() -> None:
    found = [(words, re.split(r"\s*…\s*", words)) for words in quoted()]
    assert len(found) > 15
    assert [
        words for words, parts in found if not any(all(part in clause for part in parts) for clause in CLAUSES)
    ] == []
