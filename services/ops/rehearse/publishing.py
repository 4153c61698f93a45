"""What was rehearsed is published, as long as the plan is still the one that it was rehearsed on."""

from collections.abc import Mapping

from libs.eventlog.client.door_client import DoorClient
from libs.eventlog.kafka.topics import Card
from libs.messages.catalogue import CONTRACTS_DOOR, PLAN
from libs.messages.upstream import PlanPartSubmitted
from services.ops.cli.output import Refused
from services.ops.plan.command import PublishedPart, publish_parts
from services.ops.plan.comparison import NEW, compared, lists_published, published_by
from services.ops.rehearse.draft import check_stands
from services.ops.rehearse.findings import Summary
from services.ops.rehearse.timeline import timeline_of
from services.ops.watch.counting import counting_events


async def publish_rehearsed(
    at: DoorClient, cards: Mapping[str, Card], digest: str, summary: Summary
) -> list[PublishedPart]:
    """Publish a draft, with the digest of its rehearsal; raises Refused, Unavailable and Halted."""
    events = [event async for event in counting_events(at.log, cards[PLAN])]
    check_stands(summary.stood_on, timeline_of(events))
    drafted = [
        PlanPartSubmitted.model_validate({"publication": {"part": one.part, "content": one.content}}).publication
        for one in summary.draft
    ]
    found = list(compared(drafted, published_by(events), at.clock.now(), lists_published(events)))
    if stale := [one for one in found if one.outcome != NEW]:
        raise Refused(f"{stale[0].publication.part} {stale[0].publication.content.version} is published already")
    return await publish_parts(at, found, cards[CONTRACTS_DOOR].partitions, rehearsal=digest)
