"""Ways to break books: each gives books with one thing in them that cannot have been."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.faults.checked.books import Books, Record, Topic
from tests.faults.checked.log import name_id

Break = Callable[[Books], Books]
Which = Callable[[Record], bool]


def event_of(record: Record) -> dict[str, Any]:
    """Read an event, or anything else that is written as an object."""
    content: dict[str, Any] = json.loads(record.value or b"")
    return content


def named(name: str, stream: str = "") -> Which:
    """Pick the events of a type, and of a stream."""
    return lambda record: name in event_of(record)["type"] and stream in event_of(record)["subject"]


def about(number: str) -> Which:
    """Pick what is keyed by a ticket's number."""
    return lambda record: record.key == number.encode()


def without(topic: str, which: Which) -> Break:
    """Lose records, without leaving a hole."""
    return lambda books: _with(books, topic, _dense([r for r in books.topic(topic).records if not which(r)]))


def lost(topic: str, which: Which) -> Break:
    """Lose records, leaving holes."""
    return lambda books: _with(books, topic, [r for r in books.topic(topic).records if not which(r)])


def moved(topic: str, which: Which, **record: Any) -> Break:
    """Let the first such record stand elsewhere, or under another key."""
    return _changed(topic, which, lambda first: first._replace(**record))


def reading(topic: str, which: Which, **content: Any) -> Break:
    """Let the first such record say something else, under the id that it had."""
    return _changed(topic, which, lambda first: first._replace(value=_json(event_of(first) | content)))


def saying(topic: str, which: Which, **data: Any) -> Break:
    """Let the first such event say something else, under an id that fits."""
    return _changed(topic, which, lambda first: first._replace(value=_with_id(_other(first, data=data))))


def again(topic: str, which: Which, **content: Any) -> Break:
    """Write the first such record once more, with other content where it is given."""

    def breaking(books: Books) -> Books:
        records = books.topic(topic).records
        copy = next(r for r in records if which(r))
        return _with(books, topic, _dense([*records, copy._replace(value=_json(event_of(copy) | content))]))

    return breaking


def followed(topic: str, like: Which, stream: str, data: Mapping[str, Any] | None = None, **envelope: Any) -> Break:
    """Let an event like the first such one follow at the end of a stream."""

    def breaking(books: Books) -> Books:
        records = books.topic(topic).records
        head = [r for r in records if event_of(r)["subject"] == stream][-1]
        place = {"subject": stream, "previousid": event_of(head)["id"]}
        place |= {"sequence": f"{int(event_of(head)['sequence']) + 1:010}"}
        event = _other(next(r for r in records if like(r)), data=data or {}, **place, **envelope)
        return _with(books, topic, _dense([*records, head._replace(value=_with_id(event))]))

    return breaking


def both(*breaks: Break) -> Break:
    """Break in several places."""

    def breaking(books: Books) -> Books:
        for one in breaks:
            books = one(books)
        return books

    return breaking


def _changed(topic: str, which: Which, change: Callable[[Record], Record]) -> Break:
    def breaking(books: Books) -> Books:
        records = list(books.topic(topic).records)
        first = next(at for at, record in enumerate(records) if which(record))
        records[first] = change(records[first])
        return _with(books, topic, records)

    return breaking


def _other(record: Record, data: Mapping[str, Any], **envelope: Any) -> dict[str, Any]:
    event = event_of(record)
    return {**event, **envelope, "data": event["data"] | data}


def _with_id(event: dict[str, Any]) -> bytes:
    data = json.dumps(event["data"])
    history = (event["subject"], event["causationid"], event.get("previousid") or "", event["type"], event["time"])
    return _json(event | {"id": name_id(*history, data)})


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content).encode()


def _with(books: Books, topic: str, records: Sequence[Record]) -> Books:
    known = books.topic(topic)
    return replace(books, topics={**books.topics, topic: Topic(topic, known.partitions, records)})


def _dense(records: Sequence[Record]) -> list[Record]:
    ends: dict[int, int] = {}
    dense = []
    for record in records:
        dense.append(record._replace(offset=ends.get(record.partition, 0)))
        ends[record.partition] = ends.get(record.partition, 0) + 1
    return dense
