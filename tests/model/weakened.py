"""The protocol with one rule left out at a time: each must be caught, or the checks show nothing."""

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from libs.decider import Decider, decider_of
from libs.eventlog.commands import IssuedCommand
from libs.eventlog.loops.door import DoorLoop
from libs.eventlog.loops.reaction import ReactionLoop
from libs.eventlog.loops.writer import Answer, Writer
from libs.eventlog.ports import Loaded
from libs.eventlog.put_away import PutAway
from libs.eventlog.rule import Aside, Judge
from libs.eventlog.wire.record import Head, Record, RecordedEvent, Written
from tests.model.services import WHOLE, Protocol, Stages
from tests.model.story import Ask, Refused, Restate, Ticket, TicketEvent, evolve_ticket, restate_or_decide
from tests.model.terms import (
    Contract,
    ContractEvent,
    Lapse,
    Sign,
    SignatureRefused,
    decide_contract,
    evolve_contract,
)


class EverythingCounts(Judge):
    def counts(self, event: RecordedEvent | Aside, heads: MutableMapping[str, Head]) -> bool:
        assert isinstance(event, RecordedEvent)
        heads[event.stream] = event.head
        return True


class BuildsOnWhatIsUnderWay(Writer):
    async def handle(self, commands: Sequence[IssuedCommand]) -> list[Answer]:
        """Take the whole batch at once."""
        answers: dict[int, Answer] = {}
        await self._settle(commands, [[at] for at in range(len(commands))], answers, self._clock.monotonic() + 30)
        return [answers[at] for at in range(len(commands))]

    def _decide_one(self, issued: IssuedCommand, known: Loaded, now: datetime) -> Written | None:
        event = super()._decide_one(issued, self._under_way.get(issued.stream, known), now)
        if event is not None:
            decider = decider_of(self._deciders, issued.stream)
            before = self._under_way.get(issued.stream, known)
            state = decider.evolve(decider.initial if before.state is None else before.state, event.event)
            self._under_way[issued.stream] = before._replace(head=event.head, state=state)
        return event

    async def _decide(
        self, open_: Mapping[int, IssuedCommand], known: dict[str, Loaded], answers: dict[int, Answer]
    ) -> dict[int, Written]:
        self._under_way: dict[str, Loaded] = {}
        return await super()._decide(open_, known, answers)

    def _go_on(self, *_: Any) -> None:
        """Leave what is known as it was loaded."""

    async def _load(self, commands: Sequence[IssuedCommand], known: dict[str, Loaded]) -> None:
        known.clear()
        await super()._load(commands, known)


class AnswersAtTheAcknowledgement(Writer):
    async def _passed(self, reach: Mapping[int, int], deadline: float) -> None:
        """Wait for nobody."""

    async def _read_back(
        self,
        open_: Mapping[int, IssuedCommand],
        sent: Mapping[int, Written],
        offsets: Mapping[int, int],
        answers: dict[int, Answer],
    ) -> None:
        for at, written in sent.items():
            answers[at] = Answer(open_[at], self._own(written, max(offsets[at], 0)))


class AnswersWhatItDecided(Writer):
    async def _read_back(
        self,
        open_: Mapping[int, IssuedCommand],
        sent: Mapping[int, Written],
        offsets: Mapping[int, int],
        answers: dict[int, Answer],
    ) -> None:
        await super()._read_back(open_, sent, offsets, answers)
        for at in sent.keys() & answers.keys():
            answers[at] = Answer(open_[at], self._own(sent[at], max(offsets[at], 0)))


def decide_but_do_not_say_no(state: Ticket, command: Ask | Restate) -> TicketEvent | None:
    event = restate_or_decide(state, command)
    return None if isinstance(event, Refused) else event


SAYS_NOTHING: Decider[Any, Any, Any] = Decider(Ticket(), decide_but_do_not_say_no, evolve_ticket)


def without_reactions(stages: Stages) -> Stages:
    door, _, promises = stages
    return [door, promises]


def without_the_door(stages: Stages) -> Stages:
    return stages[1:]


def without_signatures(stages: Stages) -> Stages:
    return stages[1:]


def decide_by_the_day_of_telling(state: Contract, command: Sign | Lapse) -> ContractEvent | None:
    if state.lapsed and state.until and isinstance(command, Sign) and command.occurred_at < state.until:
        return SignatureRefused(signed_at=command.occurred_at, basis=state.contents)
    return decide_contract(state, command)


REVERSES_NOTHING: Decider[Any, Any, Any] = Decider(Contract(), decide_by_the_day_of_telling, evolve_contract)


class ReactsToWhatIsVoid(ReactionLoop):
    async def _counting(self, batches: Mapping[int, Sequence[Record]]) -> list[RecordedEvent]:
        return [self._codec.open(self._codec.envelope(r)) for records in batches.values() for r in records]


class AsksBeforeTheGate(DoorLoop):
    async def process(self, records: Sequence[Record]) -> None:
        async def open_gate() -> None:
            return

        self._gate = open_gate
        await super().process(records)


class DropsWhatIsPutAway(PutAway):
    def packed(self, state: bytes | None) -> bytes | None:  # noqa: ARG002 - that is what is wrong with it
        return None


class Weakened(NamedTuple):
    left_out: str
    protocol: Protocol


RULES: Mapping[str, Weakened] = {
    "sequence": Weakened("every record counts", replace(WHOLE, judge=EverythingCounts)),
    "one-under-way": Weakened(
        "a writer builds on its own records before they count",
        replace(WHOLE, writer=BuildsOnWhatIsUnderWay),
    ),
    "counts": Weakened(
        "the answer is given at the acknowledgement, and the command forgotten",
        replace(WHOLE, writer=AnswersAtTheAcknowledgement),
    ),
    "own-answer": Weakened(
        "the answer is what this writer decided, not what counts", replace(WHOLE, writer=AnswersWhatItDecided)
    ),
    "refusal": Weakened(
        "a refusal leaves no event", replace(WHOLE, ticket=SAYS_NOTHING, a_refusal_leaves_no_event=True)
    ),
    "reactions": Weakened("a deadline does not wait for reactions", replace(WHOLE, stages=without_reactions)),
    "door": Weakened("a deadline does not wait for the door", replace(WHOLE, stages=without_the_door)),
    "signatures": Weakened(
        "a lapse does not wait for the door of signatures", replace(WHOLE, stages_of_a_lapse=without_signatures)
    ),
    "late": Weakened("a signature counts by when it is told", replace(WHOLE, contract=REVERSES_NOTHING)),
    "restated": Weakened("a refusal that was wrong is not restated", replace(WHOLE, nothing_is_restated=True)),
    "void": Weakened("a reaction does not ask what counts", replace(WHOLE, reaction=ReactsToWhatIsVoid)),
    "fence": Weakened("a reader does not look whose the partition is", replace(WHOLE, nobody_is_fenced=True)),
    "put-away": Weakened(
        "the state of a stream is dropped when it is put away", replace(WHOLE, put_away=DropsWhatIsPutAway(after=-1))
    ),
    "gate": Weakened("facts are asked for before the gate is open", replace(WHOLE, door=AsksBeforeTheGate)),
}
