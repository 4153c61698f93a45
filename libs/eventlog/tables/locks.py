"""The advisory locks of a service's database, each with its number."""

from enum import IntEnum


class Lock(IntEnum):
    """What is done by one process alone."""

    REGISTRY = 4711
    """Make the registry of generations."""
    MISSING_TABLES = 4712
    """Build tables that are missing, with the reader's name; the other instances wait for it."""
    GENERATION = 4713
    """Build a generation, with the name of its schema; held by its builder as long as that lives."""
    STATE_TOPIC = 4714
    """Make the tables of a state topic."""
