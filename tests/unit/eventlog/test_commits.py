"""What goes with a committed offset: which topic it is of, and what was noted."""

import pytest

from libs.eventlog.kafka.commits import commit_of, metadata_of
from libs.eventlog.loops.held_back import AT_MOST, remark_of
from libs.eventlog.ports import Commit

ID = "0a0f6c5e-6d0e-5a64-9a43-5f1f7b6f1c55"
TAKEN_BY_BROKER = 4096


@pytest.mark.parametrize("remark", ["", '{"stuck": [1, 2]}', "by hand"])
def test_what_was_committed_is_read_as_it_was_meant(remark: str) -> None:
    assert commit_of(7, metadata_of(ID, remark)) == Commit(7, ID, remark)


@pytest.mark.parametrize("metadata", ["", '{"stuck": [1]}', "reset by operations"])
def test_a_commit_of_somebody_else_belongs_to_no_certain_topic(metadata: str) -> None:
    assert commit_of(7, metadata) == Commit(7, "", metadata)


def test_the_longest_note_fits_with_the_id() -> None:
    longest = remark_of(range(2**63 - AT_MOST, 2**63), "door[0]")
    assert len(metadata_of(ID, longest)) <= TAKEN_BY_BROKER
