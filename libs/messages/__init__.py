"""The facts: every event, upstream message and envelope as a frozen model, each defined once."""
