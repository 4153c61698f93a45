"""A customer in France, a contract of a year, and the plan they rest on."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from libs.messages.base import FactVersion, PrivateKey
from libs.messages.contracts import ContractActivated, CustomerChanged, CustomerRegistered, PersonErased
from libs.messages.licences import LicenceKind
from libs.messages.plan import CentreCalendar
from services.contract.contract_states import RunningTerm
from services.contract.contracts import ActivateContract
from services.contract.customers import ErasePerson, SubmitCustomer
from services.contract.facts import KnownCentre, RegisteredCustomer

DOOR = Path(__file__).parents[3] / "contracts" / "examples" / "door"
SUBMITTED = json.loads((DOOR / "PlanPartSubmitted.json").read_text())
CALENDAR = CentreCalendar.model_validate(SUBMITTED["data"]["publication"]["content"])

MICROSECOND = timedelta(microseconds=1)
JUNE = datetime(2026, 6, 1, 7, 30, tzinfo=UTC)
JULY = JUNE + timedelta(days=30)
CUSTOMER, CONTRACT, LICENCE = "customer/erp/C-1001", "contract/erp/K-2001", "licence/erp/L-3001"
CONTACT, COLLEAGUE = "person/erp/c-88", "person/erp/c-89"
PRIVATE = PrivateKey(person=CONTACT, topic="olcare.contracts.in.v1", partition=4, offset=12)
FRANCE = KnownCentre("calendar/plan/france", 2, "france", "Europe/Paris", ("FR", "BE"))
AUSTRALIA = KnownCentre("calendar/plan/australia", 1, "australia", "Australia/Melbourne", ("AU",))
AMERICAS = KnownCentre("calendar/plan/americas", 1, "americas", "America/Toronto", ("CA", "US"))
JAPAN = KnownCentre("calendar/plan/japan", 1, "japan", "Asia/Tokyo", ("JP",))
ON_FRANCE = FactVersion(stream="calendar/plan/france", sequence=2)
ON_CUSTOMER = FactVersion(stream=CUSTOMER, sequence=1)

SUBMIT = SubmitCustomer(
    occurred_at=JUNE,
    country="FR",
    centre=None,
    language="fr",
    contact=CONTACT,
    private=PRIVATE,
    reseller="revendeur-7",
    centres=(FRANCE, JAPAN),
)
REGISTERED = CustomerRegistered(
    registered_at=JUNE,
    country="FR",
    centre="france",
    language="fr",
    contact=CONTACT,
    private=PRIVATE,
    reseller="revendeur-7",
    rests_on=(ON_FRANCE,),
)
CHANGED = CustomerChanged(
    changed_at=JUNE, country="FR", language="fr", contact=CONTACT, private=PRIVATE, reseller="revendeur-7"
)
ERASE = ErasePerson(JULY, CONTACT, "ops-anna")
ERASED = PersonErased(person=CONTACT, erased_at=JULY, by="ops-anna")

ACTIVATE = ActivateContract(
    occurred_at=JUNE,
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
ACTIVATED = ContractActivated(
    activated_at=JUNE,
    customer=CUSTOMER,
    licence=LICENCE,
    licence_kind=LicenceKind.PERPETUAL,
    products=("planetpress-connect",),
    centre="france",
    zone="Europe/Paris",
    first_day=date(2026, 6, 1),
    last_day=date(2027, 5, 31),
    covered_from=datetime(2026, 5, 31, 22, tzinfo=UTC),
    covered_until=datetime(2027, 5, 31, 22, tzinfo=UTC),
    rests_on=(ON_CUSTOMER, ON_FRANCE),
)
ENDS = ACTIVATED.covered_until
RUNNING = RunningTerm(
    customer=CUSTOMER,
    centre="france",
    zone="Europe/Paris",
    licence=LICENCE,
    licence_kind=LicenceKind.PERPETUAL,
    products=("planetpress-connect",),
    anchor=date(2026, 6, 1),
    number=1,
    first_day=date(2026, 6, 1),
    last_day=date(2027, 5, 31),
    covered_from=ACTIVATED.covered_from,
    covered_until=ENDS,
    known_at=JUNE,
)
"""The term of the activated contract."""


def term(first_day: date, last_day: date, centre: KnownCentre = FRANCE) -> ActivateContract:
    return replace(ACTIVATE, first_day=first_day, last_day=last_day, centre=centre)
