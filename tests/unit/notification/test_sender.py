"""When the sender connects to the mail server: once for each claim of its own that counts, and never otherwise."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from libs.chassis.manual_clock import ManualClock
from libs.chassis.stuck import StuckList
from libs.eventlog.commands import IssuedCommand
from libs.eventlog.errors import Unavailable
from libs.eventlog.failures import unreported
from libs.eventlog.loops.writer import Answer
from libs.eventlog.wire.record import RecordedEvent
from libs.messages.notices import NoticeEvent
from services.notification import sender
from services.notification.mail.outgoing import OutgoingMail
from services.notification.mail.smtp import Accepted, Outcome
from services.notification.notice.delivery import ClaimHandOver, RecordAmbiguous, RecordSent
from services.notification.notice.state import Claim
from services.notification.sender import RECORDING, Sender
from services.notification.settings import NotificationSettings
from tests.unit.notification.stories import FIRST, TUESDAY, sent, taken

NOTICE = "notice/0f6a4d9e-7a0a-5d0e-9f0a-6d2f1c1b7a11/requester"
OFFSETS: dict[str, int] = {}
"""Where the events stand that the commands caused."""
ROW = {"stream": NOTICE, "head": "head-1", "attempt": 1, "correlation": "c", "template": "warning"}


class Writer:
    """Answers a claim as it is told, and keeps the results."""

    def __init__(self) -> None:
        self.answers: Callable[[IssuedCommand], Answer] = counted
        self.results: list[Any] = []
        self.unavailable = 0

    async def handle(self, commands: Sequence[IssuedCommand]) -> list[Answer]:
        results = [c.command for c in commands if not isinstance(c.command, ClaimHandOver)]
        if results and self.unavailable:
            self.unavailable -= 1
            raise Unavailable("not now")
        self.results += results
        return [self.answers(issued) for issued in commands]


class Mails:
    """A mail server that takes every mail, unless it is told to fail."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.fails = False

    async def hand_over(self, *said: object) -> Outcome:
        self.taken.append(cast("str", said[2]))
        if self.fails:
            raise RuntimeError("of ours")
        return Accepted(250)


class Scene:
    """One process's sender, whose tables show one notice to be sent however often it looks."""

    def __init__(self, mails: Mails) -> None:
        self.mails, self.writer = mails, Writer()
        self.clock, self.mine = ManualClock(TUESDAY), True
        self.first_life = self.clock.process_id
        self.sender = self.begun()

    def begun(self) -> Sender:
        host = SimpleNamespace(
            queries=self, clock=self.clock, waiter=lambda: None, report=unreported, stuck=StuckList(self.clock)
        )
        host.engine = SimpleNamespace(owns=lambda _: self.mine)
        settings = NotificationSettings.model_construct(smtp="nowhere:25")
        return Sender(cast("Any", host), settings, cast("Any", self.writer))

    async def rows(self, query: str, **_: object) -> Sequence[Any]:
        """The notices to be sent: this one."""
        assert query == "notices_to_send"
        return [ROW]


def event_of(issued: IssuedCommand, cause: str, data: NoticeEvent | None = None) -> RecordedEvent:
    data = data or (taken(FIRST) if isinstance(issued.command, ClaimHandOver) else sent(FIRST))
    offset = OFFSETS.setdefault(cause, len(OFFSETS))
    known = SimpleNamespace(id=f"event of {cause}", causationid=cause, data=data, partition=0, offset=offset)
    return cast("RecordedEvent", known)


def counted(issued: IssuedCommand) -> Answer:
    return Answer(issued, event_of(issued, issued.id))


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    mails = Mails()
    monkeypatch.setattr(sender, "hand_over", mails.hand_over)
    monkeypatch.setattr(sender, "write", lambda row, *_: OutgoingMail(f"{row['stream']}@x.example", b""))
    return Scene(mails)


async def test_a_notice_is_handed_over_once_its_claim_counts_and_the_result_is_recorded(scene: Scene) -> None:
    assert await scene.sender.round() == 1
    assert scene.mails.taken == [f"{NOTICE}@x.example"]
    assert scene.writer.results == [RecordSent(TUESDAY, Claim(str(scene.clock.process_id), 1), 250)]


async def test_one_claim_is_acted_on_once_however_often_the_notice_is_found(scene: Scene) -> None:
    assert [await scene.sender.round() for _ in range(3)] == [1, 0, 0]
    assert len(scene.mails.taken) == 1


@pytest.mark.parametrize(
    "answer",
    [
        lambda issued: Answer(issued, None),
        lambda issued: Answer(issued, event_of(issued, "the claim of another process")),
        lambda issued: Answer(issued, event_of(issued, issued.id, sent(FIRST))),
    ],
    ids=["nothing counts", "another claim counts", "what counts is no claim"],
)
async def test_nothing_is_handed_over_unless_the_own_claim_counts(
    scene: Scene, answer: Callable[[IssuedCommand], Answer]
) -> None:
    scene.writer.answers = answer
    assert (await scene.sender.round(), scene.mails.taken, scene.writer.results) == (0, [], [])


async def test_a_claim_that_can_not_be_written_connects_to_nobody(scene: Scene) -> None:
    def unavailable(_: IssuedCommand) -> Answer:
        raise Unavailable("not now")

    scene.writer.answers = unavailable
    with pytest.raises(Unavailable):
        await scene.sender.round()
    assert scene.mails.taken == []


async def test_a_notice_of_another_process_s_partition_is_left_to_it(scene: Scene) -> None:
    scene.mine = False
    assert (await scene.sender.round(), scene.mails.taken) == (0, [])


async def test_another_life_of_the_process_claims_for_itself(scene: Scene) -> None:
    await scene.sender.round()
    scene.clock.process_id = UUID(int=7)
    assert await scene.begun().round() == 1
    assert [result.claim for result in scene.writer.results] == [
        Claim(str(process), 1) for process in (scene.first_life, UUID(int=7))
    ]


async def test_a_result_is_recorded_when_the_log_is_there_again_and_the_mail_is_not_sent_again(scene: Scene) -> None:
    scene.writer.unavailable = 3
    await scene.sender.round()
    assert (len(scene.mails.taken), len(scene.writer.results)) == (1, 1)


async def test_a_result_that_can_not_be_recorded_is_given_up_after_a_while(scene: Scene) -> None:
    scene.writer.unavailable = 10_000
    with pytest.raises(Unavailable):
        await scene.sender.round()
    assert scene.clock.monotonic() > RECORDING.total_seconds()
    assert await scene.sender.round() == 0
    assert len(scene.mails.taken) == 1


async def test_a_hand_over_that_fails_by_a_fault_of_ours_is_in_doubt(scene: Scene) -> None:
    scene.mails.fails = True
    await scene.sender.round()
    assert [type(result) for result in scene.writer.results] == [RecordAmbiguous]
