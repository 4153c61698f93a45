"""What was rehearsed is published, as long as the plan is still the one of the rehearsal; who does it is recorded."""

from collections.abc import Sequence

from libs.messages.actions import DraftPart, DraftPublication, PublicationEnd, PublicationTally
from libs.messages.catalogue import CONTRACTS_DOOR, PLAN
from libs.messages.upstream import PlanPartSubmitted
from services.contract.plan_parts import stream_of_publication
from services.ops.cli.output import Refused
from services.ops.plan.command import PublishedPart, publish_parts
from services.ops.plan.comparison import NEW, REFUSED, Compared, compared, lists_published, published_by
from services.ops.rehearse.draft import check_stands
from services.ops.rehearse.findings import Summary
from services.ops.rehearse.timeline import timeline_of
from services.ops.watch.counting import counting_events
from services.ops.watch.recording import RecordedOrder


async def publish_rehearsed(order: RecordedOrder, digest: str, summary: Summary) -> list[PublishedPart]:
    """Publish a draft, with the digest of its rehearsal; raises Refused, Unavailable and Halted."""
    at = order.at
    events = [event async for event in counting_events(at.log, order.cards[PLAN])]
    check_stands(summary.stood_on, timeline_of(events))
    drafted = [
        PlanPartSubmitted.model_validate({"publication": {"part": one.part, "content": one.content}}).publication
        for one in summary.draft
    ]
    found = list(compared(drafted, published_by(events), at.clock.now(), lists_published(events)))
    if stale := [one for one in found if one.outcome != NEW]:
        raise Refused(f"{stale[0].publication.part} {stale[0].publication.content.version} is published already")
    await order.publish(DraftPublication(rehearsal=digest, parts=tuple(map(_part, found))))
    parts: list[PublishedPart] = []
    try:
        parts = await publish_parts(at, found, order.cards[CONTRACTS_DOOR].partitions, rehearsal=digest)
    finally:
        await order.published(_tally(parts, len(found)))
    return parts


def _part(one: Compared) -> DraftPart:
    content = one.publication.content
    return DraftPart.model_validate({"part": stream_of_publication(one.publication), "version": content.version})


def _tally(parts: Sequence[PublishedPart], of: int) -> PublicationTally:
    """What became of so many parts; there is none where contract did not answer."""
    published, refused = (sum(part.outcome == outcome for part in parts) for outcome in (NEW, REFUSED))
    ended = PublicationEnd.REFUSED if refused else PublicationEnd.COMPLETE
    return PublicationTally(
        ended=ended if parts else PublicationEnd.FAILED,
        published=published,
        refused=refused,
        left=of - published - refused,
    )
