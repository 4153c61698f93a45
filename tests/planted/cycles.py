"""Cycles: what is measured beside the first response."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="pauses-use-the-target",
        file="services/sla_timer/cycles/working_time.py",
        before="        left -= working_time_between(calendar, stretch.since, stretch.until)\n",
        after="        left -= working_time_between(calendar, cycle.started_at, stretch.until)\n",
        why="time before a pause would be counted twice",
        test="tests/unit/sla_timer/test_cycles.py::test_each_of_several_pauses_leaves_what_was_not_used_before_it",
    ),
    Bug(
        name="misses-what-ended-in-time",
        file="services/sla_timer/cycles/decider.py",
        before="(cycle.ended_at is None or cycle.due_at < cycle.ended_at)]",
        after="(cycle.ended_at is None or cycle.due_at <= cycle.ended_at)]",
        why="a cycle that ends at its very deadline would be missed",
        test="tests/unit/sla_timer/test_cycle_targets.py::test_what_ended_in_time_is_not_missed_and_what_ended_late_is",
    ),
    Bug(
        name="what-ended-is-reckoned-anew",
        file="services/sla_timer/cycles/decider.py",
        before="known = before if before and _is_the_same(before, made) else made",
        after="known = made",
        why="a new calendar would change cycles that ended long ago",
        test="tests/unit/sla_timer/test_cycle_targets.py::test_what_has_ended_stays_as_it_was_reckoned_whatever_is_published_later",
    ),
    Bug(
        name="target-of-a-later-publication",
        file="services/sla_timer/cycles/decider.py",
        before="published = in_force([one for one in targets if one.published_at <= started_at], started_at)",
        after="published = in_force(targets, started_at)",
        why="a cycle that began before any target would be missed by one",
        test="tests/unit/sla_timer/test_cycle_targets.py::test_a_target_holds_for_cycles_that_begin_from_its_publication_on",
    ),
    Bug(
        name="pause-goes-on-after-the-end",
        file="services/sla_timer/cycles/model.py",
        before="    def _over(self, fact: CycleFact) -> None:\n        self._resumed(fact.at)\n",
        after="    def _over(self, fact: CycleFact) -> None:\n",
        why="a ticket that is reopened would still be paused",
        test="tests/unit/sla_timer/test_cycles.py::test_a_resolution_ends_a_pause_and_a_reopened_ticket_does_not_stand_still",
    ),
)
