"""The advisory locks of a service's database, each with its number."""

from enum import IntEnum


class Lock(IntEnum):
    """Work that only one process may do at a time."""

    REGISTRY = 4711
    """Make the registry of generations."""
    MISSING_TABLES = 4712
    """Build missing tables, keyed by the reader's name; the other instances wait for it."""
    GENERATION = 4713
    """Build a generation, keyed by its schema's name; released if the builder dies."""
    BUILDER = 4715
    """Choose the number of a reader's next generation and build it, keyed by the reader's name."""
    INSTANCE = 4716
    """Run under an instance's name; released when the process ends."""
    STATE_TOPIC = 4714
    """Make the tables of a state topic."""
