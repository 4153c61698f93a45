"""However a story is cut into batches, its outcomes are the same as one by one."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from libs.eventlog.loops.fact_waves import Resting, fact_waves

NAMES = st.frozensets(st.sampled_from("abcd"), max_size=2)
MESSAGES = st.lists(st.builds(Resting, NAMES, NAMES), max_size=12)


def outcomes(batches: Sequence[Sequence[tuple[int, Resting]]]) -> dict[int, dict[str, tuple[int, ...]]]:
    """For each message what it knew: by name, all that had been said of it. Facts are asked for once a wave."""
    said: dict[str, tuple[int, ...]] = {}
    known: dict[int, dict[str, tuple[int, ...]]] = {}
    for batch in batches:
        for wave in fact_waves([message for _, message in batch]):
            known.update({batch[at][0]: {n: said.get(n, ()) for n in batch[at][1].rests_on} for at in wave})
            for number, message in (batch[at] for at in wave):
                said.update({name: (*said.get(name, ()), number) for name in message.says})
    return known


@given(MESSAGES, st.integers(1, 12))
def test_what_is_known_does_not_depend_on_how_the_story_is_cut(messages: list[Resting], size: int) -> None:
    story = list(enumerate(messages))
    cut = [story[at : at + size] for at in range(0, len(story), size)]
    assert outcomes(cut) == outcomes([[entry] for entry in story])


@given(MESSAGES)
def test_every_message_is_decided_once(messages: list[Resting]) -> None:
    assert sorted(at for wave in fact_waves(messages) for at in wave) == list(range(len(messages)))


def test_messages_that_do_not_rest_on_each_other_are_one_wave() -> None:
    assert fact_waves([Resting(frozenset({str(at)})) for at in range(500)]) == [list(range(500))]


def test_customers_and_their_contracts_are_two_waves() -> None:
    pairs = [(Resting(frozenset({f"c{n}"})), Resting(frozenset({f"k{n}"}), frozenset({f"c{n}"}))) for n in range(250)]
    waves = fact_waves([message for pair in pairs for message in pair])
    assert [len(wave) for wave in waves] == [250, 250]
