"""Small curves: a bar for each value that is not nothing, the last one marked as running."""

from services.ops.console.sparks import HEIGHT, spark


def test_nothing_has_no_bars() -> None:
    assert "<rect" not in spark([0, 0, 0], "none")
    assert "<rect" not in spark([], "none")


def test_the_greatest_fills_the_height_and_the_least_can_be_seen() -> None:
    drawn = spark([1, 1_000_000], "some")
    assert drawn.count("<rect") == 2
    assert f'height="{HEIGHT - 1:.1f}"' in drawn
    assert 'height="1.0"' in drawn
    assert drawn.count('class="running"') == 1


def test_the_label_is_text() -> None:
    assert "<script>" not in spark([1], "<script>")
