"""Contracts: signatures, terms, prices, benefits."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="signed-on-the-last-day-is-late",
        file="services/contract/renewals.py",
        before="if command.signed_on > term.last_day:",
        after="if command.signed_on >= term.last_day:",
        why="a renewal signed on the last day would be a lapse, and dearer",
        test="tests/unit/contract/test_renewals.py::test_a_signature_by_the_last_day_renews_without_a_gap",
    ),
    Bug(
        name="recorded-whenever",
        file="services/contract/renewals.py",
        before="if command.told_at > term.covered_until + command.grace:",
        after="if command.told_at < term.covered_from:",
        why="a signature told a year late would give cover back for all that time",
        test="tests/unit/contract/test_renewals.py::test_k8_it_is_told_of_within_thirty_days",
    ),
    Bug(
        name="price-of-today-not-as-offered",
        file="services/contract/renewals.py",
        before="    if term.told != NOTHING_TOLD:\n        return term.offered\n",
        after="",
        why="whoever signs an offer would be billed by a list that came after it",
        test="tests/unit/contract/test_renewals.py::test_the_offered_price_binds_whatever_price_lists_come_later",
    ),
    Bug(
        name="renewal-keeps-what-was-told",
        file="services/contract/renewals.py",
        before="        told=NOTHING_TOLD,\n        offered=None,\n",
        after="        offered=None,\n",
        why="of the second term's end nobody would be told",
        test="tests/unit/contract/test_renewals.py::test_of_the_end_of_the_next_term_is_told_as_of_the_first",
    ),
    Bug(
        name="next-term-from-the-last-day",
        file="services/contract/renewals.py",
        before="return yearly_term(term.anchor, term.number + 1)",
        after="return yearly_term(term.last_day + timedelta(days=1))",
        why="the fourth term of a contract begun on 29 February would not be a year by its anchor",
        test="tests/unit/contract/test_renewals.py::test_k5_k6_terms_follow_each_other_by_the_anniversary_of_the_first_day",
    ),
    Bug(
        name="resubscription-at-the-price-of-a-renewal",
        file="services/contract/resubscriptions.py",
        before="PriceKind.RESUBSCRIPTION, command.signed_on)",
        after="PriceKind.RENEWAL, command.signed_on)",
        why="a lapse would cost nothing",
        test="tests/unit/contract/test_resubscriptions.py::test_k9_another_contract_begins_dearer_and_the_gap_stays",
    ),
    Bug(
        name="lapses-before-its-end",
        file="services/contract/contracts.py",
        before="command.occurred_at == term.covered_until <= command.detected_at",
        after="command.occurred_at <= command.detected_at",
        why="a renewed term would lapse at the end of the one before it",
        test="tests/unit/contract/test_contract.py::test_the_end_of_another_term_is_not_the_end_of_this_one",
    ),
    Bug(
        name="lapses-although-another-follows",
        file="services/contract/contracts.py",
        before="return _continued(term, command) if goes_on else _lapse(term, command)",
        after="return _lapse(term, command)",
        why="a renewed customer would be told that the contract was not renewed",
        test="tests/unit/contract/test_contract.py::test_a_term_that_is_followed_by_another_never_lapses",
    ),
    Bug(
        name="benefits-end-although-covered",
        file="services/contract/entitlements.py",
        before="        case EndBenefits(still_covered=True):\n            return None\n",
        after="",
        why="a customer with two contracts would lose the benefits with the first of them",
        test="tests/unit/contract/test_entitlements.py::test_a_contract_that_goes_on_in_another_one_changes_nothing",
    ),
    Bug(
        name="reminded-by-both-at-once",
        file="services/contract/telling.py",
        before=(
            "    if any(end.before(nearer) <= now for nearer in offsets.reminder_days if nearer < "
            "days):\n"
            "        return ReminderSkip.LATER_ONE_DUE\n"
        ),
        after="",
        why="after an outage a customer would get all missed reminders together",
        test="tests/unit/contract/test_telling.py::test_after_a_standstill_over_several_days_only_the_latest_is_sent",
    ),
    Bug(
        name="mail-at-night",
        file="services/contract/telling.py",
        before="        return next_opening(working_calendar(calendar), at)",
        after="        working_calendar(calendar)\n        return at",
        why="customers would be written to at midnight of their local day",
        test="tests/unit/contract/test_telling.py::test_mails_leave_at_the_next_opening_of_the_centre",
    ),
    Bug(
        name="lapses-before-the-door-is-read",
        file="services/contract/handlers.py",
        before='Duty("end terms", self.ended, safe=safe, asks="terms_that_ended"),',
        after='Duty("end terms", self.ended, asks="terms_that_ended"),',
        why="a contract would lapse although its renewal stands at the door",
        test="tests/unit/test_safe_duties.py::test_whatever_can_not_be_taken_back_waits_for_safe_time",
    ),
    Bug(
        name="taken-up-is-continued",
        file="services/contract/contracts.py",
        before="taken_up_by = state.successor if isinstance(state, Resubscribed) else None",
        after="taken_up_by = None",
        why="who comes back on the day after would never have lapsed, if that is noted late",
        test=(
            "tests/unit/contract/test_resubscriptions.py::"
            "test_k9_the_successor_from_the_day_after_on_is_no_renewal_in_whatever_order_lapse_and_signature_come"
        ),
    ),
    Bug(
        name="offer-by-a-list-of-before",
        file="services/contract/plan_facts.py",
        before='on = max(row["last_day"] - timedelta(days=one.days), local_day(row["known_at"], row["zone"]))',
        after='on = row["last_day"] - timedelta(days=one.days)',
        why="a contract that becomes known late would be offered by a list that is no longer in force",
        test=(
            "tests/unit/contract/test_telling.py::"
            "test_the_offer_of_a_contract_that_became_known_after_its_day_is_priced_on_the_day_it_did"
        ),
    ),
    Bug(
        name="told-of-when-it-is-read",
        file="services/contract/handlers.py",
        before="self._clock.appended(record.timestamp))",
        after="self._clock.now())",
        why="a signature in time would be refused since nobody read at the door",
        test=(
            "tests/unit/contract/test_contracts_loop.py::"
            "test_k8_what_nobody_reads_for_days_was_told_of_when_it_came_to_the_door"
        ),
    ),
    Bug(
        name="renewal-of-a-subscription",
        file="libs/plan/cover.py",
        before="included = term.licence_kind is LicenceKind.SUBSCRIPTION",
        after="included = False",
        why="who had a subscription licence would be told of a renewal that there never was",
        test=(
            "tests/unit/plan/test_cover.py::"
            "test_k12_with_a_subscription_licence_cover_has_ended_as_the_plan_says_and_nothing_is_to_be_renewed"
        ),
    ),
)
