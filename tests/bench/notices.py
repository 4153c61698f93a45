"""Notices: from their requests in the log to mails that the server has taken, each with its claim and its result.

The real service and a real SMTP server on the same machine, 20 at once; an installation with nothing else to do.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.wire.record import Cause, Outgoing, encode
from libs.messages.catalogue import NOTICES
from libs.messages.ids import name_id
from libs.messages.notices import NoticeClass, NoticeFacts, NoticeRequested, NoticeRole, Recipient
from libs.messages.streams import partition_of
from libs.messages.tickets import Channel
from libs.stack.catcher import messages_in
from libs.stack.run import Run
from libs.stack.wait import machine_seconds
from tests.bench.rounds import Part, limited
from tests.bench.stage import Stage
from tests.faults.script import BEGIN
from tests.faults.system import CARDS, System
from tests.support import eventually

SERVICE, PARTITIONS = "notification", CARDS[NOTICES].partitions
A_ROUND = 500  # notices
ASKED = 100  # a second
PATIENCE = 300.0  # machine seconds
UNHURRIED = {f"OLCARE_SMTP_{phase}_SECONDS": "60" for phase in ("CONNECT", "COMMAND", "BODY")}
EVENTS = ("NoticeRequested", "NoticeHandingOver", "NoticeSent")


async def measure(stage: Stage) -> Part:
    """Send so many each round; each is requested, claimed, sent and recorded once."""
    with Run.create(name="bench-notices") as run:
        system = System(run, BEGIN, measured=True, env=UNHURRIED)
        await system.start()
        await system.serve(SERVICE)
        rates = [await _sent(system, number) for number in range(stage.rounds)]
    asked = limited("a hundred notices a second", 1 / ASKED, [1 / rate for rate in rates])
    return Part("notices", [asked], {"notices": f"{min(rates):,.0f} to {max(rates):,.0f} a second"})


async def _sent(system: System, number: int) -> float:
    """Request notices, wait until the server has taken all, and check the log; gives how many a second."""
    before = len(messages_in(system.mail.journal))

    async def are_taken() -> bool:
        return len(messages_in(system.mail.journal)) >= before + A_ROUND

    log = KafkaLog(KafkaSettings(system.kafka.address, "bench"))
    await log.open()
    try:
        appender, begin = log.appender(), await log.ends(NOTICES)
        began = machine_seconds()
        if min(await appender.append(list(_requested(number)))) < 0:
            raise ValueError(f"{NOTICES} could not be filled")
        await eventually(are_taken, seconds=PATIENCE)
        rate = A_ROUND / (machine_seconds() - began)
        await system.quiet()
        await appender.close()
        _check(await _events(log, begin))
    finally:
        await log.close()
    return rate


async def _events(log: KafkaLog, begin: Mapping[int, int]) -> Mapping[str, int]:
    """How many events there are of each kind since some ends."""
    kinds = Counter[str]()
    for partition, end in (await log.ends(NOTICES)).items():
        async for records in log.scan(NOTICES, partition, end, begin[partition]):
            kinds.update(json.loads(record.value or b"")["type"].split(".")[1] for record in records)
    return kinds


def _check(kinds: Mapping[str, int]) -> None:
    if kinds != dict.fromkeys(EVENTS, A_ROUND):
        raise ValueError(f"not each notice was requested, claimed and sent once: {dict(kinds)}")


def _requested(number: int) -> Iterator[Outgoing]:
    """Breaches of promises, told to operations."""
    at = datetime(2026, 11, 23, 8, tzinfo=UTC)
    for n in range(A_ROUND):
        event = str(name_id("bench", "notice", str(number), str(n)))
        stream, ticket = f"notice/{event}/operations", f"ticket/crm-eu/b-{number}-{n}"
        facts = NoticeFacts(
            ticket=ticket,
            customer="customer/erp/C-1001",
            centre="france",
            zone="Europe/Paris",
            channel=Channel.WEB,
            due_at=at,
            breached_at=at,
        )
        requested = NoticeRequested(
            requested_at=at,
            role=NoticeRole.OPERATIONS,
            notice_class=NoticeClass.BREACH,
            about_event=event,
            about_stream=f"promise/crm-eu/b-{number}-{n}",
            recipient=Recipient(operations=True),
            language="en",
            template="breach",
            facts=facts,
            message_id=f"<{event}.operations@notices.olcare.example>",
        )
        value = encode("olcare/notification", stream, None, requested, Cause(event, event, at), at).value
        yield Outgoing(NOTICES, partition_of(stream, PARTITIONS), stream.encode(), value)
