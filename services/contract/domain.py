"""The deciders of contract's topics: customers, licences, contracts and entitlements; and the parts of the plan."""

from libs.decider import Deciders
from libs.messages.catalogue import PLAN, STREAMS_OF
from services.contract import contract_states, contracts, customers, entitlements, licences, plan_parts

State = customers.State | licences.State | contract_states.State | entitlements.State
Command = customers.Command | licences.Command | contracts.Command | entitlements.Command

DECIDERS: Deciders = {
    "customer": customers.DECIDER,
    "licence": licences.DECIDER,
    "contract": contracts.DECIDER,
    "entitlements": entitlements.DECIDER,
    **dict.fromkeys(STREAMS_OF[PLAN], plan_parts.DECIDER),
}
