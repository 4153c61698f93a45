"""Notices: who is told what, and how often."""

from tests.planted.bug import Bug

BUGS = (
    Bug(
        name="sender-acts-twice-on-its-claim",
        file="services/notification/sender.py",
        before=(
            "            and event.causationid == answer.issued.id\n"
            "            and _place(answer) not in self._acted_on\n"
        ),
        after="            and event.causationid == answer.issued.id\n",
        why="a mail would be sent twice where the tables are slow",
        test="tests/unit/notification/test_sender.py::test_one_claim_is_acted_on_once_however_often_the_notice_is_found",
    ),
    Bug(
        name="forgets-what-it-acted-on",
        file="services/notification/notice/acted.py",
        before="return claim in self._newest or claim.offset <= self._forgotten.get(claim.partition, -1)",
        after="return claim in self._newest",
        why="after ten thousand mails an old claim would be acted on again",
        test="tests/unit/notification/test_acted.py::test_no_claim_is_acted_on_twice_and_only_so_many_are_remembered",
    ),
    Bug(
        name="crash-of-the-hand-over-is-a-failure",
        file="services/notification/sender.py",
        before="            return RecordAmbiguous(self._clock.now(), claim)\n        return result_of",
        after=(
            "            return RecordFailed(self._clock.now(), claim, DeliveryProblem.NOT_WRITABLE)\n"
            "        return result_of"
        ),
        why="a mail that may have gone would be ordered again as if it had not",
        test="tests/unit/notification/test_sender.py::test_a_hand_over_that_fails_by_a_fault_of_ours_is_in_doubt",
    ),
    Bug(
        name="not-before-is-ignored",
        file="services/notification/notice/delivery.py",
        before="return state.not_before is None or now >= state.not_before",
        after="return True",
        why="a reminder would leave at night",
        test="tests/unit/notification/test_delivery.py::test_a_notice_that_is_not_to_leave_before_the_opening_waits_for_it",
    ),
    Bug(
        name="ambiguous-customers-mail-is-sent-again",
        file="services/notification/notice/delivery.py",
        before="again = state.notice.notice_class in SENT_AGAIN and not state.notice.sent_again",
        after="again = not state.notice.sent_again",
        why="customers would be told things twice",
        test="tests/unit/notification/test_delivery.py::test_news_for_a_customer_is_held_for_a_person_when_its_delivery_is_in_doubt",
    ),
    Bug(
        name="claim-given-up-too-early",
        file="services/notification/notice/delivery.py",
        before="if command.wall >= state.wall + command.limit else None",
        after="if command.wall >= state.wall else None",
        why="a notice would be in doubt while its mail is being handed over",
        test="tests/unit/notification/test_delivery.py::test_a_claim_without_a_result_is_given_up_once_the_time_of_the_mail_server_is_over",
    ),
    Bug(
        name="gone-but-cancelled",
        file="services/notification/notice/delivery.py",
        before=(
            "    if isinstance(state, Done) and state.claim == command.claim and isinstance(command, "
            "RecordSent):\n"
            "        return _sent(command)\n"
        ),
        after="",
        why="a mail that had gone would stand as cancelled, and be sent once more on order",
        test="tests/unit/notification/test_domain.py::test_that_the_mail_had_gone_counts_after_a_cancellation_too_and_nothing_else_does",
    ),
    Bug(
        name="unsubscribe-in-every-mail",
        file="services/notification/mail/outgoing.py",
        before="if template not in UNSUBSCRIBED_FROM or mailbox is None or customer is None:",
        after="if mailbox is None or customer is None:",
        why="customers would be offered not to hear of their own deadlines",
        test="tests/unit/notification/test_letter.py::test_reminders_alone_can_be_unsubscribed_from_by_a_mail_to_the_centre_that_names_the_customer",
    ),
    Bug(
        name="reminder-without-unsubscribe",
        file="services/notification/mail/message.py",
        before='    if mail.unsubscribe:\n        yield header("List-Unsubscribe"',
        after='    if mail.unsubscribe and mail.is_answer:\n        yield header("List-Unsubscribe"',
        why="nobody could ask for no more reminders",
        test="tests/unit/notification/test_letter.py::test_reminders_alone_can_be_unsubscribed_from_by_a_mail_to_the_centre_that_names_the_customer",
    ),
    Bug(
        name="persons-mail-goes-to-the-centre",
        file="services/notification/mail/outgoing.py",
        before='return Correspondent(person.email, isolated(person.name or "")) if person.email else None',
        after='if person.email:\n            return Correspondent(person.email, isolated(person.name or ""))',
        why="what is for one person would be sent to a mailbox of ours",
        test="tests/unit/notification/test_letter.py::test_somebody_without_an_address_is_not_written_to_and_nobody_else_is",
    ),
    Bug(
        name="header-takes-line-separators",
        file="services/notification/mail/headers.py",
        before=r'_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")',
        after=r'_BREAKS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]+")',
        why="whoever opens a ticket could add a Bcc to our mails",
        test="tests/unit/notification/test_mail.py::test_a_line_break_in_a_subject_is_a_blank",
    ),
    Bug(
        name="encoded-words-are-read-out-of-a-subject",
        file="services/notification/mail/headers.py",
        before="return _PLAIN.fullmatch(text) is not None and _LIKE_AN_ENCODED_WORD not in text",
        after="return _PLAIN.fullmatch(text) is not None",
        why="a subject that looks like an encoded word would arrive as something else",
        test="tests/unit/notification/test_mail.py::test_what_looks_like_an_encoded_word_is_text",
    ),
    Bug(
        name="language-of-the-country",
        file="services/notification/mail/languages.py",
        before='spoken = (wish.partition("-")[0] for wish in wishes if wish)',
        after="spoken = (wish for wish in wishes if wish)",
        why="who reads fr-CA would be written to in English",
        test="tests/unit/notification/test_texts.py::test_a_wish_may_name_a_country_or_be_absent",
    ),
    Bug(
        name="warning-after-the-answer",
        file="services/notification/truth.py",
        before=(
            "        F.ANSWER: A.ANSWERED,\n"
            "        F.WITHDRAWAL: A.WITHDRAWN,\n"
            "        F.MOVED_DEADLINE: A.DEADLINE_MOVED,\n"
            "        F.BREACH: A.DEADLINE_PASSED,\n"
            "    },\n"
            '    "breach"'
        ),
        after=(
            "        F.WITHDRAWAL: A.WITHDRAWN,\n"
            "        F.MOVED_DEADLINE: A.DEADLINE_MOVED,\n"
            "        F.BREACH: A.DEADLINE_PASSED,\n"
            "    },\n"
            '    "breach"'
        ),
        why="a centre would be warned of a ticket that it has answered",
        test="tests/integration/test_untrue_notices.py::test_what_became_untrue_is_cancelled_and_not_sent_and_all_else_is_sent",
        stack=True,
    ),
    Bug(
        name="restated-breach-is-told",
        file="services/notification/truth.py",
        before='    "breach": {F.KEPT_AFTER_ALL: A.RESTATED},',
        after='    "breach": {},',
        why="a breach that was none after all would still be told",
        test="tests/integration/test_untrue_notices.py::test_what_became_untrue_is_cancelled_and_not_sent_and_all_else_is_sent",
        stack=True,
    ),
    Bug(
        name="transferred-centre-hears-nothing",
        file="services/notification/reactions.py",
        before="    if news.transferred_to is None:\n        return [promised]\n",
        after="    if news.transferred_to != news.centre:\n        return [promised]\n",
        why="the centre that has the ticket would not be warned",
        test="tests/unit/notification/test_reactions.py::test_after_a_transfer_the_centre_that_has_the_ticket_hears_of_it_too_in_its_own_words",
    ),
    Bug(
        name="silence-after-the-body-is-no",
        file="services/notification/mail/smtp.py",
        before="    except (SMTPException, OSError):\n        return OutcomeUnknown(Phase.BODY)",
        after="    except (SMTPException, OSError):\n        return NotReached(Phase.BODY, DeliveryProblem.TIMEOUT)",
        why="a mail that was taken without a word would be sent again",
        test="tests/integration/test_smtp.py::test_a_cut_after_the_body_means_maybe_accepted",
        stack=True,
    ),
)
