"""Every page of the console, and everything that can be done on one."""

from services.ops.console.pages import now
from services.ops.console.pages.page import AnyAction, AnyPage

PAGES: tuple[AnyPage, ...] = (now.PAGE,)
ACTIONS: tuple[AnyAction, ...] = ()
