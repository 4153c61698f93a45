"""Promises of a first response: answers, deadlines, merges, calls, transfers, restatements."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="answer-at-the-deadline-is-late",
        file="services/sla_timer/promise/responses.py",
        before=("case Waiting(promise=made) if command.occurred_at <= made.due_at:\n            return _met"),
        after=("case Waiting(promise=made) if command.occurred_at < made.due_at:\n            return _met"),
        why="an answer at the very deadline would be a breach",
        test="tests/unit/sla_timer/test_promise_life.py::test_l03_a_reply_at_the_very_deadline_meets_the_promise",
    ),
    Bug(
        name="automatic-receipt-answers",
        file="services/sla_timer/promise/responses.py",
        before=(
            "        case _ if command.by is RespondedBy.AUTOMATIC:\n"
            "            return _not_applied(command, NotAResponse.AUTOMATIC)\n"
        ),
        after="",
        why="an automatic receipt would meet every promise",
        test="tests/unit/sla_timer/test_promise_life.py::test_l14_an_automatic_acknowledgement_is_no_response_and_the_human_reply_meets_the_promise",
    ),
    Bug(
        name="opening-call-answers-itself",
        file="services/sla_timer/promise/responses.py",
        before="return is_call and command.occurred_at == made.opened_at and not command.help_given",
        after="return is_call and command.occurred_at < made.opened_at and not command.help_given",
        why="the two hours by telephone would promise nothing",
        test="tests/unit/sla_timer/test_promise_life.py::test_the_call_that_opened_the_ticket_is_no_response_unless_help_was_given",
    ),
    Bug(
        name="answer-before-a-merge-answers-all",
        file="services/sla_timer/promise/responses.py",
        before="return tuple(one for one in absorbed if instant <= one.merged_at)",
        after="return ()",
        why="merging would be an exit from the promise of whoever asked on the other ticket",
        test="tests/unit/sla_timer/test_merging.py::test_an_answer_from_before_the_merge_meets_the_survivors_own_promise_and_hands_the_other_back",
    ),
    Bug(
        name="answer-at-the-merge-answers-both",
        file="services/sla_timer/promise/responses.py",
        before="return tuple(one for one in absorbed if instant <= one.merged_at)",
        after="return tuple(one for one in absorbed if instant < one.merged_at)",
        why="an answer at the instant of a merge would answer who was not asked yet",
        test="tests/unit/sla_timer/test_merging.py::test_an_answer_from_before_the_merge_meets_the_survivors_own_promise_and_hands_the_other_back",
    ),
    Bug(
        name="fires-at-the-deadline",
        file="services/sla_timer/promise/deadlines.py",
        before="if command.occurred_at == made.due_at < command.detected_at:",
        after="if command.occurred_at == made.due_at <= command.detected_at:",
        why="an answer at the very deadline would find the promise breached",
        test="tests/unit/sla_timer/test_promise_life.py::test_a_deadline_does_not_fire_at_its_very_instant",
    ),
    Bug(
        name="fires-a-deadline-that-moved",
        file="services/sla_timer/promise/deadlines.py",
        before=(
            "case Waiting(promise=made, late_at=late_at) if command.occurred_at == made.due_at < command.detected_at:"
        ),
        after=("case Waiting(promise=made, late_at=late_at) if command.occurred_at < command.detected_at:"),
        why="a deadline that a closure moved would fire at its old instant",
        test="tests/unit/sla_timer/test_promise_life.py::test_a_deadline_that_the_promise_has_no_more_does_not_fire",
    ),
    Bug(
        name="fires-although-answered",
        file="services/sla_timer/promise/deadlines.py",
        before=("            if late_at is not None and late_at <= made.due_at:\n                return None\n"),
        after="",
        why="an answer that is in time by the newer deadline would be followed by a breach",
        test="tests/unit/sla_timer/test_publications.py::test_an_answer_that_was_late_meets_the_promise_when_the_deadline_becomes_later_before_it_fires",
    ),
    Bug(
        name="warns-of-any-share",
        file="services/sla_timer/promise/deadlines.py",
        before="if not left or left[0].at_risk_at != command.occurred_at:",
        after="if not left:",
        why="a warning whose instant has moved would be given at its old one",
        test="tests/unit/sla_timer/test_promise_life.py::test_a_warning_for_another_instant_is_not_given",
    ),
    Bug(
        name="merge-at-the-deadline-cancels",
        file="services/sla_timer/promise/merging.py",
        before="return command.occurred_at < due_at or (command.occurred_at == due_at and not is_merge)",
        after="return command.occurred_at <= due_at",
        why="a promise with nothing left of it would be passed on, and breached by nobody",
        test="tests/unit/sla_timer/test_merging.py::test_a_merge_at_the_very_deadline_leaves_nothing_to_take_over",
    ),
    Bug(
        name="undone-merge-forgets-the-answer",
        file="services/sla_timer/promise/merging.py",
        before="if answered_at is not None and answered_at <= made.due_at:",
        after="if answered_at is None:",
        why="a ticket that was answered while it was merged would be breached once it is not",
        test="tests/unit/sla_timer/test_merging.py::test_a_merge_that_is_undone_lets_the_promise_run_again",
    ),
    Bug(
        name="undoing-read-first-is-ignored",
        file="services/sla_timer/promise/merging.py",
        before=(
            "        case Waiting() if _is_undone(state, command):\n"
            "            return _merged(command, NotChanged.UNDONE)\n"
        ),
        after="",
        why="a survivor would keep the deadline of a ticket that is not merged into it",
        test="tests/unit/sla_timer/test_merged_in_any_order.py::test_a_merge_whose_undoing_was_read_first_passes_nothing_on",
    ),
    Bug(
        name="circle-of-merges",
        file="services/sla_timer/promise/merging.py",
        before=("case Judged(cause=CancellationCause.MERGED, into=str() as into) if into not in _passed(command):"),
        after="case Judged(cause=CancellationCause.MERGED, into=str() as into):",
        why="a promise would be passed round two merged tickets for ever",
        test="tests/unit/sla_timer/test_merging.py::test_a_promise_goes_round_a_circle_of_merges_once",
    ),
    Bug(
        name="renounces-without-its-own",
        file="services/sla_timer/promise/merging.py",
        before="own, left = made.own or made.certificate, tuple(one for one in absorbed if one != gone)",
        after="own, left = made.certificate, tuple(one for one in absorbed if one != gone)",
        why="an undone merge would leave the earlier deadline",
        test="tests/unit/sla_timer/test_merging.py::test_a_merge_that_is_undone_gives_the_survivor_its_own_promise_back",
    ),
    Bug(
        name="transfer-loosens-the-promise",
        file="services/sla_timer/promise/transfers.py",
        before="due_at=min(due_at, certificate.due_at),",
        after="due_at=due_at,",
        why="a centre that opens later would be given a target after the promise",
        test="tests/unit/sla_timer/test_transfers.py::test_the_internal_target_never_lies_after_the_promise",
    ),
    Bug(
        name="transfer-starts-anew",
        file="services/sla_timer/promise/transfers.py",
        before="max(timedelta(0), timedelta(seconds=target) - used))",
        after="timedelta(seconds=target))",
        why="each transfer would give the whole target again",
        test="tests/unit/sla_timer/test_transfers.py::test_l06_the_promise_stays_and_the_receiving_centre_has_what_is_left_in_its_own_hours",
    ),
    Bug(
        name="older-transfer-wins",
        file="services/sla_timer/promise/state.py",
        before="if made.transferred_at is None or made.transferred_at <= at:",
        after="if at:",
        why=("a transfer that is told late would send the breach to a centre that has the ticket no more"),
        test="tests/unit/sla_timer/test_transfers.py::test_a_warning_and_a_breach_name_the_centre_that_promised_and_the_one_that_has_the_ticket",
    ),
    Bug(
        name="publications-by-stream",
        file="services/sla_timer/promise/recompute.py",
        before="return sorted(newer, key=lambda one: (one.published_at, one.stream, one.sequence))",
        after="return sorted(newer, key=lambda one: (one.stream, one.sequence))",
        why="a deadline would depend on the names of what was published, not on when",
        test="tests/unit/sla_timer/test_publications.py::test_several_publications_are_gone_through_in_the_order_of_their_instants",
    ),
    Bug(
        name="future-publication-acts-now",
        file="services/sla_timer/promise/recompute.py",
        before=(
            "newer += [one for one in published_by(published.targets, now) if one.content.version > "
            "known.targets_version]"
        ),
        after=("newer += [one for one in published.targets if one.content.version > known.targets_version]"),
        why="targets would act before the instant from which they are published",
        test="tests/unit/sla_timer/test_publications.py::test_what_is_published_for_later_does_not_count_yet",
    ),
    Bug(
        name="passed-over-again-and-again",
        file="services/sla_timer/promise/recompute.py",
        before="reckoned_on = max(known.calendar_version, state.passed_over)",
        after="reckoned_on = known.calendar_version",
        why="a calendar on which nothing can be reckoned would be told of at every look",
        test="tests/unit/sla_timer/test_publications.py::test_a_calendar_that_gives_no_deadline_leaves_the_promise_and_is_never_silent",
    ),
    Bug(
        name="targets-not-in-force-at-the-call",
        file="services/sla_timer/promise/calls.py",
        before="if targets and targets.content.version >= _targets_version(certificate, called_at):",
        after="if targets:",
        why="a call told late would be reckoned on targets that were not in force",
        test="tests/unit/sla_timer/test_stale_facts.py::test_no_command_about_a_promise_fails_whatever_its_facts_are_about",
    ),
)
