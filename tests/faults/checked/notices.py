"""Notices: one for every event and role, and every mail accounted for by attempts that are on record."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.faults.checked.books import Books
from tests.faults.checked.log import CONTRACTS, NOTICES, PROMISES, TICKETS, Event, Ledger

_TOLD = {
    "TicketRefused": ("requester",),
    "FirstResponseClockStarted": ("requester",),
    "FirstResponseAtRisk": ("centre",),
    "FirstResponseBreached": ("centre",),
    "FirstResponseRetargeted": ("requester", "centre"),
    "FirstResponseRestated": ("centre",),
    "FirstResponseNotPromised": ("centre",),
    "FirstResponseNotRetargeted": ("centre",),
    "CoverRestated": ("requester", "centre"),
    "ContractActivated": ("customer",),
    "RenewalOffered": ("customer",),
    "RenewalReminded": ("customer",),
    "ContractRenewed": ("customer",),
    "ContractLapsed": ("customer",),
    "TicketOpened": ("centre",),
}
"""Event → the roles in which people are told."""
_BY_REASON: Mapping[str, tuple[str, ...]] = {"already-promised": (), "no-calendar": ("operations",)}
"""Why nothing is promised → the roles in which people are told, where they are not those of the event."""
SENT_AGAIN = {"breach", "warning", "no-promise", "restatement", "address-in-doubt"}
_SENT, _DOUBT, _NOT_SENT = "NoticeSent", "NoticeAmbiguous", ("NoticeDeferred", "NoticeFailed")
_SETTLED_BY_HAND = ("NoticeSettled", "NoticeResendOrdered")


def check_notices(books: Books, logs: Mapping[str, Ledger]) -> Iterator[str]:
    """Find what does not balance between events, notices and mails."""
    wanted = {
        f"notice/{event.id}/{role}"
        for topic in (TICKETS, PROMISES, CONTRACTS)
        for event in logs[topic].named(*_TOLD)
        for role in _told(event)
    }
    notices = {s: e for s, e in logs[NOTICES].streams.items() if any(event.name == "NoticeRequested" for event in e)}
    yield from (f"{stream} was never requested" for stream in wanted - notices.keys())
    yield from (f"{stream} was requested, but nothing calls for it" for stream in notices.keys() - wanted)
    mails = Counter(books.mails)
    for stream, events in notices.items():
        yield from (f"{stream}: {problem}" for problem in _notice(stream, events, mails))
    known = Counter(events[0].data["message_id"] for events in notices.values())
    yield from (f"{n} notices are called {identity}" for identity, n in known.items() if n > 1)
    yield from (f"a mail was sent that no notice knows: {identity}" for identity in mails if identity not in known)


def _told(event: Event) -> tuple[str, ...]:
    """Give the roles in which people are told of an event."""
    data = event.data
    if event.name == "TicketOpened":
        return ("centre",) if any(doubt["field"] == "requester.email" for doubt in data.get("doubts", ())) else ()
    if event.name == "ContractActivated" and data.get("term_kind") is None:
        return ()
    if event.name == "FirstResponseRetargeted" and data["certificate"]["due_at"] == data["was_due_at"]:
        return ()
    told = _TOLD[event.name]
    if event.name == "FirstResponseRestated" and not _is_corrected(data):
        return ()
    if event.name == "FirstResponseNotPromised":
        told = _BY_REASON.get(data["reason"], told)
        return (*told, "requester") if told and data.get("private") else told
    return (*told, "working-centre") if data.get("transferred_to") else told


def _is_corrected(data: Mapping[str, Any]) -> bool:
    """Whether a breach is none after all, or one after all."""
    stated, restated = data.get("stated"), data.get("restated")
    return (
        data.get("promised") == "breached" and stated is not None and (stated == "breached") != (restated == "breached")
    )


def _notice(stream: str, events: Sequence[Event], mails: Counter[str]) -> Iterator[str]:
    request = events[0]
    names = Counter(event.name for event in events)
    if request.name != "NoticeRequested" or names["NoticeRequested"] > 1:
        yield f"it is not requested first and once: {[event.name for event in events]}"
        return
    if stream != f"notice/{request.data['about_event']}/{request.data['role']}":
        yield f"it is about {request.data['about_event']} for {request.data['role']}"
    attempts = _attempts(events)
    yield from _mails(attempts, mails[request.data["message_id"]])
    yield from _allowed(attempts, events, request.data["notice_class"])
    yield from _cancelled(events)


def _attempts(events: Sequence[Event]) -> dict[int, str]:
    """Say of each attempt what became of it; a result that came after a doubt settles it."""
    found: dict[int, str] = {}
    for event in events:
        if event.name == "NoticeHandingOver":
            found[event.data["attempt"]] = "open"
        elif event.name in {_SENT, _DOUBT, *_NOT_SENT}:
            found[event.data["attempt"]] = event.name
    return found


def _mails(attempts: Mapping[int, str], mails: int) -> Iterator[str]:
    """What was sent has its mail, what was not has none, what is in doubt has one or none."""
    sent, doubt = (sum(1 for became in attempts.values() if became == name) for name in (_SENT, _DOUBT))
    if not sent <= mails <= sent + doubt:
        yield f"{mails} mails, but {sent} attempts were sent and {doubt} are in doubt"
    yield from (f"attempt {number} has no result" for number, became in attempts.items() if became == "open")


def _cancelled(events: Sequence[Event]) -> Iterator[str]:
    """What is cancelled is not handed over any more; only the result of an attempt in doubt may still come."""
    names = [event.name for event in events]
    if "NoticeCancelled" in names and {"NoticeHandingOver", *_NOT_SENT} & set(names[names.index("NoticeCancelled") :]):
        yield f"it was handed over after it was cancelled: {names}"


def _allowed(attempts: Mapping[int, str], events: Sequence[Event], kind: str) -> Iterator[str]:
    """Without a person's order there is one delivery, and a second where the first is in doubt and of such a class."""
    doubts = [event for event in events if event.name == _DOUBT]
    if any(event.name in _SETTLED_BY_HAND for event in events):
        return
    delivered = sum(1 for became in attempts.values() if became not in _NOT_SENT)
    most = 2 if kind in SENT_AGAIN and doubts else 1
    if delivered > most:
        yield f"{delivered} deliveries of a {kind}, {len(doubts)} times in doubt"
    if kind not in SENT_AGAIN and any(event.data["will_resend"] for event in doubts):
        yield f"a {kind} is to be sent again"
