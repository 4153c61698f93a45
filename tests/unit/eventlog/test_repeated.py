"""A question that is put again and again costs little, and what a broker says otherwise is heard."""

from io import BytesIO

from aiokafka.protocol.offset import OffsetRequest, OffsetRequest_v3, OffsetResponse_v3

from libs.eventlog.kafka.repeated import Repeated

THREE, TWO = {2: (0, 3)}, {2: (0, 2)}


def question() -> Repeated:
    return Repeated(OffsetRequest(-1, 1, [("tickets", [(0, -1)])]))


def said(offset: int, code: int = 0) -> BytesIO:
    return BytesIO(OffsetResponse_v3(0, [("tickets", [(0, code, -1, offset)])]).encode())


def offset(answer: OffsetResponse_v3) -> int:
    [(_, [(_, _, _, found)])] = answer.topics
    return int(found)


def test_it_is_said_as_aiokafka_says_it_by_the_version_that_the_broker_knows() -> None:
    asked, plain = question(), OffsetRequest(-1, 1, [("tickets", [(0, -1)])])
    for versions in (THREE, THREE, TWO, THREE):
        known, wanted = asked.prepare(versions), plain.prepare(versions)
        assert known.encode() == wanted.encode()
        assert (
            known.build_request_header(7, "me").encode()
            == wanted.build_request_header(correlation_id=7, client_id="me").encode()
        )


def test_the_same_answer_is_the_same_object_and_another_one_is_read() -> None:
    asked = question().prepare(THREE)
    first = asked.decode(said(5))
    assert (offset(first), asked.decode(said(5))) == (5, first)
    assert asked.decode(said(5)) is first
    assert offset(asked.decode(said(6))) == 6
    assert offset(asked.decode(said(5))) == 5


def test_an_answer_of_a_broker_of_another_version_is_read_by_that() -> None:
    asked = question().prepare(THREE)
    first = asked.decode(said(5))
    assert asked.prepare(TWO).decode(said(5)) is not first
    assert asked.RESPONSE_TYPE.decode(said(5)).API_VERSION == 2
    assert isinstance(OffsetRequest(-1, 1, []).prepare(THREE), OffsetRequest_v3)
