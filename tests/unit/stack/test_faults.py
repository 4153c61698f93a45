"""Which fault applies to whom, and how often."""

from pathlib import Path

import pytest

from libs.stack.faults import Fault, Faults, write_faults

ANNA, BERT = "anna@customer.test", "bert@customer.test"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "faults.json"


def test_without_a_file_nothing_fails(path: Path) -> None:
    assert Faults(path).pick("recipient", [ANNA]) is None


def test_a_fault_is_for_its_step_and_its_recipient_alone(path: Path) -> None:
    refuse = Fault("recipient", "refuse", to="anna")
    write_faults(path, [refuse])
    faults = Faults(path)
    assert faults.pick("recipient", [ANNA]) == refuse
    assert faults.pick("recipient", [BERT]) is None
    assert faults.pick("body", [ANNA]) is None


def test_a_fault_used_up_leaves_the_turn_to_the_next(path: Path) -> None:
    once, then = Fault("body", "cut", times=1), Fault("body", "defer")
    write_faults(path, [once, then])
    faults = Faults(path)
    assert [faults.pick("body", [ANNA]) for _ in range(3)] == [once, then, then]


def test_faults_written_again_count_anew(path: Path) -> None:
    once = Fault("body", "cut", times=1)
    write_faults(path, [once])
    faults = Faults(path)
    assert [faults.pick("body", [ANNA]) for _ in range(2)] == [once, None]
    write_faults(path, [once])
    assert faults.pick("body", [ANNA]) == once


def test_faults_taken_back_are_over(path: Path) -> None:
    write_faults(path, [Fault("body", "cut")])
    faults = Faults(path)
    write_faults(path, [])
    assert faults.pick("body", [ANNA]) is None
