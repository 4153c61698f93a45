"""What is read from and written to the brokers."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="batch-given-out-during-a-hand-over",
        file="libs/eventlog/kafka/subscription.py",
        before="        if self._handed is not None:\n            return {}\n        if got:",
        after="        if got:",
        why="records would be given out that the next owner of their partition is given as well",
        test="tests/unit/eventlog/test_subscription.py::test_what_was_fetched_before_a_hand_over_is_not_given_out_after_it",
    ),
    Bug(
        name="answer-with-an-error-is-an-empty-one",
        file="libs/eventlog/kafka/answers.py",
        before="if code is not None and values[code] != NoError.errno:",
        after="if code is not None and place and values[code] != NoError.errno:",
        why="a coordinator that moved would read as: nothing was committed, begin at 0",
        test="tests/unit/eventlog/test_answers.py::test_what_no_broker_says_is_not_available_and_never_an_empty_answer",
    ),
    Bug(
        name="sequence-beyond-what-is-stored",
        file="libs/eventlog/wire/codec.py",
        before="if not 1 <= event.sequence <= LAST_SEQUENCE:",
        after="if event.sequence < 1:",
        why="a head beyond bigint would end the reader for ever",
        test="tests/unit/eventlog/test_codec.py::test_what_can_not_be_read_stops_its_partition_with_a_sentence",
    ),
    Bug(
        name="nul-gets-into-the-log",
        file="libs/eventlog/wire/codec.py",
        before=r'if b"\\u0000" in (record.value or b"") and _NUL.search(record.value or b""):',
        after=r'if b"\0" in (record.value or b""):',
        why="an event with U+0000 would count and could be stored by nobody",
        test="tests/unit/eventlog/test_codec.py::test_what_can_not_be_read_stops_its_partition_with_a_sentence",
    ),
    Bug(
        name="closed-client-connects-again",
        file="libs/eventlog/kafka/client.py",
        before='        if self._closed:\n            raise Unavailable("the client is closed")\n',
        after="",
        why="whoever still asks it, as a scan that was left, would open a connection that nobody closes",
        test="tests/integration/eventlog/test_kafka_client.py",
        stack=True,
    ),
    Bug(
        name="goodbye-is-waited-for",
        file="libs/eventlog/kafka/brokers.py",
        before="        context.sslobject_class = OneWayShutdown\n",
        after="",
        why="a loop that ends before the broker's goodbye would leave its connection open",
        test="tests/integration/test_guarded_kafka.py",
        stack=True,
    ),
    Bug(
        name="name-twice-takes-the-last",
        file="libs/eventlog/wire/cloudevents.py",
        before="    if len({name for name, _ in pairs}) < len(pairs):\n        raise _Twice",
        after="    if len(pairs) > 1 << 20:\n        raise _Twice",
        why="what a message says would depend on which reader takes which of two values",
        test="tests/unit/eventlog/test_cloudevents.py::test_a_name_that_stands_twice_in_an_object_is_refused_wherever_it_stands",
    ),
    Bug(
        name="receipt-in-another-partition",
        file="libs/eventlog/wire/receipts.py",
        before=(
            "return Outgoing(receipts_of(answer.place.topic), answer.place.partition, kept, _json(answer), headers)"
        ),
        after="return Outgoing(receipts_of(answer.place.topic), 0, kept, _json(answer), headers)",
        why="receipts would come in another order than the messages",
        test="tests/unit/eventlog/test_receipts.py::test_a_receipt_stands_in_the_partition_of_its_record",
    ),
    Bug(
        name="dead-letter-cuts-a-record",
        file="libs/eventlog/wire/receipts.py",
        before="kept = record if fits else record._replace(key=None, value=None, headers=())",
        after="kept = record._replace(headers=())",
        why="what is sent in again after the mend would lack its headers, and be unreadable for ever",
        test="tests/unit/eventlog/test_receipts.py::test_a_dead_letter_keeps_what_a_record_does_not_have",
    ),
    Bug(
        name="stuck-remark-is-lost",
        file="libs/eventlog/kafka/commits.py",
        before='return Commit(offset, topic, remark) if _ID.fullmatch(topic) else Commit(offset, "", metadata)',
        after='return Commit(offset, topic, "") if _ID.fullmatch(topic) else Commit(offset, "", metadata)',
        why="what was left aside would be forgotten with the next start",
        test="tests/unit/eventlog/test_commits.py::test_what_was_committed_is_read_as_it_was_meant",
    ),
    Bug(
        name="read-uncommitted",
        file="libs/eventlog/kafka/subscription.py",
        before='"isolation_level": "read_committed"',
        after='"isolation_level": "read_uncommitted"',
        why="messages that an upstream took back would open tickets",
        test="tests/integration/eventlog/test_transactions.py::test_what_was_taken_back_is_not_answered_and_what_follows_it_is",
        stack=True,
    ),
)
