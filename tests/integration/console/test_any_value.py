"""Whatever stands in the address of a page is answered: by the page, or by a sentence that says what is wrong."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import get_args

import httpx
import pytest

from services.ops.console.pages import PAGES

PLACES = {
    "/topics/{topic}": "/topics/olcare.tickets.v1",
    "/topics/{topic}/search": "/topics/olcare.tickets.v1/search",
    "/records/{topic}/{partition}/{offset}": "/records/olcare.tickets.v1/0/0",
    "/tickets/{source}/{number}": "/tickets/crm-eu/4711",
    "/dead-letters/{topic}/{partition}/{offset}": "/dead-letters/olcare.tickets.in.v1.dlq/0/0",
    "/notices/{notice:path}": "/notices/none/requester",
    "/customers/{source}/{number:path}": "/customers/erp/C-1001",
    "/works/{id}": "/works/none",
    "/rehearse/{digest}": "/rehearse/none",
}
"""Pages of one thing: one of them."""
TEXTS = ("\x00", "a\x00b", "'", "%", "\\", "é" * 3000, "../..", "customer/", "\n", "-", "🕰")
VALUES: dict[type, tuple[str, ...]] = {
    datetime: (
        *("2026-11-30T08:00", "2026-11-30", "2026-11-30T08:00+01:00", "1764489600", "0", "-1", "1e400", "nan"),
        *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1969-12-31T23:59:59Z", "2200-01-01T00:00:00Z"),
        *("99999999999999999999", "2026-02-30T00:00Z", "2026-11-30T24:00Z", *TEXTS),
    ),
    date: ("2026-11-30", "0001-01-01", "9999-12-31", "2026-02-30", "1764489600", "99999999999999999999", *TEXTS),
    int: ("0", "1", "-1", "2147483648", "9223372036854775808", "1" + "0" * 30, "1.5", "nan", "٣", "1_0", *TEXTS),
    float: ("0", "-1", "nan", "inf", "1e400", *TEXTS),
    bool: ("true", "2", *TEXTS),
    str: TEXTS,
}


def asked() -> Iterator[tuple[str, str, str]]:
    """Every parameter of every page with every value of its type."""
    for page in PAGES:
        for name, field in page.query.model_fields.items():
            if f"{{{name}" not in page.path:
                kinds = [kind for kind in (field.annotation, *get_args(field.annotation)) if kind in VALUES]
                for value in VALUES[kinds[0]] if kinds else TEXTS:
                    yield PLACES.get(page.path, page.path), name, value


@pytest.mark.parametrize("place", sorted({place for place, *_ in asked()}))
async def test_a_page_answers_whatever_it_is_asked_with(client: httpx.AsyncClient, place: str) -> None:
    told = [(name, value, await _answered(client, path, name, value)) for path, name, value in asked() if path == place]
    wrong = [f"{name}={value[:40]!r}: {said}" for name, value, said in told if said]
    assert not wrong, "\n".join(wrong)


async def _answered(client: httpx.AsyncClient, path: str, name: str, value: str) -> str | None:
    """What is wrong about an answer; None where nothing is."""
    try:
        answer = await client.get(path, params={name: value})
    except httpx.HTTPError as error:
        return repr(error)
    return None if answer.status_code < 500 else f"{answer.status_code} {answer.text[:200]}"
