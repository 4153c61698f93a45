"""The exit code of what can not be done, and its sentence on standard error."""

from libs.chassis.plan_clock import ClockError
from libs.chassis.setting_files import BadSettings
from libs.chassis.start import SETTINGS_ARE_WRONG
from libs.eventlog.errors import Halted, NotAdmitted, Unavailable
from libs.plan import BadPlan
from libs.stack.errors import StackError
from services.ops.cli.output import Refused, tell

_PROBLEMS = (BadSettings, Unavailable, Refused, StackError, ClockError, BadPlan, Halted)


def told(error: Exception) -> int | None:
    """Tell a problem, and give its exit code; None for what is none: a fault of ours, to be shown as it is."""
    if not isinstance(error, _PROBLEMS):
        return None
    tell(f"olcare: {error}")
    return SETTINGS_ARE_WRONG if isinstance(error, BadSettings | NotAdmitted) else 1
