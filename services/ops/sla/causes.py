"""Codes of causes and reasons in words; a code that is not here is newer than this program, and is shown as it is."""

from collections.abc import Mapping

from libs.messages.base import OpenCode
from libs.messages.certificates import RetargetCause
from libs.messages.sla import CancellationCause, NoPromise, NotAResponse, NotChanged, RestatementCause
from libs.messages.tickets import CentreReason

_WORDS: Mapping[type[OpenCode], Mapping[OpenCode, str]] = {
    RetargetCause: {
        RetargetCause.CALL: "the customer rang: the target by telephone runs from the call, and ends earlier",
        RetargetCause.CLOSURE: "another calendar, with fewer hours until the deadline",
        RetargetCause.OPENING: "another calendar, with more hours until the deadline",
        RetargetCause.CALENDAR: "another calendar, by which the deadline stays",
        RetargetCause.SHORTER_TARGET: "a shorter target was published",
        RetargetCause.MERGE: "another ticket was absorbed, whose promise ends earlier and goes on",
        RetargetCause.MERGE_UNDONE: "a merge was undone: the ticket's own promise goes on",
        RetargetCause.TZ_VERSION: "another version of the time zone database",
    },
    RestatementCause: {
        RestatementCause.LATE_ANSWER: "an answer that was told too late",
        RestatementCause.LATE_CANCELLATION: "a withdrawal or a merge that was told too late",
        RestatementCause.CALL: "a call by which the deadline would have been earlier",
        RestatementCause.CLOSURE: "a calendar by which the deadline would have been later",
        RestatementCause.OPENING: "a calendar by which the deadline would have been earlier",
        RestatementCause.CALENDAR: "a calendar by which the deadline would have been the same",
        RestatementCause.MERGE: "what happened to merged tickets, told in another order",
    },
    NoPromise: {
        NoPromise.NO_CALENDAR: "no calendar of the centre was published",
        NoPromise.NO_TARGETS: "no targets were published",
        NoPromise.NO_TARGET_FOR_CHANNEL: "no target was published for the channel",
        NoPromise.CALENDAR_ENDS: "the calendar of the centre is not published as far as the deadline",
        NoPromise.NO_OPENING_IN_A_YEAR: "the centre does not open enough within a year",
        NoPromise.ALREADY_PROMISED: "a first response is promised once for a ticket",
    },
    NotAResponse: {
        NotAResponse.AUTOMATIC: "an automatic receipt is no first response",
        NotAResponse.CALL_WITHOUT_HELP: "the call that opened the ticket counts only if help was given in it",
        NotAResponse.NO_PROMISE: "there was no promise",
        NotAResponse.BEFORE_OPENING: "it was given before the ticket was opened",
    },
    NotChanged: {
        NotChanged.NO_PROMISE: "there was no promise",
        NotChanged.NOT_EARLIER: "it would make the deadline no earlier, and our own acts make none later",
        NotChanged.OVER: "the deadline had passed, or the promise had its end",
        NotChanged.NOT_CANCELLED: "the promise was not cancelled by it",
        NotChanged.NO_CALENDAR: "no calendar of the centre was published",
        NotChanged.CALENDAR_ENDS: "the calendar of the centre is not published as far as the deadline",
        NotChanged.NO_OPENING_IN_A_YEAR: "the centre does not open enough within a year",
        NotChanged.NOT_PROMISED: "nothing could be promised to it",
        NotChanged.ABSORBED: "it was absorbed itself, and hands it on",
        NotChanged.UNDONE: "the merge was undone",
        NotChanged.NOT_RECKONED: "it is still to be reckoned",
    },
    CancellationCause: {
        CancellationCause.WITHDRAWN: "the customer withdrew the ticket",
        CancellationCause.MERGED: "the ticket was absorbed in another",
    },
    CentreReason: {
        CentreReason.HOME_CENTRE: "the customer's home centre",
        CentreReason.NUMBER_DIALLED: "the centre whose number was dialled",
    },
}


def in_words(code: OpenCode) -> str:
    """A code in words."""
    return _WORDS[type(code)].get(code, str(code))
