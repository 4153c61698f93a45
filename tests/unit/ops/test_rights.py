"""Rights as calls of kafka-acls.sh."""

from libs.eventlog.kafka.topics import load_cards
from libs.messages.catalogue import PRIVATE, SLA
from libs.stack.run import PROJECT
from services.ops.watch.rights import INPUTS, Right, rights
from services.sla_timer.handlers import PLAN_DOOR, TICKET_DOOR

CARDS = load_cards(PROJECT / "contracts/topics").values()


def test_a_right_is_a_call_of_kafka_s_own_program() -> None:
    right = Right("intake", "topic", "olcare.tickets.v1", ("Read", "Write"))
    assert right.command("User:CN=intake,O=OL Care") == (
        "kafka-acls.sh --add --allow-principal 'User:CN=intake,O=OL Care' --operation Read --operation Write"
        " --topic olcare.tickets.v1"
    )


def test_groups_are_allowed_by_how_they_begin() -> None:
    assert (
        Right("intake", "group", "intake.", ("Read",))
        .command("User:intake")
        .endswith("--operation Read --group intake. --resource-pattern-type prefixed")
    )
    assert Right("sla_timer", "group", "intake.door", ("Describe",)).command("User:t").endswith("--group intake.door")


def test_a_log_topic_is_written_by_one_program_alone() -> None:
    found = [right for right in rights(CARDS, ["crm-eu", "erp"]) if "Write" in right.operations]
    for card in CARDS:
        writers = {right.program for right in found if right.name == card.topic}
        assert writers == {
            name for who in card.written_by for name in (("crm-eu", "erp") if who == "upstream" else (who,))
        }


def test_an_upstream_system_sees_the_promises_and_no_other_log_and_nothing_private() -> None:
    kinds = {card.topic: card.kind for card in CARDS}
    seen = {right.name for right in rights(CARDS, ["crm-eu"]) if right.program == "crm-eu" and right.name in kinds}
    assert {kinds[topic] for topic in seen} == {"door", "receipts", "log"}
    assert {topic for topic in seen if kinds[topic] == "log"} == {SLA}


def test_an_upstream_system_reads_and_writes_and_is_shown_no_settings() -> None:
    found = [right for right in rights(CARDS, ["crm-eu"]) if (right.program, right.resource) == ("crm-eu", "topic")]
    assert {operation for right in found for operation in right.operations} == {"Read", "Write"}


def test_whoever_waits_for_what_others_left_aside_may_read_it() -> None:
    """The doors that sla_timer names as inputs of its safe time are those whose groups it may describe."""
    waited_for = {door.topic: door.group for door in (PLAN_DOOR, TICKET_DOOR)}
    assert INPUTS["sla_timer"] == waited_for
    found = [right for right in rights(CARDS, []) if right.program == "sla_timer"]
    for topic, group in waited_for.items():
        assert any(right.name == topic and "Read" in right.operations for right in found)
        assert any(right.name == group and "Describe" in right.operations for right in found)


def test_whoever_serves_a_door_may_ask_for_the_id_that_keys_its_fingerprints() -> None:
    doors = {card.read_by[0] for card in CARDS if card.kind == "door"}
    of_private = {right.program: set(right.operations) for right in rights(CARDS, []) if right.name == PRIVATE}
    assert {program for program in doors if of_private[program] & {"Read", "Write", "Describe"}} == doors
    assert of_private["audit"] == {"Describe"}
