"""The deciders of everything that stands on the topic of sla_timer: promises, and cycles that have a target."""

from libs.decider import Deciders
from services.sla_timer.cycles import decider as cycles
from services.sla_timer.promise import decider as promise
from services.sla_timer.promise import state as promise_states

State = promise_states.State | cycles.State
Command = promise.Command | cycles.Command

DECIDERS: Deciders = {"promise": promise.DECIDER, "cycles": cycles.DECIDER}
