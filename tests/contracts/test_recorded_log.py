"""Every later version folds the log of an earlier one to the same tables, or says what it means to change."""

import json

from libs.messages.catalogue import EVENT_OF_TYPE
from tests.contracts.recorded_log import TABLES, folded, recorded_log


def test_the_recorded_log_holds_every_type_of_event_of_its_version() -> None:
    recorded = {json.loads(record.value or b"")["type"] for records in recorded_log().values() for record in records}
    assert len(recorded) == 62
    assert recorded <= EVENT_OF_TYPE.keys()


def test_a_recorded_log_is_folded_to_the_same_tables() -> None:
    recorded, now = TABLES.read_text().splitlines(), folded()
    assert [line for line in recorded if line not in now] == []
    assert [line for line in now if line not in recorded] == []
    assert now == recorded
