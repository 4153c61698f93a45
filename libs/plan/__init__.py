"""Promise, cover, price, versions and centres: arithmetic on published parts of the plan, shared by the services."""

from libs.plan.calendars import changed_hours, working_calendar
from libs.plan.centres import LocalCentre, home_centre, local_centre, numbers_of
from libs.plan.certificates import BadCertificate, current_grounds, reckoned_from, recompute, used_until, verify
from libs.plan.changes import (
    as_it_was,
    target_channel,
    with_calendar,
    with_call,
    with_merge,
    with_merge_undone,
    with_targets,
)
from libs.plan.cover import (
    REASON_WORDS,
    Covered,
    CoverFacts,
    CoverRequest,
    KnownCustomer,
    KnownLicence,
    KnownPriceList,
    KnownProduct,
    KnownTerm,
    NotCovered,
    RequestedHelp,
    cover,
    cover_again,
)
from libs.plan.exported import export_plan, parse_exported
from libs.plan.files import FILES, parse_plan
from libs.plan.objections import (
    calendar_objection,
    prices_objection,
    reminders_objection,
    targets_objection,
    tz_objection,
)
from libs.plan.prices import NoPrice, NoPriceCode, PriceKind, Quote, price_kind, prices_in_force, quote, quote_by
from libs.plan.problems import BadPlan, NoPlan, Problem
from libs.plan.promise import NoTarget, promise, target_of
from libs.plan.published import Plan
from libs.plan.terms import Term, covered_from, covered_until, is_covered, is_yearly, yearly_term
from libs.plan.tz import differences, is_more_of, span_of, tz_database
from libs.plan.versions import VersionSupport, version_support

__all__ = [
    "FILES",
    "REASON_WORDS",
    "BadCertificate",
    "BadPlan",
    "CoverFacts",
    "CoverRequest",
    "Covered",
    "KnownCustomer",
    "KnownLicence",
    "KnownPriceList",
    "KnownProduct",
    "KnownTerm",
    "LocalCentre",
    "NoPlan",
    "NoPrice",
    "NoPriceCode",
    "NoTarget",
    "NotCovered",
    "Plan",
    "PriceKind",
    "Problem",
    "Quote",
    "RequestedHelp",
    "Term",
    "VersionSupport",
    "as_it_was",
    "calendar_objection",
    "changed_hours",
    "cover",
    "cover_again",
    "covered_from",
    "covered_until",
    "current_grounds",
    "differences",
    "export_plan",
    "home_centre",
    "is_covered",
    "is_more_of",
    "is_yearly",
    "local_centre",
    "numbers_of",
    "parse_exported",
    "parse_plan",
    "price_kind",
    "prices_in_force",
    "prices_objection",
    "promise",
    "quote",
    "quote_by",
    "reckoned_from",
    "recompute",
    "reminders_objection",
    "span_of",
    "target_channel",
    "target_of",
    "targets_objection",
    "tz_database",
    "tz_objection",
    "used_until",
    "verify",
    "version_support",
    "with_calendar",
    "with_call",
    "with_merge",
    "with_merge_undone",
    "with_targets",
    "working_calendar",
    "yearly_term",
]
