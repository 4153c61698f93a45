"""All planted bugs."""

from collections.abc import Sequence

from tests.planted import (
    bounds,
    calendars,
    console,
    contracts,
    cycles,
    log,
    measures,
    notices,
    operations,
    plan,
    promises,
    tables,
    tickets,
    wire,
)
from tests.planted.bug import Bug

BUGS: Sequence[Bug] = (
    *log.BUGS,
    *wire.BUGS,
    *tables.BUGS,
    *calendars.BUGS,
    *plan.BUGS,
    *promises.BUGS,
    *cycles.BUGS,
    *contracts.BUGS,
    *tickets.BUGS,
    *notices.BUGS,
    *operations.BUGS,
    *bounds.BUGS,
    *measures.BUGS,
    *console.BUGS,
)
