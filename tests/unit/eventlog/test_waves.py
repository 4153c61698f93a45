"""One record under way per stream: a batch of commands is taken in waves."""

from libs.eventlog.commands import IssuedCommand
from libs.eventlog.loops.writer import WAVE, waves


def test_a_wave_holds_one_command_of_every_stream_in_the_order_of_the_batch() -> None:
    commands = [IssuedCommand(str(n), stream, None, "") for n, stream in enumerate("AABCABA")]
    assert list(waves(commands)) == [[0, 2, 3], [1, 5], [4], [6]]
    assert list(waves([])) == []


def test_a_wave_is_cut_where_it_is_too_long() -> None:
    commands = [IssuedCommand(str(n), str(n % (WAVE + 500)), None, "") for n in range(WAVE + 600)]
    found = list(waves(commands))
    assert [len(wave) for wave in found] == [WAVE, 500, 100]
    assert sorted(at for wave in found for at in wave) == list(range(WAVE + 600))
