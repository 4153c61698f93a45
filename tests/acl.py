"""Rules of a broker, made from what `olcare topics acl --json` prints."""

from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka.protocol.admin import CreateAclsRequest

from libs.eventlog.kafka.brokers import Brokers
from libs.eventlog.kafka.client import KafkaClient
from libs.eventlog.kafka.connection import KafkaSettings

KINDS = {"topic": 2, "group": 3, "cluster": 4, "transactional-id": 5}
OPERATIONS = {
    "Read": 3,
    "Write": 4,
    "Create": 5,
    "Delete": 6,
    "Describe": 8,
    "DescribeConfigs": 10,
    "AlterConfigs": 11,
}
LITERAL, PREFIXED, ALLOW = 3, 4, 3


async def allow(admin: Brokers, rules: Iterable[Mapping[str, Any]]) -> None:
    """Have the broker allow what the rules say."""
    client = KafkaClient(KafkaSettings(admin, "acl"), "acl")
    await client.open()
    try:
        for rule in rules:
            for operation in rule["operations"]:
                await client.ask_any(_request(rule, operation), "rules")
    finally:
        await client.close()


def _request(rule: Mapping[str, Any], operation: str) -> CreateAclsRequest:
    pattern = PREFIXED if rule["prefixed"] else LITERAL
    who = (rule["principal"], "*", OPERATIONS[operation], ALLOW)
    return CreateAclsRequest(KINDS[rule["resource"]], rule["name"], pattern, *who)
