"""The cards of the topics, as they stand in `contracts/topics`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from libs.messages.base import MessageType, TopicName

CONTRACTS = Path(__file__).parents[2] / "contracts"
TOPICS = CONTRACTS / "topics"

Program = Literal["intake", "contract", "sla_timer", "notification", "audit", "ops", "upstream"]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SetAside(_Strict):
    """A record that every reader passes by, and who decided so."""

    partition: Annotated[int, Field(ge=0)]
    offset: Annotated[int, Field(ge=0)]
    sha256: Sha256 | Literal["missing"]
    reason: str
    by: str


class Production(_Strict):
    """What a topic needs where there are three brokers."""

    replication_factor: int
    config: Mapping[str, str]


class Card(_Strict):
    """One topic on one screen."""

    topic: TopicName
    kind: Literal["log", "door", "receipts", "dead-letters", "state", "clock"]
    about: str
    streams: tuple[str, ...]
    key: str
    written_by: tuple[Program, ...]
    read_by: tuple[Program, ...]
    types: tuple[MessageType, ...]
    partitions: Annotated[int, Field(ge=1)]
    config: Mapping[str, str]
    production: Production
    set_aside: tuple[SetAside, ...]


def cards() -> dict[str, Card]:
    """Every topic with its card."""
    found = [Card.model_validate(yaml.safe_load(path.read_text())) for path in sorted(TOPICS.glob("*.yaml"))]
    return {card.topic: card for card in found}
