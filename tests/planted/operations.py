"""What operations do: viewing, sources, rights, backups."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="shown-although-not-recorded",
        file="services/ops/door/viewings.py",
        before="        require(receipt)\n",
        after="        del receipt\n",
        why="what is private would be shown although the record of it was refused",
        test="tests/unit/ops/test_audit.py::test_nothing_may_be_shown_where_the_record_of_it_is_refused",
    ),
    Bug(
        name="dead-letter-shown-unrecorded",
        file="services/ops/door/dead_letters.py",
        before="        await put_on_record(here, at, who.request(PrivateKind.DEAD_LETTER, place.text()))\n",
        after="",
        why="who reads what a customer wrote would stand nowhere",
        test="tests/unit/ops/test_audit.py::test_no_dead_letter_is_shown_before_that_is_recorded",
    ),
    Bug(
        name="ticket-shown-unrecorded",
        file="services/ops/ticket/command.py",
        before=(
            "        if who:\n            await put_on_record(here, at, who.request(PrivateKind.TICKET, ticket))\n"
        ),
        after="",
        why="who reads what a customer wrote would stand nowhere",
        test="tests/unit/ops/test_audit.py::test_nothing_personal_of_a_ticket_is_shown_before_that_is_recorded",
    ),
    Bug(
        name="escape-steers-a-terminal",
        file="services/ops/cli/output.py",
        before=r'_STEERING = re.compile(r"[\x00-\x08',
        after=r'_STEERING = re.compile(r"[\x00-\x1a',
        why="a subject could clear the screen of whoever looks at it",
        test="tests/unit/ops/test_output.py::test_what_steers_a_terminal_is_shown",
    ),
    Bug(
        name="errors-with-their-text",
        file="libs/eventlog/failures.py",
        before='str(name_id("failure", loop, about)), type(error).__name__, trace)',
        after='str(name_id("failure", loop, about)), repr(error), trace)',
        why="what a customer wrote would stand in logs and in `stuck list`",
        test="tests/unit/eventlog/test_stuck.py::test_a_record_that_fails_is_dead_lettered_and_the_others_are_answered",
    ),
    Bug(
        name="anybody-at-anybodys-door",
        file="libs/messages/sources.py",
        before="if owner is None or (client != owner and not (client is None and self.clients[owner].shared)):",
        after="if owner is None:",
        why="a client could write at the door of another one",
        test="tests/unit/test_source_policy.py::test_a_source_says_what_it_may_at_the_doors_of_its_client_alone",
    ),
    Bug(
        name="policy-without-kinds",
        file="libs/messages/sources.py",
        before="        if kind not in self.clients[owner].says(source):\n",
        after="        if kind is None:\n",
        why="whoever may open tickets could erase persons",
        test="tests/unit/test_source_policy.py::test_a_source_says_what_it_may_at_the_doors_of_its_client_alone",
    ),
    Bug(
        name="plan-from-anybody",
        file="libs/messages/sources.py",
        before="    if kind in SAID_BY_US_ALONE and source not in SAID_BY:\n",
        after='    if kind in SAID_BY_US_ALONE and source == "":\n',
        why="an upstream system could publish a plan",
        test="tests/unit/test_sources.py::test_who_may_say_what",
    ),
    Bug(
        name="upstream-may-write-a-log",
        file="services/ops/watch/rights.py",
        before='    if writes:\n        yield "Write"',
        after='    if writes or reads:\n        yield "Write"',
        why="whoever may read a log could write to it",
        test="tests/unit/ops/test_rights.py::test_a_log_topic_is_written_by_one_program_alone",
    ),
    Bug(
        name="upstream-may-describe-all",
        file="services/ops/watch/rights.py",
        before="    elif UPSTREAMS not in roles and (writes or reads):",
        after="    elif writes or reads:",
        why="an upstream system would see how our topics are set",
        test="tests/unit/ops/test_rights.py::test_an_upstream_system_reads_and_writes_and_is_shown_no_settings",
    ),
    Bug(
        name="backup-that-is-not-whole",
        file="services/ops/backup/files.py",
        before="    for file, digest in sums.items():\n        _compare(folder / file, digest)\n",
        after="    for file in sums:\n        _compare(folder / file, sums[file]) if file == MANIFEST else None\n",
        why="a damaged backup would be found out in the middle of a restore",
        test="tests/unit/ops/test_backup_files.py::test_a_file_that_is_harmed_is_named",
    ),
    Bug(
        name="backup-cut-in-any-order",
        file="services/ops/backup/cut.py",
        before=(
            "return [card.topic for card in sorted(every, key=lambda c: (KINDS.index(c.kind), "
            "rank.get(c.topic, 0), c.topic))]"
        ),
        after="return [card.topic for card in sorted(every, key=lambda c: c.topic)]",
        why="a backup could hold a promise without the ticket that it was made for",
        test="tests/unit/ops/test_backup_cut.py::test_notices_come_before_promises_these_before_tickets_and_these_before_contracts_and_the_plan",
    ),
    Bug(
        name="offsets-after-the-ends",
        file="services/ops/backup/cut.py",
        before=(
            "    offsets = await groups.committed(topics)\n"
            "    return BackupCut(offsets, {topic: await _ends(log, topic) for topic in topics})"
        ),
        after=(
            "    ends = {topic: await _ends(log, topic) for topic in topics}\n"
            "    return BackupCut(await groups.committed(topics), ends)"
        ),
        why="a restored door would pass over messages that its log knows nothing of",
        test="tests/unit/ops/test_backup_cut.py::test_committed_offsets_are_asked_for_before_all_ends_and_ends_until_two_answers_agree",
    ),
    Bug(
        name="restores-onto-another-clusters-id",
        file="services/ops/backup/restoring.py",
        before="        return offset._replace(metadata=metadata_of(ids[offset.topic], remark))",
        after='        return offset._replace(metadata=metadata_of(ids[offset.topic], ""))',
        why="what was left aside before a backup would be forgotten by its restore",
        test="tests/unit/ops/test_restoring.py::test_the_topic_is_named_as_it_is_now_and_what_was_left_aside_stays",
    ),
)
