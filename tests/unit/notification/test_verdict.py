import pytest

from libs.messages.notices import DeliveryProblem
from services.notification.mail.result import result_of
from services.notification.mail.smtp import Accepted, NotReached, Outcome, OutcomeUnknown, Phase, RefusedByServer
from services.notification.notice.delivery import RecordAmbiguous, RecordDeferred, RecordFailed, RecordSent, Result
from tests.unit.notification.stories import FIRST, TUESDAY

FOR_GOOD, FOR_NOW = DeliveryProblem.REFUSED, DeliveryProblem.REFUSED_FOR_NOW


@pytest.mark.parametrize(
    ("outcome", "result"),
    [
        (Accepted(250), RecordSent(TUESDAY, FIRST, 250)),
        (NotReached(Phase.MAIL, DeliveryProblem.TIMEOUT), RecordDeferred(TUESDAY, FIRST, DeliveryProblem.TIMEOUT)),
        (OutcomeUnknown(Phase.BODY), RecordAmbiguous(TUESDAY, FIRST)),
    ],
)
def test_every_outcome_is_recorded(outcome: Outcome, result: Result) -> None:
    assert result_of(outcome, FIRST, TUESDAY) == result


@pytest.mark.parametrize("phase", [Phase.RCPT, Phase.DATA, Phase.BODY])
def test_a_recipient_or_a_message_refused_for_good_is_not_tried_again(phase: Phase) -> None:
    refused = RefusedByServer(550, "5.1.1", permanent=True, phase=phase)
    assert result_of(refused, FIRST, TUESDAY) == RecordFailed(TUESDAY, FIRST, FOR_GOOD, 550, "5.1.1")


@pytest.mark.parametrize("phase", [Phase.CONNECT, Phase.EHLO, Phase.TLS, Phase.LOGIN, Phase.MAIL])
def test_a_server_that_will_not_have_us_may_change_its_mind(phase: Phase) -> None:
    refused = RefusedByServer(554, None, permanent=True, phase=phase)
    assert result_of(refused, FIRST, TUESDAY) == RecordDeferred(TUESDAY, FIRST, FOR_NOW, 554)


@pytest.mark.parametrize("phase", Phase)
def test_what_is_refused_for_now_is_tried_again(phase: Phase) -> None:
    refused = RefusedByServer(451, "4.7.1", permanent=False, phase=phase)
    assert result_of(refused, FIRST, TUESDAY) == RecordDeferred(TUESDAY, FIRST, FOR_NOW, 451, "4.7.1")
