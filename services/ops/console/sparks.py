"""Small curves as SVG, drawn here: they need no script, and stand in the page that says what they mean."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

WIDTH, HEIGHT, BAR = 124, 24, 4


def spark(values: Sequence[float], label: str) -> Markup:
    """Bars for the newest values that have room, the last one still running; `label` says what they are."""
    bars = "".join(_bars(values[-(WIDTH // BAR) :]))
    return Markup(  # noqa: S704 - numbers, and a label that is escaped
        f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        f'<line x1="0" y1="{HEIGHT - 0.5}" x2="{WIDTH}" y2="{HEIGHT - 0.5}"/>{bars}</svg>'
    )


def _bars(values: Sequence[float]) -> Iterator[str]:
    most = max(values, default=0)
    for at, value in enumerate(values):
        height = max(1.0, value / most * (HEIGHT - 1)) if value and most else 0.0
        running = ' class="running"' if at == len(values) - 1 else ""
        if height:
            yield f'<rect x="{at * BAR}" y="{HEIGHT - height:.1f}" width="{BAR - 1}" height="{height:.1f}"{running}/>'
