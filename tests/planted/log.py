"""The rule of the log, and the loops that keep it."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="record-of-another-history-counts",
        file="libs/eventlog/rule.py",
        before="if event.sequence == last + 1 and event.previousid == previous:",
        after="if event.sequence == last + 1:",
        why="an event that was decided on another history than ours would count",
        test="tests/unit/eventlog/test_rule.py::test_one_that_follows_another_history_stops_the_partition",
    ),
    Bug(
        name="gap-in-a-stream-is-void",
        file="libs/eventlog/rule.py",
        before="    if event.sequence <= last:\n        return False",
        after="    if event.sequence != last + 1:\n        return False",
        why="a lost record would be passed over in silence, and the tables miss it for ever",
        test="tests/unit/eventlog/test_rule.py::test_one_that_is_missing_stops_the_partition",
    ),
    Bug(
        name="any-hole-is-passed",
        file="libs/eventlog/rule.py",
        before="while expected < before and (partition, expected) in self._aside:",
        after="while expected < before:",
        why="records that the broker lost would be missing without a word",
        test="tests/unit/eventlog/test_rule.py::test_no_offset_is_missing_but_what_is_set_aside",
    ),
    Bug(
        name="set-aside-whatever-stands-there",
        file="libs/eventlog/rule.py",
        before="if digest != entry.sha256:",
        after="if not digest:",
        why="a card meant for one record would drop whichever record stands at its offset",
        test="tests/unit/eventlog/test_rule.py::test_only_the_very_record_that_the_card_names_is_set_aside",
    ),
    Bug(
        name="quiet-hour-goes-back",
        file="libs/eventlog/fold.py",
        before="if hour > view.hours.get(event.stream, hour - 1):",
        after="if hour != view.hours.get(event.stream):",
        why="a busy stream would be put away after a clock that went back, and a rebuild differ",
        test="tests/unit/eventlog/test_fold.py::test_the_hour_of_a_stream_is_its_latest_also_where_a_clock_went_back",
    ),
    Bug(
        name="command-index-forgets",
        file="libs/eventlog/fold.py",
        before="return next((offset for found, offset in entries(index) if found == wanted), None)",
        after="return next((offset for found, offset in entries(index[-INDEX_ENTRY:]) if found == wanted), None)",
        why="a command that was answered already would be decided a second time",
        test="tests/unit/eventlog/test_fold.py::test_rows_heads_and_journals_move_together",
    ),
    Bug(
        name="writer-forgets-what-is-unsure",
        file="libs/eventlog/loops/writer.py",
        before="            reach.update({p: marks[p] - 1 for p in unsure})\n",
        after="            reach.update({p: marks[p] - 1 for p in unsure if p not in reach})\n",
        why="a record whose fate is unknown would be decided again before it is read",
        test="tests/unit/eventlog/test_chains.py::test_no_chain_waits_for_a_foreign_one_that_does_not_come_to_count",
    ),
    Bug(
        name="writer-builds-on-anothers-event",
        file="libs/eventlog/loops/writer.py",
        before="if answer and answer.event and answer.event.offset == offsets[at]:",
        after="if answer and answer.event:",
        why="the next command of a chain would rest on a state that no log holds",
        test="tests/model/test_protocol.py::test_the_books_balance_whatever_happens",
    ),
    Bug(
        name="writer-takes-any-size",
        file="libs/eventlog/loops/writer.py",
        before="if len(written.value) > LARGEST:",
        after="if len(written.stream) > LARGEST:",
        why="an event that no broker takes would renew the producer for ever",
        test="tests/unit/eventlog/test_chains.py::test_an_event_that_is_too_large_is_never_sent",
    ),
    Bug(
        name="writer-looks-before-it-has-caught-up",
        file="libs/eventlog/loops/writer.py",
        before=(
            "        await self._caught_up({partition_of(issued.stream, self._partitions) for issued in commands})\n"
        ),
        after="",
        why="a message that counts already would be told that it does not",
        test="tests/unit/eventlog/test_writer.py::test_whether_a_command_counts_is_not_said_before_all_that_was_appended_is_read",
    ),
    Bug(
        name="private-records-not-written",
        file="libs/eventlog/loops/door.py",
        before=(
            "        await self._write([out for record, message in read for out in "
            "self._door.private(record, message)])\n"
        ),
        after="",
        why="what a person wrote would be lost for good, and no mail reach anybody",
        test="tests/unit/eventlog/test_loops.py::test_what_is_personal_is_acknowledged_before_the_event_that_names_it_is_decided",
    ),
    Bug(
        name="private-records-after-the-event",
        file="libs/eventlog/loops/door.py",
        before=(
            "        await self._write([out for record, message in read for out in "
            "self._door.private(record, message)])\n"
            "        for wave in fact_waves(self._door.resting(message) for _, message in read):\n"
            "            receipts += await self._decide([read[at] for at in wave])\n"
        ),
        after=(
            "        for wave in fact_waves(self._door.resting(message) for _, message in read):\n"
            "            receipts += await self._decide([read[at] for at in wave])\n"
            "        await self._write([out for record, message in read for out in "
            "self._door.private(record, message)])\n"
        ),
        why="an event would name a private record that a crash has kept from being written",
        test="tests/unit/eventlog/test_loops.py::test_what_is_personal_is_acknowledged_before_the_event_that_names_it_is_decided",
    ),
    Bug(
        name="door-commits-what-waits",
        file="libs/eventlog/loops/backlog.py",
        before="return {**self._read_to, **first}",
        after="return dict(self._read_to)",
        why="messages that wait behind a busy ticket would be lost by a restart",
        test="tests/unit/eventlog/test_backlog.py::test_others_go_by_a_busy_stream",
    ),
    Bug(
        name="door-asks-before-the-gate",
        file="libs/eventlog/loops/door.py",
        before="        await self._gate()  # so that the facts queried below are not older than the gate allows\n",
        after="",
        why="messages would be refused on facts that are older than what was said before them",
        test="tests/unit/eventlog/test_loops.py::test_facts_are_asked_for_when_the_gate_is_open_and_not_before",
    ),
    Bug(
        name="id-used-otherwise-is-a-repeat",
        file="libs/eventlog/loops/door.py",
        before="        await self._refuse_used_ids([message for _, message in read], answers)\n",
        after="",
        why="another message under a used id would be told accepted, and be lost",
        test="tests/unit/eventlog/test_used_ids.py::test_after_a_restore_words_are_compared_with_those_of_before_where_their_key_is_known",
    ),
    Bug(
        name="door-forgets-what-it-left",
        file="libs/eventlog/loops/door.py",
        before=(
            "            left.add(record.offset)\n"
            "            self._answered.add(_place(record))\n"
            "            self.counts.not_processed += 1"
        ),
        after="            self._answered.add(_place(record))\n            self.counts.not_processed += 1",
        why="a deadline would fire although the answer to it waits in a dead letter",
        test="tests/unit/eventlog/test_stuck.py::test_what_was_not_processed_stands_with_the_offset_until_somebody_decided_about_it",
    ),
    Bug(
        name="message-that-rests-on-another-is-not-after-it",
        file="libs/eventlog/loops/fact_waves.py",
        before="after = [said[name] + 1 for name in message.rests_on if name in said]",
        after="after = [said[name] for name in message.rests_on if name in said]",
        why="a contract that comes in one batch with its customer would be refused for good",
        test="tests/unit/eventlog/test_fact_waves.py::test_what_is_known_does_not_depend_on_how_the_story_is_cut",
    ),
    Bug(
        name="reaction-to-void-records",
        file="libs/eventlog/loops/reaction.py",
        before="for record in records if record.offset not in voids[p])",
        after="for record in records)",
        why="the loser of a race would start a promise of a ticket that never opened",
        test="tests/unit/eventlog/test_loops.py::test_a_reaction_takes_what_counts_when_its_reader_has_passed_it",
    ),
    Bug(
        name="reaction-skips-what-failed",
        file="libs/eventlog/loops/reaction.py",
        before="self._left.setdefault(event.partition, {})[event.stream] = event.offset",
        after="self._left.setdefault(event.partition, {})[event.stream] = event.offset + 1",
        why="what failed once would never be reacted to, also after the mend",
        test="tests/unit/eventlog/test_stuck.py::test_a_stream_whose_reaction_fails_is_set_aside_and_taken_up_in_its_own_order",
    ),
    Bug(
        name="instant-taken-again-after-safe-time",
        file="libs/eventlog/loops/duty.py",
        before="commands = await self._find(duty, now, BATCH)",
        after="commands = await self._find(duty, self._clock.now(), BATCH)",
        why="a deadline would fire that came due while we waited, before its answer is read",
        test="tests/unit/eventlog/test_loops.py::test_what_became_due_while_safe_time_was_waited_for_waits_for_its_own",
    ),
    Bug(
        name="duties-of-other-instances",
        file="libs/eventlog/loops/duty.py",
        before="ours = [c for c in self._made(duty, found) if self._owns(c.stream)]",
        after="ours = [*self._made(duty, found)]",
        why="two instances would decide every deadline, half of it void and kept for ever",
        test="tests/unit/eventlog/test_stuck.py::test_each_process_does_the_duties_of_its_own_partitions",
    ),
    Bug(
        name="duty-fires-although-an-input-is-stuck",
        file="libs/eventlog/loops/duty.py",
        before="held.isdisjoint(map(numbered, (c.stream, *c.rests_on)))",
        after="numbered(c.stream) not in held",
        why="a deadline would fire while the closure that moves it is left aside",
        test="tests/unit/test_held_back.py::test_what_may_move_a_deadline_holds_it_back_and_nothing_else_does",
    ),
    Bug(
        name="stages-of-safe-time-at-once",
        file="libs/eventlog/loops/followers.py",
        before=(
            "        for stage in self._stages:\n"
            "            await reached(self._log, self._clock, stage, self._patience)"
        ),
        after=(
            "        every = [follower for stage in self._stages for follower in stage]\n"
            "        await reached(self._log, self._clock, every, self._patience)"
        ),
        why="an answer that the door writes while we wait would not be waited for",
        test="tests/unit/eventlog/test_followers.py::test_the_ends_of_a_stage_are_asked_for_when_the_one_before_it_is_through",
    ),
    Bug(
        name="no-offset-is-no-lag",
        file="libs/eventlog/loops/followers.py",
        before="if offsets.get(p, 0) < end}",
        after="if p in offsets and offsets[p] < end}",
        why="safe time would be reached while a new door has read nothing yet",
        test="tests/unit/eventlog/test_followers.py::test_a_partition_that_nobody_has_a_place_in_is_reached_only_where_it_is_empty",
    ),
    Bug(
        name="position-goes-past-what-is-missing",
        file="libs/eventlog/loops/reader.py",
        before=(
            "        if due < offset:\n"
            '            raise missing(self._projector.reader.topic, partition, due, "the broker '
            'gives none")\n'
        ),
        after="",
        why="the tables would go past records that the broker lost",
        test="tests/unit/eventlog/test_in_memory.py::TestReaderInMemory::test_an_end_that_lies_beyond_what_was_given_stops_the_partition",
    ),
    Bug(
        name="gone-database-is-read-from-nothing",
        file="libs/eventlog/loops/reader.py",
        before="if lost := partitions - claimed.keys():",
        after="if lost := claimed.keys() - partitions:",
        why="a dropped database would go unnoticed while nothing is stored any more",
        test="tests/unit/eventlog/test_in_memory.py::TestReaderInMemory::test_a_reader_whose_positions_are_gone_does_not_begin_anew",
    ),
    Bug(
        name="held-back-by-the-key-alone",
        file="libs/eventlog/loops/held_back.py",
        before='    yield from _STREAM.findall((record.value or b"").decode(errors="replace"))\n',
        after="",
        why="a merge that is left aside would not hold back the deadline of its survivor",
        test="tests/unit/test_held_back.py::test_what_may_move_a_deadline_holds_it_back_and_nothing_else_does",
    ),
    Bug(
        name="ids-of-doors-and-reactions-mix",
        file="libs/messages/ids.py",
        before='    if _EVENT_ID.fullmatch(source):\n        return _name(("door", source, message_id, stream))\n',
        after="",
        why="an upstream system could take the id of a reaction, and the mail never be asked for",
        test="tests/unit/eventlog/test_streams.py::test_no_message_has_the_id_of_a_reaction",
    ),
    Bug(
        name="offset-committed-during-a-hand-over",
        file="libs/eventlog/loops/membership.py",
        before="for p, commit in (await log.commits(group, topic)).items() if p in here}",
        after="for p, commit in (await log.commits(group, topic)).items()}",
        why="the daily commit would set back the place of a partition that is another one's now",
        test="tests/unit/eventlog/test_membership.py::test_nothing_is_committed_in_a_partition_that_another_one_has",
    ),
)
