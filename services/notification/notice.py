"""What a notice is between two events: how far it got, and who has it in hand."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from libs.messages.notices import NoticeClass


class Claim(NamedTuple):
    """Whose attempt it is: the life of a process, and the number of the attempt."""

    process: str
    attempt: int


@dataclass(frozen=True)
class Notice:
    """What every state knows; `failures` and `trying_since` begin anew with a person's order."""

    notice_class: NoticeClass
    attempts: int = 0
    failures: int = 0
    trying_since: datetime | None = None
    sent_again: bool = False
    """Whether an ambiguous delivery was made once more without anybody's order."""


@dataclass(frozen=True)
class Unknown:
    """Nobody asked for it."""

    state: Literal["unknown"] = "unknown"


@dataclass(frozen=True)
class Requested:
    """To be sent: asked for, or ordered again."""

    notice: Notice
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
    """Maybe accepted."""

    notice: Notice
    claim: Claim
    will_resend: bool
    state: Literal["ambiguous"] = "ambiguous"


@dataclass(frozen=True)
class Done:
    """Nothing more to be done unless somebody orders it."""

    notice: Notice
    state: Literal["sent", "failed", "cancelled", "settled"]


State = Unknown | Requested | HandingOver | Deferred | Ambiguous | Done


def known(state: State) -> Notice:
    """The notice; ValueError where nobody asked for it, as nothing else can happen to such a one."""
    if isinstance(state, Unknown):
        raise ValueError("nothing can happen to a notice that nobody asked for")  # noqa: TRY004 - it is no type
    return state.notice
