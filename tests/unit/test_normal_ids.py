"""One ticket, one customer and one person have one id, however an upstream system spells it."""

import json
from typing import Any, Literal
from unicodedata import normalize
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from libs.eventlog.wire.cloudevents import named, parse
from libs.eventlog.wire.record import CONTENT_TYPE, Record
from libs.messages.catalogue import TICKETS_DOOR, UPSTREAM
from libs.messages.streams import normal_id, stream_id
from libs.messages.upstream import CustomerId, PersonId, TicketId
from tests.contracts.asyncapi import examples

Form = Literal["NFC", "NFD"]
KINDS: dict[str, TypeAdapter[str]] = {
    "person": TypeAdapter(PersonId),
    "customer": TypeAdapter(CustomerId),
    "ticket": TypeAdapter(TicketId),
}
LETTERS = st.characters(categories=["L", "M", "N"], exclude_characters="@")
NUMBERS = st.text(LETTERS, min_size=1, max_size=20)


def spelled(text: str, form: Form, encode: bool) -> str:  # noqa: FBT001 - drawn
    """A number in a form of Unicode, with all or only the necessary characters percent-encoded."""
    text = normalize(form, text)
    every = "".join(f"%{byte:02X}" for byte in text.encode())
    return every if encode else quote(text, safe="")


@given(st.sampled_from(sorted(KINDS)), NUMBERS, st.sampled_from(["NFC", "NFD"]), st.booleans())
def test_every_spelling_of_an_id_is_one_id(kind: str, number: str, form: Form, encode: bool) -> None:  # noqa: FBT001 - drawn
    wanted = stream_id(kind, "crm-eu", normalize("NFC", number))
    found = KINDS[kind].validate_python(f"{kind}/crm-eu/{spelled(number, form, encode)}")
    assert found == wanted
    assert normal_id(found) == found


@pytest.mark.parametrize(
    ("given_", "found"),
    [
        ("person/crm-eu/p%2D17", "person/crm-eu/p-17"),
        ("person/crm-eu/%70-17", "person/crm-eu/p-17"),
        ("person/crm%2Deu/caf%65%CC%81", "person/crm-eu/caf%C3%A9"),
        ("person/https%3A%2F%2Fcrm/1", "person/https%3A%2F%2Fcrm/1"),
    ],
)
def test_examples(given_: str, found: str) -> None:
    assert KINDS["person"].validate_python(given_) == found


@pytest.mark.parametrize("number", ["%FF", "%E2%80%8B", "a%E2%80%AEb", "%C2%AD"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_text_or_can_not_be_seen_is_refused(kind: str, number: str) -> None:
    with pytest.raises(ValidationError):
        KINDS[kind].validate_python(f"{kind}/crm-eu/{number}")


@given(st.text(LETTERS, min_size=1, max_size=20), st.sampled_from(["NFC", "NFD"]))
def test_a_ticket_s_number_has_one_stream_however_it_is_written(number: str, form: Form) -> None:
    record = said(subject=normalize(form, number), source=normalize(form, "crm-é"))
    if len(normalize("NFC", number)) > 64 or len(quote(normalize("NFC", number), safe="")) > 400:
        return
    message = parse(record.value, record.headers, UPSTREAM[TICKETS_DOOR])
    assert (message.source, message.subject) == ("crm-é", normalize("NFC", number))
    assert named(record) == (message.source, message.subject)


def said(**attributes: str) -> Record:
    content: dict[str, Any] = json.loads(examples("olcare.upstream.TicketSubmitted.v1")[0].read_text())
    value = json.dumps({**content, **attributes}, ensure_ascii=False).encode()
    return Record(TICKETS_DOOR, 0, 0, b"4711", value, CONTENT_TYPE, 0)
