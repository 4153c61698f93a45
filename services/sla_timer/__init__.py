"""sla_timer promises a first response and says whether the promise was met.

Owns the streams of promises and of cycles (`olcare.sla.v1`); reads tickets, and calendars and targets from the plan;
writes only its own.
"""
