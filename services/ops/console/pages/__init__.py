"""Every page of the console, and everything that can be done on one."""

from services.ops.console.pages import (
    audit,
    centres,
    dead_letter,
    dead_letters,
    notices,
    now,
    plan,
    projections,
    promises,
    receipts,
    records,
    tail,
    topics,
    works,
)
from services.ops.console.pages.page import AnyAction, AnyPage

PAGES: tuple[AnyPage, ...] = (
    now.PAGE,
    topics.PAGE,
    tail.SEARCH,
    tail.PAGE,
    promises.PAGE,
    dead_letters.PAGE,
    dead_letters.TRIAL,
    dead_letter.PAGE,
    notices.PAGE,
    notices.ONE,
    projections.PAGE,
    receipts.PAGE,
    records.PAGE,
    centres.PAGE,
    plan.PAGE,
    audit.PAGE,
    works.PAGE,
)
ACTIONS: tuple[AnyAction, ...] = (
    dead_letters.SEND,
    dead_letters.MARKED,
    dead_letter.REVEAL,
    dead_letter.MEND,
    notices.RESEND,
    notices.SETTLE,
    notices.REVEAL,
    projections.REBUILD,
    projections.VERIFY,
    projections.SWITCH,
    works.CANCEL,
)
