"""Percentiles by nearest rank."""

from collections.abc import Sequence


def p99(values: Sequence[float]) -> float:
    """Give the value that 99 of 100 do not exceed."""
    return sorted(values)[-(-99 * len(values) // 100) - 1]
