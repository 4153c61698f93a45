"""What cover opens for a customer (streams `entitlements/…`), written by contract for whoever keeps those doors."""

from libs.messages.base import Code, ContractId, CustomerId, Event, Instant, OpenCode


class Benefit(OpenCode):
    """« Que comprend OL Care ? »: what is there for a customer as long as a product is under cover."""

    SUPPORT = "support"
    UPDATES = "updates"
    """« Mises à jour et mises à niveau des logiciels »."""
    OL_LEARN = "ol-learn"
    FORUM = "forum"
    """« notre tribune »."""
    RESOURCE_CENTRE = "resource-centre"
    HELP_CENTRE = "help-centre"


class EntitlementsChanged(Event):
    """From an instant on, a customer has all benefits of a product, or none."""

    customer: CustomerId
    product: Code
    benefits: tuple[Benefit, ...]
    """All that hold from then on; none where cover has ended."""
    holds_from: Instant
    """It may lie before the recording: a renewal that was recorded late leaves no gap."""
    contract: ContractId
    """The contract whose term begins or ends then."""
    detected_at: Instant


EntitlementsEvent = EntitlementsChanged
