"""The parts of a page that may change while it is open: each by its own id, so that only what differs is sent."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from markupsafe import Markup, escape


@dataclass(frozen=True)
class Fragment:
    """One part; `skeleton` is its HTML with those of its own parts replaced by their ids."""

    id: str
    html: str
    skeleton: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Fragments:
    """All parts of one page, by id; `outermost` are those that stand in no other."""

    by_id: Mapping[str, Fragment] = field(default_factory=dict)
    outermost: tuple[str, ...] = ()


class Recorder:
    """What a template calls as `live`; it keeps what it made."""

    def __init__(self) -> None:
        self._made: dict[str, Fragment] = {}
        self._open: list[list[str]] = [[]]

    def __call__(self, id_: str, tag: str = "section", *, caller: Callable[[], str], **attributes: object) -> Markup:
        """One part as an element with an id; raises ValueError where the id is used twice."""
        if id_ in self._made:
            raise ValueError(f"two parts of the page have the id {id_}")
        self._open.append([])
        inner = str(caller())
        parts = tuple(self._open.pop())
        said = "".join(f' {_name(name)}="{escape(value)}"' for name, value in attributes.items() if value is not None)
        html = f'<{tag} id="{escape(id_)}"{said}>{inner}</{tag}>'
        skeleton = html
        for part in parts:
            skeleton = skeleton.replace(self._made[part].html, f"\0{part}\0")
        self._made[id_] = Fragment(id_, html, skeleton, parts)
        self._open[-1].append(id_)
        return Markup(html)  # noqa: S704 - made of what Jinja has escaped

    def fragments(self) -> Fragments:
        """All that were made."""
        return Fragments(dict(self._made), tuple(self._open[0]))


def _name(name: str) -> str:
    """Write an attribute as HTML has it: `data_at` is `data-at`, `class_` is `class`."""
    return name.rstrip("_").replace("_", "-")


def changed(before: Fragments, after: Fragments) -> Iterator[str]:
    """The HTML of what differs, each part alone where what is around it is the same."""
    waiting = list(reversed(after.outermost))
    while waiting:
        now = after.by_id[waiting.pop()]
        was = before.by_id.get(now.id)
        if was is None or was.skeleton != now.skeleton:
            yield now.html
        elif was.html != now.html:
            waiting.extend(reversed(now.parts))


def out_of_band(html: str) -> str:
    """The same part, marked so that it replaces the one of its id wherever that stands."""
    tag, rest = html.split(" ", 1)
    return f'{tag} hx-swap-oob="true" {rest}'
