"""The states of a notice: how far it got, and which process has it in hand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from libs.messages.notices import Cancellation, NoticeClass


class Claim(NamedTuple):
    """Which attempt it is: the id of the process, new at each start, and the number of the attempt."""

    process: str
    attempt: int


@dataclass(frozen=True)
class Notice:
    """What every state holds; `failures` and `trying_since` begin anew when a person orders the notice again."""

    notice_class: NoticeClass
    attempts: int = 0
    failures: int = 0
    trying_since: datetime | None = None
    sent_again: bool = False
    """Whether an ambiguous delivery was made once more without anybody's order."""


@dataclass(frozen=True)
class Unknown:
    """Never requested."""

    state: Literal["unknown"] = "unknown"


@dataclass(frozen=True)
class Requested:
    """To be sent: requested, from `not_before` on where that is given, or ordered again."""

    notice: Notice
    not_before: datetime | None = None
    state: Literal["requested"] = "requested"


@dataclass(frozen=True)
class HandingOver:
    """A process has it in hand, since `wall` on its machine's clock."""

    notice: Notice
    claim: Claim
    wall: datetime
    state: Literal["handing-over"] = "handing-over"


@dataclass(frozen=True)
class Deferred:
    """To be tried again."""

    notice: Notice
    retry_at: datetime
    state: Literal["deferred"] = "deferred"


@dataclass(frozen=True)
class Ambiguous:
    """The mail server may have accepted it."""

    notice: Notice
    claim: Claim
    will_resend: bool
    state: Literal["ambiguous"] = "ambiguous"


@dataclass(frozen=True)
class Done:
    """Nothing more to be done unless somebody orders it."""

    notice: Notice
    state: Literal["sent", "failed", "cancelled", "settled"]
    cause: Cancellation | None = None
    """Why it was cancelled."""
    claim: Claim | None = None
    """The attempt of which it was not known whether the mail had gone when it was cancelled."""


State = Unknown | Requested | HandingOver | Deferred | Ambiguous | Done


def known(state: State) -> Notice:
    """The notice of a state; raises ValueError where it was never requested."""
    if isinstance(state, Unknown):
        raise ValueError("nothing can happen to a notice that nobody asked for")  # noqa: TRY004 - it is no type
    return state.notice
