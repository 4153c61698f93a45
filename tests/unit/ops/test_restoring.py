"""How far a group had come, as it is committed again in the cluster that a backup is restored into."""

from types import SimpleNamespace
from typing import Any

from libs.eventlog.kafka.commits import metadata_of
from libs.eventlog.kafka.groups import GroupOffset
from libs.eventlog.loops.held_back import remark_of
from services.ops.backup.restoring import _Restoring

TOPIC = "olcare.tickets.in.v1"
SAVED, NOW, BEFORE = (f"{n}b1e9a52-6f4f-4a37-9c1e-2d8f0c7a5e11" for n in (1, 2, 3))
LEFT = remark_of([3, 5], TOPIC)


def renamed(metadata: str) -> str:
    topics = [SimpleNamespace(name=TOPIC, id=SAVED)]
    backup: Any = SimpleNamespace(manifest=SimpleNamespace(topics=topics))
    tools: Any = None
    restoring = _Restoring(backup, {}, tools, lambda *_: None)
    offset = GroupOffset("intake.door", TOPIC, 0, 7, metadata)
    found = restoring._renamed(offset, {TOPIC: NOW})
    assert found._replace(metadata="") == offset._replace(metadata="")
    return found.metadata


def test_the_topic_is_named_as_it_is_now_and_what_was_left_aside_stays() -> None:
    assert renamed(metadata_of(SAVED, LEFT)) == metadata_of(NOW, LEFT)
    assert renamed(metadata_of(SAVED, "")) == metadata_of(NOW, "")


def test_what_was_committed_of_another_topic_of_that_name_stays_so() -> None:
    assert renamed(metadata_of(BEFORE, LEFT)) == metadata_of(BEFORE, LEFT)
    assert renamed(LEFT) == LEFT
