"""Where an answer may send a browser: to a path of this site, and to no other site."""

from urllib.parse import urlsplit

OURS = "/"


def local(path: str) -> str:
    """A path of this site; `/` where it is none, however a browser would read it."""
    if not path.startswith("/") or path.startswith(("//", "/\\")) or not path.isprintable():
        return OURS
    try:
        parts = urlsplit(path)
    except ValueError:
        return OURS
    return OURS if parts.scheme or parts.netloc else path
