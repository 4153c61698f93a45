"""What is measured: lag, levels, advisory offsets, alert rules."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="youngest-unread-record",
        file="libs/eventlog/loops/unread.py",
        before="return min((stamp for",
        after="return max((stamp for",
        why="one partition that stands still for an hour would hide behind another one that is read",
        test="tests/unit/eventlog/test_unread.py",
    ),
    Bug(
        name="level-stays",
        file="libs/chassis/levels.py",
        before="dict.fromkeys(self._known - found.keys(), 0.0)",
        after="{}",
        why="an alarm would go on after the last ambiguous notice was settled",
        test="tests/unit/chassis/test_levels.py::test_of_a_kind_that_is_gone_there_are_none",
    ),
    Bug(
        name="unknown-lag-is-none",
        file="services/ops/console/measures.py",
        before="        self._members.set_known(",
        after="        self._members.set(",
        why="a database that is away would wake somebody: nobody reads, of every reader that keeps its place in it",
        test="tests/unit/console/test_measures.py",
    ),
    Bug(
        name="first-look-is-slow",
        file="libs/chassis/levels.py",
        before="deque([0.0], maxlen=2)",
        after="deque([], maxlen=2)",
        why="a start on a busy machine would leave what is measured unseen for two minutes",
        test="tests/unit/chassis/test_levels.py",
    ),
    Bug(
        name="advice-forgotten",
        file="libs/eventlog/loops/advisory.py",
        before="                    self._told[name] = passed\n",
        after="                self._told[name] = passed\n",
        why="what Kafka did not take would not be said again, and a lag shown that there is none",
        test="tests/unit/eventlog/test_advisory.py",
    ),
    Bug(
        name="advice-while-idle",
        file="libs/eventlog/loops/advisory.py",
        before="            if moved:\n",
        after="            if passed:\n",
        why="an idle installation would write to Kafka once a second for each reader",
        test="tests/unit/eventlog/test_advisory.py",
    ),
    Bug(
        name="void-contracts-reacted-to",
        file="services/contract/projections.py",
        before="        reacts=True,\n",
        after="",
        why="contract would react to what lost a race, as if it counted",
        test="tests/unit/test_planted.py::test_every_decider_reaction_fold_and_template_is_in_a_list_here",
    ),
    Bug(
        name="client-s-door-a-label",
        file="services/ops/console/measures.py",
        before="(split_door(kept.known.place.topic)[0], kept",
        after="(kept.known.place.topic, kept",
        why="dead letters of a client's own door would be counted nowhere",
        test="tests/unit/console/test_measures.py",
    ),
)
