"""At the door of contracts: which stream on which topic, which command, and what goes to the private topic alone."""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from libs.eventlog.errors import Unreadable
from libs.eventlog.wire.record import Record
from libs.messages.base import PrivateKey
from libs.messages.catalogue import CONTRACTS, CONTRACTS_DOOR, PLAN, ContractsEvent, topic_of
from libs.messages.contracts import ContractRefusal, ContractRefused
from libs.messages.ids import door_command_id
from libs.messages.licences import LicenceKind
from libs.messages.plan import PlanEvent, PlanPart, PlanPartRefused, PlanRefusal, TzDatabaseRefused
from libs.messages.private import PrivateRecord
from libs.messages.receipts import Outcome
from services.contract.contracts import ActivateContract
from services.contract.customers import ErasePerson, SubmitCustomer
from services.contract.door import (
    LARGEST,
    DecisionSettings,
    FactsNeeded,
    command_of,
    facts_needed,
    outcome_of,
    personal,
    read,
)
from services.contract.facts import ContractFacts, RegisteredCustomer
from services.contract.plan_parts import PublishPart
from tests.unit.contract.examples import (
    ACTIVATED,
    CALENDAR,
    CONTACT,
    CONTRACT,
    CUSTOMER,
    DOOR,
    ERASED,
    FRANCE,
    JAPAN,
    JUNE,
    LICENCE,
    PRIVATE,
    REGISTERED,
)

FACTS = ContractFacts(
    (FRANCE, JAPAN),
    frozenset({"planetpress-connect", "pres-connect"}),
    customers=(RegisteredCustomer(CUSTOMER, 1, "france"),),
)
READ_AT, TOLD_AT = (datetime(2027, 6, day, 9, tzinfo=UTC) for day in (15, 12))
SETTINGS = DecisionSettings(READ_AT, timedelta(days=30), TOLD_AT)


def record_of(value: bytes) -> Record:
    return Record(CONTRACTS_DOOR, 4, 12, b"C-1001", value, [("content-type", b"application/cloudevents+json")], 0)


def example(name: str) -> Record:
    return record_of((DOOR / f"{name}.json").read_bytes())


def command(name: str, facts: ContractFacts = FACTS) -> object:
    return command_of(example(name), read(example(name)), facts, SETTINGS).command


@pytest.mark.parametrize(
    ("name", "stream", "topic"),
    [
        ("CustomerSubmitted", CUSTOMER, CONTRACTS),
        ("ContractSubmitted", CONTRACT, CONTRACTS),
        ("RemindersChosen", CUSTOMER, CONTRACTS),
        ("LicencePurchased", LICENCE, CONTRACTS),
        ("OptionsAdded", LICENCE, CONTRACTS),
        ("RenewalSigned", CONTRACT, CONTRACTS),
        ("ResubscriptionSigned", CONTRACT, CONTRACTS),
        ("PersonErasureOrdered", CUSTOMER, CONTRACTS),
        ("PlanPartSubmitted", "calendar/plan/france", PLAN),
    ],
)
def test_each_message_asks_one_stream_under_a_name_of_its_own(name: str, stream: str, topic: str) -> None:
    message = read(example(name))
    issued = command_of(example(name), message, FACTS, SETTINGS)
    assert (issued.stream, topic_of(issued.stream)) == (stream, topic)
    assert issued.id == issued.correlation == door_command_id(message.source, message.id, stream)


def test_a_submitted_customer_asks_to_be_registered() -> None:
    assert command("CustomerSubmitted") == SubmitCustomer(
        occurred_at=JUNE,
        country="FR",
        centre=None,
        language="fr",
        contact=CONTACT,
        private=PRIVATE,
        reseller="revendeur-7",
        centres=(FRANCE, JAPAN),
    )


def test_a_submitted_contract_asks_to_be_activated_with_what_is_known_of_it() -> None:
    asks = ActivateContract(
        occurred_at=datetime(2026, 6, 1, 7, 31, tzinfo=UTC),
        customer=CUSTOMER,
        licence=LICENCE,
        licence_kind=LicenceKind.PERPETUAL,
        products=("planetpress-connect",),
        first_day=date(2026, 6, 1),
        last_day=date(2027, 5, 31),
        known_customer=RegisteredCustomer(CUSTOMER, 1, "france"),
        centre=FRANCE,
        known_products=frozenset({"planetpress-connect"}),
    )
    assert command("ContractSubmitted") == asks
    nothing_known: dict[str, Any] = {"known_customer": None, "centre": None, "known_products": frozenset()}
    assert command("ContractSubmitted", ContractFacts()) == ActivateContract(**{**vars(asks), **nothing_known})


def test_an_erasure_asks_the_customer_of_the_order_not_its_subject() -> None:
    assert command("PersonErasureOrdered") == ErasePerson(datetime(2027, 2, 1, 9, tzinfo=UTC), CONTACT, "ops-anna")


def test_a_part_of_the_plan_asks_to_be_published() -> None:
    asks = command("PlanPartSubmitted")
    assert isinstance(asks, PublishPart)
    assert asks.publication.content == CALENDAR


def test_only_a_contract_rests_on_its_customer() -> None:
    names = ("CustomerSubmitted", "ContractSubmitted", "PersonErasureOrdered", "PlanPartSubmitted")
    assert [facts_needed(read(example(name))) for name in names] == [None, FactsNeeded(CUSTOMER), None, None]


def test_what_is_personal_goes_to_the_private_topic_alone() -> None:
    record = example("CustomerSubmitted")
    key = PrivateKey(person=CONTACT, topic=CONTRACTS_DOOR, partition=4, offset=12)
    content = PrivateRecord(
        organisation="Imprimerie Exemple", name="Dominique Exemple", email="dominique@client.example"
    )
    assert personal(record, read(record)) == [(key, content)]
    asks = command("CustomerSubmitted")
    assert isinstance(asks, SubmitCustomer)
    assert not any(word in str(asdict(asks)) for word in ("Imprimerie", "Dominique", "client.example"))


@pytest.mark.parametrize(
    "name",
    [
        *("ContractSubmitted", "PersonErasureOrdered", "PlanPartSubmitted", "RemindersChosen"),
        *("LicencePurchased", "OptionsAdded", "RenewalSigned", "ResubscriptionSigned"),
    ],
)
def test_other_messages_hold_nothing_personal(name: str) -> None:
    assert personal(example(name), read(example(name))) == ()


def test_a_part_of_the_plan_fits_into_the_log_or_is_not_read() -> None:
    event = json.dumps(json.loads((DOOR / "PlanPartSubmitted.json").read_text())).encode()
    assert read(record_of(event.ljust(LARGEST)))
    with pytest.raises(Unreadable, match="larger than 262144 bytes"):
        read(record_of(event.ljust(LARGEST + 1)))
    with pytest.raises(Unreadable, match="no value"):
        read(example("CustomerSubmitted")._replace(value=None))


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        (REGISTERED, Outcome.ACCEPTED),
        (ERASED, Outcome.ACCEPTED),
        (ACTIVATED, Outcome.ACCEPTED),
        (
            ContractRefused(refused_at=JUNE, customer=CUSTOMER, reason=ContractRefusal.UNKNOWN_CUSTOMER),
            Outcome.REFUSED,
        ),
        (
            PlanPartRefused(refused_at=JUNE, part=PlanPart.PRICES, version=1, reason=PlanRefusal.OLDER_VERSION),
            Outcome.REFUSED,
        ),
        (
            TzDatabaseRefused(refused_at=JUNE, version="2026e", reason=PlanRefusal.OLDER_VERSION),
            Outcome.REFUSED,
        ),
    ],
)
def test_a_receipt_says_in_one_word_what_became_of_it(event: ContractsEvent | PlanEvent, outcome: Outcome) -> None:
    assert outcome_of(event) is outcome
