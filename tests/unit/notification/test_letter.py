from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from libs.messages.notices import DeliveryProblem
from libs.messages.private import PrivateRecord
from services.notification.domain import RequestNotice
from services.notification.mail.message import Correspondent
from services.notification.mail.outgoing import OutgoingMail, write
from services.notification.reactions import react
from tests.unit.notification.foreign import ANA, FRANCE, KNOWN, example
from tests.unit.notification.stories import TUESDAY

SENDER = Correspondent("no-reply@olcare.example", "OL Care")
OPERATIONS = Correspondent("operations@olcare.example", "OL Care operations")


def row(event: str, person: PrivateRecord | None = None, **changes: Any) -> dict[str, Any]:
    """A row of `notices_to_send`."""
    (reaction,) = react(example(event), KNOWN, "olcare.example")
    asked = reaction.command
    assert isinstance(asked, RequestNotice)
    return {
        "facts": asked.facts.model_dump_json(exclude_none=True),
        "role": asked.role,
        "template": asked.template,
        "language": asked.language,
        "message_id": asked.message_id,
        "person": person.model_dump_json() if person else None,
        "mailbox": "france@olcare.example",
        "centre": FRANCE.model_dump_json(),
    } | changes


def written(row: dict[str, Any]) -> tuple[str, EmailMessage]:
    letter = write(row, SENDER, OPERATIONS, TUESDAY)
    assert isinstance(letter, OutgoingMail)
    return letter.recipient, message_from_bytes(letter.content, EmailMessage, policy=SMTP)


def test_a_person_is_written_to_under_the_private_address() -> None:
    recipient, mail = written(row("FirstResponseClockStarted", ANA))
    assert recipient == "ana@customer.example"
    assert mail["To"] == "Ana Müller <ana@customer.example>"
    assert mail["Date"] == "Tue, 24 Nov 2026 08:30:00 +0000"


def test_a_centre_is_written_to_in_its_mailbox() -> None:
    recipient, mail = written(row("FirstResponseBreached"))
    assert recipient == "france@olcare.example"
    assert mail["To"] == "OL Care France <france@olcare.example>"


def test_operations_are_written_to_even_when_the_centre_has_its_mailbox_by_now() -> None:
    recipient, mail = written(row("FirstResponseNotPromised", role="operations"))
    assert recipient == "operations@olcare.example"
    assert mail["To"] == "OL Care operations <operations@olcare.example>"
    recipient, _ = written(row("FirstResponseNotPromised", role="operations", mailbox=None, centre=None))
    assert recipient == "operations@olcare.example"


def test_a_notice_keeps_its_message_id() -> None:
    asked = row("FirstResponseBreached")
    assert written(asked)[1]["Message-ID"] == asked["message_id"]


def test_somebody_without_an_address_is_not_written_to_and_nobody_else_is() -> None:
    by_phone = PrivateRecord(name="Ana Müller", phone="+33 1 23 45 67 89")
    assert write(row("FirstResponseClockStarted", by_phone), SENDER, OPERATIONS, TUESDAY) is DeliveryProblem.NO_ADDRESS


def test_a_notice_without_a_recipient_goes_nowhere() -> None:
    assert write(row("FirstResponseBreached", mailbox=None), SENDER, OPERATIONS, TUESDAY) is DeliveryProblem.NO_ADDRESS


def test_a_notice_that_has_no_text_is_not_written() -> None:
    asked = row("FirstResponseBreached", template="birthday")
    assert write(asked, SENDER, OPERATIONS, TUESDAY) is DeliveryProblem.NOT_WRITABLE


def test_an_address_that_not_every_mail_server_takes_is_not_written_to() -> None:
    strange = ANA.model_copy(update={"email": "ána@customer.example"})
    assert write(row("FirstResponseClockStarted", strange), SENDER, OPERATIONS, TUESDAY) is DeliveryProblem.NOT_WRITABLE


def test_a_record_that_can_not_be_read_keeps_nobody_waiting() -> None:
    broken = row("FirstResponseClockStarted") | {"person": '{"email": "no address"}'}
    assert write(broken, SENDER, OPERATIONS, TUESDAY) is DeliveryProblem.NOT_WRITABLE
