"""The metadata of a committed offset: the id of the topic that it belongs to, a blank, and a remark."""

import re

from libs.eventlog.ports import Commit

NO_MEMBER = (-1, "", -1)
"""In a request: the generation and the member of nobody, and that offsets are kept as long as the broker keeps any."""
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def metadata_of(topic: str, remark: str) -> str:
    """What is committed with an offset, of which the broker takes 4 KiB (offset.metadata.max.bytes)."""
    return f"{topic} {remark}".rstrip()


def commit_of(offset: int, metadata: str) -> Commit:
    """Read what was committed; without an id at its beginning all of it is a remark."""
    topic, _, remark = metadata.partition(" ")
    return Commit(offset, topic, remark) if _ID.fullmatch(topic) else Commit(offset, "", metadata)
