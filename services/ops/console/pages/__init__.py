"""Every page of the console, and everything that can be done on one."""

from services.ops.console.pages import centres, now, plan, tail, topics
from services.ops.console.pages.page import AnyAction, AnyPage

PAGES: tuple[AnyPage, ...] = (now.PAGE, topics.PAGE, tail.SEARCH, tail.PAGE, centres.PAGE, plan.PAGE)
ACTIONS: tuple[AnyAction, ...] = ()
