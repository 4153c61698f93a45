"""All planted bugs."""

from collections.abc import Sequence

from tests.planted import log, promises
from tests.planted.bug import Bug

BUGS: Sequence[Bug] = (
    *log.BUGS,
    *promises.BUGS,
)
