"""Which claims a process has acted on: none is acted on twice, and only so many are remembered."""

from typing import NamedTuple

MOST = 10_000


class ClaimAt(NamedTuple):
    """Where the event of a claim stands in the log."""

    partition: int
    offset: int


class ClaimsActedOn:
    """The newest claims that were acted on; of older ones, how far they reach.

    A claim that stands before a forgotten one of its partition is taken for acted on as well: should nobody have acted
    on it, it is given up after a while, and its notice is in doubt, which is better than sent twice.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._newest: dict[ClaimAt, None] = {}
        self._forgotten: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._newest)

    def __contains__(self, claim: ClaimAt) -> bool:
        return claim in self._newest or claim.offset <= self._forgotten.get(claim.partition, -1)

    def add(self, claim: ClaimAt) -> None:
        """Note that a claim is acted on."""
        self._newest[claim] = None
        if len(self._newest) > self._most:
            oldest = next(iter(self._newest))
            del self._newest[oldest]
            self._forgotten[oldest.partition] = max(oldest.offset, self._forgotten.get(oldest.partition, -1))
