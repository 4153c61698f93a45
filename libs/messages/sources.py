"""Which names of sources are ours at the doors, and what we alone say there.

A name proves nothing by itself: who may write to a door is the broker's to say (SECURITY.md).
"""

from collections.abc import Mapping
from types import MappingProxyType

from libs.messages.upstream import (
    PersonErasureOrdered,
    PlanPartSubmitted,
    ResendOrdered,
    SettlementOrdered,
    Upstream,
)

PLAN_SOURCE, OPS_SOURCE = "plan", "ops"
"""Who `olcare plan publish` and all other commands of `olcare` are."""
OURS = "olcare/"
"""What the sources of events begin with: no message at a door has such a source."""

SAID_BY: Mapping[str, frozenset[type[Upstream]]] = MappingProxyType(
    {
        PLAN_SOURCE: frozenset({PlanPartSubmitted}),
        OPS_SOURCE: frozenset({PersonErasureOrdered, ResendOrdered, SettlementOrdered}),
    }
)
SAID_BY_US_ALONE = SAID_BY[PLAN_SOURCE] | {ResendOrdered, SettlementOrdered}


def objection(source: str, kind: type[Upstream]) -> str | None:
    """Why a source may not say a message of a kind, and what to do; None where it may."""
    if source.startswith(OURS) or (source in SAID_BY and kind not in SAID_BY[source]):
        return f"the source {source} is a name of ours: give your system another one"
    if kind in SAID_BY_US_ALONE and source not in SAID_BY:
        return f"{kind.__name__} is said by `olcare` alone, not by {source}"
    return None
