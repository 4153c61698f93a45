"""A planted bug, as a value."""

from typing import NamedTuple


class Bug(NamedTuple):
    """One plausible fault of the program, and the test that must fail for it."""

    name: str
    file: str
    before: str
    """What stands in the file, exactly once."""
    after: str
    why: str
    """What would come of it."""
    test: str
    """A test file, or one test in it: `path::test_name`, `path::Class::test_name`."""
    stack: bool = False
    """Whether the test needs Kafka or PostgreSQL."""
