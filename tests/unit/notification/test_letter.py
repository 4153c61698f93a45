import json
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest

from libs.messages.notices import DeliveryProblem
from libs.messages.private import PrivateRecord
from services.notification.domain import RequestNotice
from services.notification.mail.message import Correspondent, Letterhead
from services.notification.mail.outgoing import OutgoingMail, conversation_root, write
from services.notification.reactions import react
from tests.unit.notification.foreign import ANA, FRANCE, KNOWN, example
from tests.unit.notification.stories import TUESDAY

SENDER = Correspondent("no-reply@olcare.example", "OL Care")
OPERATIONS = Correspondent("operations@olcare.example", "OL Care operations")
OURS = Letterhead(SENDER, OPERATIONS, "olcare.example")


def row(event: str, person: PrivateRecord | None = None, **changes: Any) -> dict[str, Any]:
    """A row of `notices_to_send`."""
    asked = react(example(event), KNOWN, "olcare.example")[0].command
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
        "due_at": None,
        "answered_at": None,
        "withdrawn_at": None,
        "told": False,
        "team": None,
        "territory": None,
    } | changes


def written(row: dict[str, Any], letterhead: Letterhead = OURS) -> tuple[str, EmailMessage]:
    letter = write(row, letterhead, TUESDAY)
    assert isinstance(letter, OutgoingMail)
    return letter.recipient, message_from_bytes(letter.content, EmailMessage, policy=SMTP)


def test_a_person_is_written_to_under_the_private_address() -> None:
    recipient, mail = written(row("FirstResponseClockStarted", ANA))
    assert recipient == "ana@customer.example"
    assert mail["To"] == "Ana Müller <ana@customer.example>"
    assert mail["Date"] == "Tue, 24 Nov 2026 08:30:00 +0000"


def test_a_name_can_not_steer_the_direction_of_the_header() -> None:
    sly = ANA.model_copy(update={"name": "Ana \u202eelpmaxe\u202c M"})
    assert written(row("FirstResponseClockStarted", sly))[1]["To"].addresses[0].display_name == "Ana elpmaxe M"


def test_reminders_alone_can_be_unsubscribed_from_by_a_mail_to_the_centre_that_names_the_customer() -> None:
    _, reminder = written(row("RenewalReminded", ANA))
    assert reminder["List-Unsubscribe"] == "<mailto:france@olcare.example?subject=unsubscribe%20C-1001>"
    for event in ("RenewalOffered", "ContractRenewed", "ContractLapsed", "FirstResponseClockStarted", "TicketRefused"):
        assert "List-Unsubscribe" not in written(row(event, ANA))[1]
    assert "List-Unsubscribe" not in written(row("RenewalReminded", ANA, mailbox=None))[1]


def test_a_long_number_is_left_out_of_the_line_that_would_be_too_long() -> None:
    facts = json.loads(row("RenewalReminded", ANA)["facts"]) | {"customer": "customer/erp/" + "%C3%A9" * 150}
    _, reminder = written(row("RenewalReminded", ANA, facts=json.dumps(facts)))
    assert reminder["List-Unsubscribe"] == "<mailto:france@olcare.example?subject=unsubscribe>"


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


@pytest.mark.parametrize("event", ["FirstResponseClockStarted", "TicketRefused"])
@pytest.mark.parametrize(
    ("channel", "submitted"), [("email", "auto-replied"), ("web", "auto-replied"), ("phone", "auto-generated")]
)
def test_what_answers_a_persons_message_says_so(event: str, channel: str, submitted: str) -> None:
    """A call is no message."""
    asked = row(event, ANA)
    facts = json.dumps(json.loads(asked["facts"]) | {"channel": channel})
    assert written(asked | {"facts": facts})[1]["Auto-Submitted"] == submitted


@pytest.mark.parametrize(
    "event",
    [
        "FirstResponseAtRisk",
        "FirstResponseBreached",
        "FirstResponseRetargeted",
        "FirstResponseNotPromised",
        "ContractLapsed",
    ],
)
def test_what_nobody_asked_for_says_so(event: str) -> None:
    assert written(row(event, ANA))[1]["Auto-Submitted"] == "auto-generated"


def test_no_mail_asks_for_an_automatic_answer() -> None:
    assert written(row("FirstResponseBreached"))[1]["X-Auto-Response-Suppress"] == "All"


def root_of(event: str, ticket: str) -> str:
    asked = row(event, ANA)
    facts = json.dumps(json.loads(asked["facts"]) | {"ticket": ticket})
    mail = written(asked | {"facts": facts})[1]
    assert mail["In-Reply-To"] == mail["References"]
    return str(mail["References"])


def test_all_mails_about_a_ticket_refer_to_one_root_and_those_of_another_to_another() -> None:
    events = ("FirstResponseClockStarted", "FirstResponseAtRisk", "FirstResponseRetargeted", "FirstResponseBreached")
    assert len({root_of(event, "ticket/crm-eu/4711") for event in events}) == 1
    assert root_of("FirstResponseBreached", "ticket/crm-eu/4711") != root_of(
        "FirstResponseBreached", "ticket/crm-us/4711"
    )


def test_the_root_of_a_ticket_is_the_same_for_ever() -> None:
    root = conversation_root("ticket/crm-eu/4711", "olcare.example")
    assert root == "<9d874cd4-27d8-59c5-a7a2-10ba7e81bef2@olcare.example>"


def test_a_mail_that_is_about_no_ticket_refers_to_none() -> None:
    mail = written(row("ContractLapsed", ANA))[1]
    assert mail["References"] is None
    assert mail["In-Reply-To"] is None


def test_answers_go_where_the_letterhead_says() -> None:
    to_the_team = replace(OURS, reply_to="support@olcare.example")
    assert written(row("FirstResponseBreached"), to_the_team)[1]["Reply-To"] == "support@olcare.example"
    assert written(row("FirstResponseBreached"))[1]["Reply-To"] is None


def test_somebody_without_an_address_is_not_written_to_and_nobody_else_is() -> None:
    by_phone = PrivateRecord(name="Ana Müller", phone="+33 1 23 45 67 89")
    assert write(row("FirstResponseClockStarted", by_phone), OURS, TUESDAY) is DeliveryProblem.NO_ADDRESS


def test_a_notice_without_a_recipient_goes_nowhere() -> None:
    assert write(row("FirstResponseBreached", mailbox=None), OURS, TUESDAY) is DeliveryProblem.NO_ADDRESS


def test_a_notice_that_has_no_text_is_not_written() -> None:
    asked = row("FirstResponseBreached", template="birthday")
    assert write(asked, OURS, TUESDAY) is DeliveryProblem.NOT_WRITABLE


def test_an_address_that_not_every_mail_server_takes_is_not_written_to() -> None:
    strange = ANA.model_copy(update={"email": "ána@customer.example"})
    assert write(row("FirstResponseClockStarted", strange), OURS, TUESDAY) is DeliveryProblem.NOT_WRITABLE


def test_a_record_that_can_not_be_read_keeps_nobody_waiting() -> None:
    broken = row("FirstResponseClockStarted") | {"person": '{"email": "no address"}'}
    assert write(broken, OURS, TUESDAY) is DeliveryProblem.NOT_WRITABLE
