"""Codes of causes and reasons in words; a code that is not here is newer than this program, and is shown as it is."""

from collections.abc import Mapping

from libs.messages.base import OpenCode
from libs.messages.certificates import RetargetCause
from libs.messages.sla import CancellationCause, NoPromise, NotAResponse, NotChanged, RestatementCause
from libs.messages.tickets import CentreReason
from services.ops.speech.languages import N_
from services.ops.speech.speech import IN_ENGLISH, Speech

_WORDS: Mapping[type[OpenCode], Mapping[OpenCode, str]] = {
    RetargetCause: {
        RetargetCause.CALL: N_("the customer rang: the target by telephone runs from the call, and ends earlier"),
        RetargetCause.CLOSURE: N_("another calendar, with fewer hours until the deadline"),
        RetargetCause.OPENING: N_("another calendar, with more hours until the deadline"),
        RetargetCause.CALENDAR: N_("another calendar, by which the deadline stays"),
        RetargetCause.SHORTER_TARGET: N_("a shorter target was published"),
        RetargetCause.MERGE: N_("another ticket was absorbed, whose promise ends earlier and goes on"),
        RetargetCause.MERGE_UNDONE: N_("a merge was undone: the ticket's own promise goes on"),
        RetargetCause.TZ_VERSION: N_("another version of the time zone database"),
    },
    RestatementCause: {
        RestatementCause.LATE_ANSWER: N_("an answer that was told too late"),
        RestatementCause.LATE_CANCELLATION: N_("a withdrawal or a merge that was told too late"),
        RestatementCause.CALL: N_("a call by which the deadline would have been earlier"),
        RestatementCause.CLOSURE: N_("a calendar by which the deadline would have been later"),
        RestatementCause.OPENING: N_("a calendar by which the deadline would have been earlier"),
        RestatementCause.CALENDAR: N_("a calendar by which the deadline would have been the same"),
        RestatementCause.MERGE: N_("what happened to merged tickets, told in another order"),
    },
    NoPromise: {
        NoPromise.NO_CALENDAR: N_("no calendar of the centre was published"),
        NoPromise.NO_TARGETS: N_("no targets were published"),
        NoPromise.NO_TARGET_FOR_CHANNEL: N_("no target was published for the channel"),
        NoPromise.CALENDAR_ENDS: N_("the calendar of the centre is not published as far as the deadline"),
        NoPromise.NO_OPENING_IN_A_YEAR: N_("the centre does not open enough within a year"),
        NoPromise.ALREADY_PROMISED: N_("a first response is promised once for a ticket"),
    },
    NotAResponse: {
        NotAResponse.AUTOMATIC: N_("an automatic receipt is no first response"),
        NotAResponse.CALL_WITHOUT_HELP: N_("the call that opened the ticket counts only if help was given in it"),
        NotAResponse.NO_PROMISE: N_("there was no promise"),
        NotAResponse.BEFORE_OPENING: N_("it was given before the ticket was opened"),
    },
    NotChanged: {
        NotChanged.NO_PROMISE: N_("there was no promise"),
        NotChanged.NOT_EARLIER: N_("it would make the deadline no earlier, and our own acts make none later"),
        NotChanged.OVER: N_("the deadline had passed, or the promise had its end"),
        NotChanged.NOT_CANCELLED: N_("the promise was not cancelled by it"),
        NotChanged.NO_CALENDAR: N_("no calendar of the centre was published"),
        NotChanged.CALENDAR_ENDS: N_("the calendar of the centre is not published as far as the deadline"),
        NotChanged.NO_OPENING_IN_A_YEAR: N_("the centre does not open enough within a year"),
        NotChanged.NOT_PROMISED: N_("nothing could be promised to it"),
        NotChanged.ABSORBED: N_("it was absorbed itself, and hands it on"),
        NotChanged.UNDONE: N_("the merge was undone"),
        NotChanged.NOT_RECKONED: N_("it is still to be reckoned"),
    },
    CancellationCause: {
        CancellationCause.WITHDRAWN: N_("the customer withdrew the ticket"),
        CancellationCause.MERGED: N_("the ticket was absorbed in another"),
    },
    CentreReason: {
        CentreReason.HOME_CENTRE: N_("the customer's home centre"),
        CentreReason.NUMBER_DIALLED: N_("the centre whose number was dialled"),
    },
}


def in_words(code: OpenCode, speech: Speech = IN_ENGLISH) -> str:
    """A code in words."""
    known = _WORDS[type(code)].get(code)
    return speech.say(known) if known else str(code)
