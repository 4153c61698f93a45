"""A curve of shares over days as SVG, drawn here: it needs no script, and the table beside it says the same."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from markupsafe import Markup, escape

WIDTH, HEIGHT, EDGE = 600, 120, 6


def curve(shares: Sequence[float | None], label: str) -> Markup:
    """A line from 0 at the foot to 1 at the head, broken where there is none; `label` says what it is."""
    drawn = "".join(_drawn(run) for run in runs(shares))
    rules = "".join(f'<line x1="0" y1="{_y(at)}" x2="{WIDTH}" y2="{_y(at)}"/>' for at in (0.0, 0.5, 1.0))
    head = f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
    return Markup(f"{head}{rules}{drawn}</svg>")  # noqa: S704 - numbers, and a label that is escaped


def runs(shares: Sequence[float | None]) -> Iterator[list[tuple[float, float]]]:
    """Points of neighbouring days that have a share."""
    step = (WIDTH - 2 * EDGE) / max(len(shares) - 1, 1)
    points = ((EDGE + at * step, share) for at, share in enumerate(shares))
    for there, several in groupby(points, key=lambda point: point[1] is not None):
        if there:
            yield [(x, _y(share)) for x, share in several if share is not None]


def _drawn(points: Iterable[tuple[float, float]]) -> str:
    some = list(points)
    line = " ".join(f"{x:.1f},{y}" for x, y in some)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y}" r="3"/>' for x, y in some)
    return f'<polyline points="{line}"/>{dots}'


def _y(share: float) -> float:
    return round(EDGE + (1 - share) * (HEIGHT - 2 * EDGE), 1)
