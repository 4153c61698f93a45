"""Other services' events, as their examples show them, and what our tables say beside them."""

import json
from pathlib import Path
from typing import Any

from libs.eventlog.wire.record import RecordedEvent
from libs.messages.base import Event, PrivateKey
from libs.messages.catalogue import EVENT_OF_TYPE
from libs.messages.plan import CentrePhone, WeeklyWindow
from libs.messages.private import PrivateRecord
from services.notification.projections import CentreSheet
from services.notification.requests import CentreFacts, CustomerFacts, RecipientFacts
from tests.unit.recorded import recorded_event

EXAMPLES = Path(__file__).parents[3] / "contracts" / "examples" / "log"


def example(name: str, **changes: Any) -> RecordedEvent:
    written = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    event: Event = EVENT_OF_TYPE[written["type"]].model_validate(written["data"] | changes)
    return recorded_event(written["subject"], 1, event)


CONTACT = PrivateKey(person="person/erp/c-88", topic="olcare.contracts.in.v1", partition=4, offset=12)
KNOWN = RecipientFacts(CustomerFacts(CONTACT, "fr", "revendeur-7"), CentreFacts("fr", "Europe/Paris"))
ANA = PrivateRecord(name="Ana Müller", email="ana@customer.example", subject="PlanetPress ne démarre plus")
FRANCE = CentreSheet(
    centre="france",
    printed_name="France",
    language="fr",
    zone="Europe/Paris",
    phones=(CentrePhone(number="+33180875286", printed="+33 1 80 87 52 86"),),
    weekly=tuple(WeeklyWindow(weekday=day, opens="09:00", closes="17:00") for day in range(1, 6)),
)
AMERICAS = CentreSheet(
    centre="americas",
    printed_name="Amériques",
    language="fr",
    zone="America/Toronto",
    phones=(
        CentrePhone(number="+15147988714", printed="+1 514 798-8714"),
        CentrePhone(number="+18663485863", printed="+1 866 348-5863"),
    ),
    weekly=tuple(WeeklyWindow(weekday=day, opens="09:00", closes="20:00") for day in range(1, 6)),
)
