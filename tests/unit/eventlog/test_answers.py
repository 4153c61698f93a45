"""No error code of a broker is passed over: what it does not say is asked for again, or not available."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    RequestTimedOutError,
)
from aiokafka.protocol.admin import (
    CreateTopicsRequest,
    DescribeConfigsRequest,
    DescribeGroupsResponse_v3,
    ListGroupsResponse_v2,
)
from aiokafka.protocol.api import Request, Response
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.metadata import MetadataRequest
from aiokafka.protocol.offset import OffsetRequest

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka import connection
from libs.eventlog.kafka.answers import ErrorCode, checked, codes
from libs.eventlog.kafka.connection import KafkaSettings
from libs.eventlog.kafka.log import KafkaLog
from libs.eventlog.kafka.topic_id import TopicIdRequest
from libs.eventlog.kafka.topics import TopicAdmin
from tests.unit.eventlog import planted
from tests.unit.eventlog.planted import GROUP, NODE, TOPIC, Make, Planted
from tests.unit.eventlog.test_topics import CARD as TWELVE

NONE, UNHEARD = 0, 999
UNKNOWN_TOPIC, NOT_LEADER, NO_LEADER, TIMED_OUT, STORAGE = 3, 6, 5, 7, 56
LOADING, NO_COORDINATOR, NOT_COORDINATOR, NOT_CONTROLLER = 14, 15, 16, 41
UNKNOWN, NOT_FOR_YOU, NOT_YOUR_GROUP, NOT_SUPPORTED, DISABLED = -1, 29, 30, 35, 54
EXISTS, TOO_FEW_BROKERS, BAD_SETTING, AGAINST_POLICY = 36, 38, 40, 44
PASSING = (UNKNOWN_TOPIC, NO_LEADER, NOT_LEADER, TIMED_OUT, STORAGE, LOADING, NO_COORDINATOR, NOT_COORDINATOR)
LASTING = (UNKNOWN, NOT_FOR_YOU, NOT_YOUR_GROUP, NOT_SUPPORTED, DISABLED, UNHEARD)
CARD = replace(TWELVE, partitions=1, config={}, production={}, replication=1)

Answers = Mapping[type[Request[Any]], Response]
Call = Callable[[KafkaLog, TopicAdmin], Awaitable[Any]]
NO_OTHERS: Answers = {}
WELL: Answers = {
    FindCoordinatorRequest: planted.coordinator(),
    OffsetFetchRequest: planted.committed(),
    OffsetRequest: planted.offsets(),
    TopicIdRequest: planted.topic_id(),
    MetadataRequest: planted.metadata(),
    DescribeConfigsRequest: planted.settings(TOPIC, offsets_retention_minutes="1440"),
    CreateTopicsRequest: planted.made(),
    FetchRequest: planted.fetched(),
}


class Question(NamedTuple):
    """A call, the answer that it gets when all is well, and where the broker may say that it is not."""

    call: Call
    well: object
    asks: type[Request[Any]]
    bad: Make
    understood: tuple[int, ...] = ()
    others: Answers = NO_OTHERS


async def scanned(log: KafkaLog, _: TopicAdmin) -> list[bytes | None]:
    return [record.value async for records in log.scan(TOPIC, 0, 1) for record in records]


QUESTIONS = {
    "committed offsets, at the top": Question(
        lambda log, _: log.committed_offsets(GROUP, TOPIC), {0: 10}, OffsetFetchRequest, planted.committed
    ),
    "committed offsets, of a partition": Question(
        lambda log, _: log.committed_offsets(GROUP, TOPIC),
        {0: 10},
        OffsetFetchRequest,
        lambda code: planted.committed(partition=code, offset=-1),
    ),
    "coordinator": Question(
        lambda log, _: log.committed_offsets(GROUP, TOPIC), {0: 10}, FindCoordinatorRequest, planted.coordinator
    ),
    "ends": Question(lambda log, _: log.ends(TOPIC), {0: 10}, OffsetRequest, planted.offsets),
    "high watermarks": Question(lambda log, _: log.high_watermarks(TOPIC), {0: 10}, OffsetRequest, planted.offsets),
    "starts": Question(lambda log, _: log.starts(TOPIC), {0: 10}, OffsetRequest, planted.offsets),
    "offsets since": Question(lambda log, _: log.since(TOPIC, 1), {0: 10}, OffsetRequest, planted.offsets),
    "identity": Question(
        lambda log, _: log.identity(TOPIC), ("cluster", "id"), TopicIdRequest, planted.topic_id, (UNKNOWN_TOPIC,)
    ),
    "records, at the top": Question(scanned, [b"value"], FetchRequest, planted.fetched),
    "records, of a partition": Question(
        scanned, [b"value"], FetchRequest, lambda code: planted.fetched(partition=code)
    ),
    "topics, of a topic": Question(lambda _, admin: admin.check([CARD]), [], MetadataRequest, planted.metadata),
    "topics, of a partition": Question(
        lambda _, admin: admin.check([CARD]),
        [],
        MetadataRequest,
        lambda code: planted.metadata(partition=code),
        (NO_LEADER,),
    ),
    "settings of a topic": Question(
        lambda _, admin: admin.check([CARD]),
        [],
        DescribeConfigsRequest,
        lambda code: planted.settings(TOPIC, code),
    ),
    "settings of a broker": Question(
        lambda _, admin: admin.offsets_kept(),
        1440,
        DescribeConfigsRequest,
        lambda code: planted.settings(str(NODE), code),
    ),
    "brokers": Question(lambda _, admin: admin.brokers(), 1, MetadataRequest, planted.metadata),
    "making topics": Question(
        lambda _, admin: admin.create([CARD]),
        [TOPIC],
        CreateTopicsRequest,
        planted.made,
        (NOT_FOR_YOU,),
        {MetadataRequest: planted.no_topics()},
    ),
}
EVERY = [
    pytest.param(question, code, id=f"{name}: {code}")
    for name, question in QUESTIONS.items()
    for code in (*PASSING, *LASTING, NOT_CONTROLLER)
    if code not in question.understood
]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "RETRY", 0)


async def ask(question: Question, *answers: Response | Exception, patience: float = 60.0) -> tuple[Planted, Any]:
    """Put the question to a cluster that gives these answers in turn; the cluster, and what came of it."""
    well = {**WELL, **question.others}
    planned: dict[type[Request[Any]], list[Response | Exception]] = {kind: [answer] for kind, answer in well.items()}
    cluster = Planted(planned | {question.asks: [*answers]})
    log, admin = KafkaLog(KafkaSettings("nowhere:1", "test", patience=patience)), TopicAdmin("nowhere:1")
    for client in (log._client, admin._client):
        client._client, client._patience = cluster, patience
    try:
        return cluster, await question.call(log, admin)
    except (Unavailable, ValueError) as error:
        return cluster, error


def well(question: Question) -> Response:
    return {**WELL, **question.others}[question.asks]


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
async def test_an_answer_without_a_code_is_taken(question: Question) -> None:
    assert (await ask(question, well(question)))[1] == question.well


@pytest.mark.parametrize(("question", "code"), EVERY)
async def test_what_no_broker_says_is_not_available_and_never_an_empty_answer(question: Question, code: int) -> None:
    _, found = await ask(question, question.bad(code), patience=0)
    assert isinstance(found, Unavailable), found


@pytest.mark.parametrize(("question", "code"), EVERY)
async def test_what_passes_is_asked_again_and_what_stays_is_not(question: Question, code: int) -> None:
    cluster, found = await ask(question, question.bad(code), well(question))
    if code in LASTING:
        assert isinstance(found, Unavailable), found
    else:
        assert found == question.well
    assert len(cluster.asked[question.asks.__name__]) == (1 if code in LASTING else 2)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize(
    "error",
    [
        NodeNotReadyError(),
        RequestTimedOutError(),
        KafkaConnectionError(),
        KafkaError(),
        OSError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_a_broker_that_does_not_answer_is_not_available_whatever_its_client_raises(
    question: Question, error: Exception
) -> None:
    _, found = await ask(question, error, patience=0)
    assert isinstance(found, Unavailable), found


@pytest.mark.parametrize("code", [NOT_COORDINATOR, NO_COORDINATOR, LOADING])
async def test_a_coordinator_that_is_none_any_more_is_looked_for_anew(code: int) -> None:
    finding, fetching = [planted.coordinator(node=n) for n in (1, 2)], [planted.committed(), planted.committed(code)]
    cluster = Planted({FindCoordinatorRequest: finding, OffsetFetchRequest: [*fetching, planted.committed(offset=11)]})
    log = KafkaLog(KafkaSettings("nowhere:1", "test"))
    log._client._client = cluster
    assert await log.committed_offsets(GROUP, TOPIC) == {0: 10}
    assert await log.committed_offsets(GROUP, TOPIC) == {0: 11}
    assert cluster.asked == {"FindCoordinatorRequest": [NODE, NODE], "OffsetFetchRequest": [1, 1, 2]}


async def test_a_group_that_has_committed_nothing_is_said_to_have_nothing() -> None:
    question = QUESTIONS["committed offsets, of a partition"]
    assert (await ask(question, planted.committed(offset=-1)))[1] == {}


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("committed offsets, of a partition", type(planted.committed())(0, [], 0)),
        ("ends", type(planted.offsets())(0, [])),
        ("settings of a topic", type(planted.settings(TOPIC))(0, [])),
        ("settings of a broker", type(planted.settings(TOPIC))(0, [])),
        ("identity", planted.topic_id(UNKNOWN_TOPIC)),
    ],
)
async def test_an_answer_that_does_not_speak_of_what_was_asked_is_none(name: str, answer: Response) -> None:
    _, found = await ask(QUESTIONS[name], answer, patience=0)
    assert isinstance(found, Unavailable), found


async def test_a_topic_whose_partition_has_no_leader_is_there_all_the_same() -> None:
    assert (await ask(QUESTIONS["topics, of a partition"], planted.metadata(partition=NO_LEADER)))[1] == []
    assert (await ask(QUESTIONS["identity"], planted.topic_id(partition=NO_LEADER)))[1] == ("cluster", "id")


async def test_a_broker_that_is_down_makes_the_cluster_no_smaller() -> None:
    """Else the settings of production would no longer be looked at, and a topic could be made with two replicas."""
    answer = planted.metadata(replicas=[NODE, 2, 3])
    assert (await ask(QUESTIONS["brokers"], answer))[1] == 3
    question = QUESTIONS["topics, of a topic"]._replace(
        call=lambda _, admin: admin.check([replace(CARD, production={"min.insync.replicas": "2"})])
    )
    assert (await ask(question, answer))[1] == [f"{TOPIC} has min.insync.replicas=None, its card says 2"]


@pytest.mark.parametrize("code", [TOO_FEW_BROKERS, BAD_SETTING, AGAINST_POLICY, NOT_FOR_YOU])
async def test_a_topic_that_the_broker_will_not_make_is_refused_with_its_words(code: int) -> None:
    _, found = await ask(QUESTIONS["making topics"], planted.made(code))
    assert isinstance(found, ValueError)
    assert str(found) == f"{TOPIC} was not made: why"


async def test_a_topic_that_somebody_else_has_made_meanwhile_is_made() -> None:
    assert (await ask(QUESTIONS["making topics"], planted.made(EXISTS)))[1] == [TOPIC]


@pytest.mark.parametrize(
    ("answer", "place"),
    [
        (ListGroupsResponse_v2(0, NOT_COORDINATOR, []), ""),
        (DescribeGroupsResponse_v3(0, [(NOT_COORDINATOR, GROUP, "", "", "", [], 0)]), "groups"),
    ],
)
def test_answers_that_nobody_asks_for_yet_would_be_looked_at_too(answer: Response, place: str) -> None:
    assert [(found.place, found.code) for found in codes(answer)] == [(place, NOT_COORDINATOR)]
    with pytest.raises(KafkaError):
        checked(answer)


def test_a_code_is_told_with_what_it_is_about() -> None:
    answer = planted.offsets(UNHEARD)
    assert list(codes(answer)) == [ErrorCode("partitions", UNHEARD, (TOPIC, 0))]
    with pytest.raises(KafkaError, match=rf"error code 999, OffsetResponse_v3 {TOPIC} 0"):
        checked(answer)


def test_a_code_is_tolerated_only_where_it_is_understood() -> None:
    answer = planted.topic_id(partition=NO_LEADER)
    assert checked(answer, {"partitions": frozenset({NO_LEADER})}) is answer
    with pytest.raises(KafkaError):
        checked(answer, {"topics": frozenset({NO_LEADER})})
