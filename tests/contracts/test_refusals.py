"""The runbook has every reason for which anything is refused."""

from enum import StrEnum

import pytest

from libs.messages.actions import ActionRefusal
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
