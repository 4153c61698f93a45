"""The deciders of contract's two topics: customers and contracts on the one, the parts of the plan on the other."""

from libs.decider import Deciders
from libs.messages.catalogue import PLAN, STREAMS_OF
from services.contract import contracts, customers, plan_parts

State = customers.State | contracts.State
Command = customers.Command | contracts.Command

DECIDERS: Deciders = {
    "customer": customers.DECIDER,
    "contract": contracts.DECIDER,
    **dict.fromkeys(STREAMS_OF[PLAN], plan_parts.DECIDER),
}
