"""Tickets: opening, holding, merging, reopening."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="covered-by-the-version-of-today",
        file="services/intake/cover.py",
        before="return cover_again(facts, CoverRequest(customer, product, None, _help(kind), at))",
        after='return cover(facts, CoverRequest(customer, product, "1", _help(kind), at))',
        why="a new major release would keep solved tickets from being reopened",
        test="tests/unit/intake/test_ticket_life.py::test_only_a_resolved_ticket_is_reopened",
    ),
    Bug(
        name="restated-opening-is-dated-back",
        file="services/intake/restating.py",
        before='return event.model_copy(update={**found, "opened_at": restated.restated_at})',
        after="return event.model_copy(update=found)",
        why="a ticket opened after all would be breached before anybody could answer",
        test="tests/unit/intake/test_restating.py::test_then_the_ticket_opens_from_the_instant_at_which_that_is_known",
    ),
    Bug(
        name="opened-although-withdrawn",
        file="services/intake/domain.py",
        before="restated=CoverRestated() as restated, dealt_with=False",
        after="restated=CoverRestated() as restated",
        why="a ticket that was answered or withdrawn meanwhile would open all the same",
        test="tests/unit/intake/test_restating.py::test_unless_somebody_has_answered_or_withdrawn_it",
    ),
    Bug(
        name="held-messages-overtaken",
        file="services/intake/domain.py",
        before="if isinstance(state, Unopened) or state.held or _must_wait(state, message, command.facts):",
        after="if isinstance(state, Unopened) or _must_wait(state, message, command.facts):",
        why="a message would be judged before those that were held for its ticket",
        test="tests/unit/intake/test_ticket.py::test_a_new_answer_waits_behind_the_held_ones",
    ),
    Bug(
        name="merges-two-customers",
        file="services/intake/life.py",
        before=(
            "    if survivor.customer != known.customer:\n"
            "        return turned_away(message, MessageRefusal.OTHER_CUSTOMER)\n"
        ),
        after="",
        why="one customer's ticket would be answered to another one",
        test="tests/unit/intake/test_ticket_life.py::test_a_merge_that_waited_is_decided_when_it_is_known_what_became_of_its_survivor",
    ),
    Bug(
        name="merge-into-nothing",
        file="services/intake/life.py",
        before=(
            "    if survivor is None or not is_there(survivor, merge.into):\n"
            '        return message.model_copy(update={"awaits": merge.into})\n'
        ),
        after="    if survivor is None or not is_there(survivor, merge.into):\n        return merge\n",
        why="a typing error in a merge would lose the promise of its ticket",
        test="tests/unit/intake/test_ticket_life.py::test_a_merge_waits_for_a_survivor_that_is_not_open_yet_and_nothing_waits_behind_it",
    ),
    Bug(
        name="clock-tolerance-of-openings-alone",
        file="services/intake/life.py",
        before="if message.said_at < known.opened_at - tolerance:",
        after="if message.said_at < known.opened_at:",
        why="an answer stamped a second before its ticket would be followed by a breach",
        test="tests/unit/intake/test_clock_tolerance.py::test_what_is_stamped_within_the_tolerance_before_the_opening_is_taken_at_the_opening",
    ),
    Bug(
        name="call-known-by-its-microsecond",
        file="services/intake/known_calls.py",
        before="return same is not None and abs(same.at - response.responded_at) <= tolerance",
        after="return same is not None and same.at == response.responded_at",
        why="the opening call, told again as an answer, would meet its own promise",
        test="tests/unit/intake/test_clock_tolerance.py::test_the_opening_call_is_known_by_channel_medium_agent_and_tolerance",
    ),
    Bug(
        name="nul-in-what-is-private",
        file="services/intake/described.py",
        before=r'return text.replace("\0", "\ufffd")[:LONGEST_BODY]',
        after="return text[:LONGEST_BODY]",
        why="one U+0000 in a telephone number would end the services that keep it",
        test="tests/unit/intake/test_described.py::test_no_describing_text_costs_the_ticket",
    ),
)
