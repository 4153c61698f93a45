"""The mail server is a real aiosmtpd; each test breaks one phase of the conversation."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from quopri import decodestring
from random import Random
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from libs.messages.notices import DeliveryProblem
from services.notification.mail.message import Correspondent, Mail, NotWritable, compose
from services.notification.mail.smtp import (
    MESSAGES,
    Accepted,
    Connections,
    Encryption,
    Limits,
    Login,
    MailServer,
    NotReached,
    Outcome,
    OutcomeUnknown,
    Phase,
    RefusedByServer,
    hand_over,
)
from tests.support import PATIENCE

CERTIFICATE = Path(__file__).with_name("test_smtp_tls.pem")
SENDER, RECIPIENT = "no-reply@olcare.example", "ana@customer.example"
CONTENT = b"Subject: x\r\n\r\n.a line that begins with a dot\r\nthe end\r\n"
PATIENT = Limits(connect=PATIENCE, command=PATIENCE, body=PATIENCE, quit=0.3)
SHORT = 1.5  # machine seconds, of the phase in which nothing will come
Hook = Callable[[SMTP], Awaitable[str]]


@dataclass
class Mailbox:
    """A handler of aiosmtpd: `hooks` answer in place of a phase, `accepted` is what it took over."""

    hooks: dict[str, Hook] = field(default_factory=dict)
    accepted: list[bytes] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)
    greeted: int = 0
    """Connections on which somebody said EHLO."""

    async def handle_EHLO(  # noqa: N802 - aiosmtpd names it
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greeted += 1
        answer = await self._answer("EHLO", server, "")
        return [answer] if answer else responses

    async def handle_HELO(  # noqa: N802
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str
    ) -> str:
        session.host_name = hostname
        return await self._answer("HELO", server, "250 mail.example")

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.mail_from = address
        return await self._answer("MAIL", server, "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return await self._answer("RCPT", server, "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await self._answer("BODY", server, "250 2.0.0 taken")
        if answer.startswith("2"):
            self.accepted.append(envelope.content if isinstance(envelope.content, bytes) else b"")
            self.secured.append(session.ssl is not None or wire(server).get_extra_info("sslcontext") is not None)
        return answer

    async def _answer(self, phase: str, server: SMTP, usual: str) -> str:
        return await self.hooks[phase](server) if phase in self.hooks else usual


def says(answer: str) -> Hook:
    async def hook(_server: SMTP) -> str:
        return answer

    return hook


def wire(server: SMTP) -> asyncio.WriteTransport:
    assert isinstance(server.transport, asyncio.WriteTransport)
    return server.transport


async def hangs_up(server: SMTP) -> str:
    wire(server).abort()
    return "250 nobody hears this"


async def says_nothing(_server: SMTP) -> str:
    await asyncio.Event().wait()
    return "never"


@asynccontextmanager
async def mail_server(
    box: Mailbox, kind: type[SMTP] = SMTP, tls: ssl.SSLContext | None = None, **options: Any
) -> AsyncIterator[MailServer]:
    loop = asyncio.get_running_loop()
    alive: list[SMTP] = []

    def accept() -> SMTP:
        alive.append(kind(box, hostname="mail.example", loop=loop, **options))
        return alive[-1]

    listening = await loop.create_server(accept, "127.0.0.1", 0, ssl=tls)
    try:
        port = listening.sockets[0].getsockname()[1]
        yield MailServer("127.0.0.1", port, hello="olcare.example", trust=CERTIFICATE)
    finally:
        listening.close()
        await listening.wait_closed()
        await asyncio.gather(*(_end(protocol) for protocol in alive))


async def _end(protocol: SMTP) -> None:
    """End a conversation of aiosmtpd that a test left in the middle, if it began, and the wire below its TLS."""
    conversation = protocol._handler_coroutine
    if conversation is None:
        return
    conversation.cancel()
    for transport in (protocol.transport, protocol._original_transport):
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
    await asyncio.wait([conversation, vars(protocol)["_closed"]], timeout=1)


def server_side() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


async def send(server: MailServer, limits: Limits = PATIENT) -> Outcome:
    return await hand_over(Connections(server, limits), SENDER, RECIPIENT, CONTENT)


async def outcome_of(box: Mailbox, **options: Any) -> Outcome:
    async with mail_server(box, **options) as server:
        return await send(server)


async def test_an_accepted_message_arrives_as_it_was_written() -> None:
    box = Mailbox()
    assert await outcome_of(box) == Accepted(250)
    assert box.accepted == [CONTENT]


PIECES = (
    "\r\n", "\n", "\r", "\r\n.\r\n", "\n.\n", "\r.\r", "\n.\r\n", ".", "..", "QUIT", "MAIL FROM:<eve@evil.example>",
    "x" * 999, "é" * 700, "x " * 600, " ", "\t", "=", "=3D", "=\n", "From me", "l'été", "😀", "\u2028", "\x85", "\x1a",
    "\x0c", "\ufeff", "-- ", "--\n", "\u00a0", "\x1b[2J",
)  # fmt: skip
LETTER = Mail(
    sender=Correspondent(SENDER, "OL Care"),
    recipient=Correspondent(RECIPIENT, "Ana"),
    subject="Votre demande 4711",
    body="",
    language="fr",
    message_id="<1@olcare.example>",
    sent_at=datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
)


async def test_a_body_arrives_as_it_was_written_whatever_is_in_it() -> None:
    random, box = Random(1), Mailbox()
    bodies = ["".join(random.choices(PIECES, k=random.randint(0, 12))) for _ in range(150)]
    async with mail_server(box, enable_SMTPUTF8=True) as server:
        for body in bodies:
            content = compose(replace(LETTER, body=body))
            assert await hand_over(Connections(server, PATIENT), SENDER, RECIPIENT, content) == Accepted(250)
            assert box.accepted[-1] == content
    assert [body_of(content) for content in box.accepted] == [in_lines(body) for body in bodies]


def body_of(content: bytes) -> str:
    return decodestring(content.partition(b"\r\n\r\n")[2]).decode()


def in_lines(body: str) -> str:
    """The body as its lines, each ended: CRLF, CR and LF all end one."""
    lines = re.split("\r\n|\r|\n", body)
    return "".join(f"{line}\r\n" for line in (lines if lines[-1] or len(lines) == 1 else lines[:-1]))


@pytest.mark.parametrize("body", ["\0", "before\0after\n", ".\r\n\0"])
def test_a_body_that_no_mail_can_hold_is_refused_before_it_is_sent(body: str) -> None:
    with pytest.raises(NotWritable):
        compose(replace(LETTER, body=body))


async def test_no_server_means_not_accepted() -> None:
    async with mail_server(Mailbox()) as server:
        pass
    assert await send(server) == NotReached(Phase.CONNECT, DeliveryProblem.NO_CONNECTION)


@pytest.mark.parametrize(
    ("greeting", "outcome"),
    [
        (b"421 4.3.2 full\r\n", RefusedByServer(421, "4.3.2", permanent=False, phase=Phase.CONNECT)),
        (b"554 go away\r\n", RefusedByServer(554, None, permanent=True, phase=Phase.CONNECT)),
        (b"hello\r\n", NotReached(Phase.CONNECT, DeliveryProblem.REFUSED_FOR_NOW)),
        (b"", NotReached(Phase.CONNECT, DeliveryProblem.TIMEOUT)),
    ],
)
async def test_a_server_that_does_not_greet_has_accepted_nothing(greeting: bytes, outcome: Outcome) -> None:
    class Greeter(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.WriteTransport)
            transport.write(greeting)

        def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
            gone.set()

    gone = asyncio.Event()
    listening = await asyncio.get_running_loop().create_server(Greeter, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        limits = PATIENT if greeting else replace(PATIENT, connect=SHORT)
        assert await send(MailServer("127.0.0.1", port, hello="olcare.example"), limits) == outcome
        await gone.wait()


@pytest.mark.parametrize("phase", [Phase.EHLO, Phase.MAIL, Phase.RCPT])
async def test_a_refusal_before_the_body_means_not_accepted(phase: Phase) -> None:
    for answer, permanent in (("451 4.7.1 later", False), ("550 5.1.1 no such user", True)):
        box = Mailbox({phase.name: says(answer), "HELO": says(answer)})
        assert await outcome_of(box) == RefusedByServer(int(answer[:3]), answer[4:9], permanent, phase)
        assert box.accepted == []


@pytest.mark.parametrize("phase", [Phase.EHLO, Phase.MAIL, Phase.RCPT])
async def test_a_cut_before_the_body_means_not_accepted(phase: Phase) -> None:
    assert await outcome_of(Mailbox({phase.name: hangs_up})) == NotReached(phase, DeliveryProblem.CONNECTION_LOST)


@pytest.mark.parametrize("phase", [Phase.EHLO, Phase.MAIL, Phase.RCPT])
async def test_silence_before_the_body_means_not_accepted(phase: Phase) -> None:
    async with mail_server(Mailbox({phase.name: says_nothing})) as server:
        outcome = await send(server, replace(PATIENT, command=SHORT))
    assert outcome == NotReached(phase, DeliveryProblem.TIMEOUT)


@pytest.mark.parametrize("answer", ["250 OK", "251 will forward", "252 can not verify, will try"])
async def test_any_positive_answer_to_a_recipient_lets_it_go_on(answer: str) -> None:
    box = Mailbox({"RCPT": says(answer)})
    assert await outcome_of(box) == Accepted(250)
    assert box.accepted == [CONTENT]


async def test_an_answer_that_is_no_refusal_lets_nothing_go_on() -> None:
    outcome = await outcome_of(Mailbox({"RCPT": says("354 go on")}))
    assert outcome == NotReached(Phase.RCPT, DeliveryProblem.REFUSED_FOR_NOW)


@pytest.mark.parametrize("answer", ["500 what?", "502 5.5.1 not here", "550 5.7.1 no extensions"])
async def test_a_server_that_knows_no_ehlo_hears_helo(answer: str) -> None:
    box = Mailbox({"EHLO": says(answer)})
    assert await outcome_of(box) == Accepted(250)
    assert box.accepted == [CONTENT]


async def test_a_server_that_is_busy_does_not_hear_helo() -> None:
    box = Mailbox({"EHLO": says("451 4.3.2 later")})
    assert await outcome_of(box) == RefusedByServer(451, "4.3.2", permanent=False, phase=Phase.EHLO)
    assert box.accepted == []


async def test_a_server_that_refuses_and_cuts_has_refused() -> None:
    box = Mailbox({"EHLO": says("554 5.7.1 go away"), "HELO": hangs_up})
    assert await outcome_of(box) == RefusedByServer(554, "5.7.1", permanent=True, phase=Phase.EHLO)


async def test_nothing_is_sent_in_clear_where_ehlo_is_refused() -> None:
    box = Mailbox({"EHLO": says("502 5.5.1 not here")})
    async with mail_server(box, tls_context=server_side()) as server:
        outcome = await send(replace(server, encryption=Encryption.STARTTLS))
    assert outcome == NotReached(Phase.TLS, DeliveryProblem.REFUSED_FOR_NOW)
    assert box.accepted == []


async def test_a_recipient_is_named_as_it_is_written_and_no_extension_is_asked_for() -> None:
    class Listener(SMTP):
        async def smtp_MAIL(self, arg: str) -> None:  # noqa: N802
            heard.append(arg)
            await super().smtp_MAIL(arg)

        async def smtp_RCPT(self, arg: str) -> None:  # noqa: N802
            heard.append(arg)
            await super().smtp_RCPT(arg)

    heard: list[str] = []
    async with mail_server(Mailbox(), kind=Listener, enable_SMTPUTF8=True) as server:
        assert await hand_over(Connections(server, PATIENT), SENDER, '"a..b."@docomo.ne.jp', CONTENT) == Accepted(250)
    assert heard == [f"FROM:<{SENDER}>", 'TO:<"a..b."@docomo.ne.jp>']


async def test_a_server_that_wants_no_body_has_not_accepted() -> None:
    class Unwilling(SMTP):
        async def smtp_DATA(self, arg: str) -> None:  # noqa: ARG002, N802 - aiosmtpd names it
            await self.push("554 5.5.1 no valid recipients")

    outcome = await outcome_of(Mailbox(), kind=Unwilling)
    assert outcome == RefusedByServer(554, "5.5.1", permanent=True, phase=Phase.DATA)


@pytest.mark.parametrize(("answer", "permanent"), [("452 4.3.1 disk full", False), ("554 5.6.0 no", True)])
async def test_a_final_refusal_means_not_accepted(answer: str, *, permanent: bool) -> None:
    outcome = await outcome_of(Mailbox({"BODY": says(answer)}))
    assert outcome == RefusedByServer(int(answer[:3]), answer[4:9], permanent, Phase.BODY)


async def test_a_cut_after_the_body_means_maybe_accepted() -> None:
    assert await outcome_of(Mailbox({"BODY": hangs_up})) == OutcomeUnknown(Phase.BODY)


async def test_silence_after_the_body_means_maybe_accepted() -> None:
    async with mail_server(Mailbox({"BODY": says_nothing})) as server:
        assert await send(server, replace(PATIENT, body=SHORT)) == OutcomeUnknown(Phase.BODY)


async def test_an_answer_that_is_not_smtp_after_the_body_means_maybe_accepted() -> None:
    assert await outcome_of(Mailbox({"BODY": says("what?")})) == OutcomeUnknown(Phase.BODY)
    assert await outcome_of(Mailbox({"BODY": says("354 go on")})) == OutcomeUnknown(Phase.BODY)


async def test_a_server_that_cuts_instead_of_a_farewell_has_accepted_all_the_same() -> None:
    class Curt(SMTP):
        async def smtp_QUIT(self, arg: str) -> None:  # noqa: ARG002, N802
            wire(self).abort()

    box = Mailbox()
    assert await outcome_of(box, kind=Curt) == Accepted(250)
    assert box.accepted == [CONTENT]


async def test_the_words_of_the_server_are_not_kept() -> None:
    outcome = await outcome_of(Mailbox({"RCPT": says(f"550 5.1.1 <{RECIPIENT}> unknown")}))
    assert RECIPIENT not in repr(outcome)


async def test_a_code_that_is_no_enhanced_one_is_not_kept_as_one() -> None:
    outcome = await outcome_of(Mailbox({"RCPT": says("550 5.1.1.example.com unknown")}))
    assert outcome == RefusedByServer(550, None, permanent=True, phase=Phase.RCPT)


async def test_starttls_is_used_where_it_is_asked_for() -> None:
    box = Mailbox()
    async with mail_server(box, tls_context=server_side()) as server:
        assert await send(replace(server, encryption=Encryption.STARTTLS)) == Accepted(250)
    assert box.secured == [True]


async def test_nothing_is_sent_in_clear_where_starttls_is_not_offered() -> None:
    box = Mailbox()
    async with mail_server(box) as server:
        outcome = await send(replace(server, encryption=Encryption.STARTTLS))
    assert outcome == NotReached(Phase.TLS, DeliveryProblem.REFUSED_FOR_NOW)
    assert box.accepted == []


async def test_nothing_is_sent_to_a_server_that_nobody_vouches_for() -> None:
    box = Mailbox()
    async with mail_server(box, tls_context=server_side()) as server:
        outcome = await send(replace(server, encryption=Encryption.STARTTLS, trust=None))
    assert outcome == NotReached(Phase.TLS, DeliveryProblem.CONNECTION_LOST)
    assert box.accepted == []


async def test_a_conversation_may_be_encrypted_from_its_beginning() -> None:
    box = Mailbox()
    async with mail_server(box, tls=server_side()) as server:
        assert await send(replace(server, encryption=Encryption.IMPLICIT)) == Accepted(250)
    assert box.secured == [True]


@pytest.mark.parametrize("other", [{"trust": None}, {"host": "localhost"}])
async def test_nothing_is_sent_to_another_server_than_the_one_that_is_vouched_for(other: dict[str, Any]) -> None:
    """The certificate of the test names 127.0.0.1, and nobody else vouches for it."""
    box = Mailbox()
    async with mail_server(box, tls=server_side()) as server:
        implicit = await send(replace(server, encryption=Encryption.IMPLICIT, **other))
    async with mail_server(box, tls_context=server_side()) as server:
        upgraded = await send(replace(server, encryption=Encryption.STARTTLS, **other))
    assert implicit == NotReached(Phase.CONNECT, DeliveryProblem.NO_CONNECTION)
    assert upgraded == NotReached(Phase.TLS, DeliveryProblem.CONNECTION_LOST)
    assert box.accepted == []


def only_the_right_one(_server: SMTP, _session: Session, _envelope: Envelope, _how: str, said: Any) -> AuthResult:
    return AuthResult(success=isinstance(said, LoginPassword) and said.password == b"right", handled=False)


@pytest.mark.parametrize(
    ("password", "outcome"),
    [("right", Accepted(250)), ("wrong", RefusedByServer(535, "5.7.8", permanent=True, phase=Phase.LOGIN))],
)
async def test_a_server_may_want_to_know_who_we_are(password: str, outcome: Outcome) -> None:
    async with mail_server(Mailbox(), tls_context=server_side(), authenticator=only_the_right_one) as server:
        known = replace(server, encryption=Encryption.STARTTLS, login=Login("olcare", password))
        assert await send(known) == outcome


def test_a_claim_outlives_the_slowest_conversation() -> None:
    assert Limits(connect=1, command=2, body=4, quit=8).whole == 1 + 8 * 2 + 4 + 8


async def test_the_next_message_goes_over_the_same_connection_until_it_has_taken_many() -> None:
    box = Mailbox()
    async with mail_server(box) as server:
        connections = Connections(server, PATIENT)
        for _ in range(MESSAGES):
            assert await hand_over(connections, SENDER, RECIPIENT, CONTENT) == Accepted(250)
        assert box.greeted == 1
        await hand_over(connections, SENDER, RECIPIENT, CONTENT)
        await connections.leave()
    assert (box.greeted, len(box.accepted)) == (2, MESSAGES + 1)


async def test_messages_at_the_same_time_have_a_connection_each() -> None:
    box = Mailbox()
    async with mail_server(box) as server:
        connections = Connections(server, PATIENT)
        for _ in range(2):
            await asyncio.gather(*(hand_over(connections, SENDER, RECIPIENT, CONTENT) for _ in range(5)))
        await connections.leave()
    assert (box.greeted, len(box.accepted)) == (5, 10)


@pytest.mark.parametrize("hook", [hangs_up, says("421 too long"), says_nothing])
async def test_a_connection_that_stands_no_more_is_opened_anew(hook: Hook) -> None:
    class Closing(SMTP):
        async def smtp_RSET(self, arg: str) -> None:  # noqa: N802, ARG002 - aiosmtpd names it
            await self.push(await hook(self))

    box = Mailbox()
    async with mail_server(box, Closing) as server:
        connections = Connections(server, replace(PATIENT, command=SHORT))
        for _ in range(2):
            assert await hand_over(connections, SENDER, RECIPIENT, CONTENT) == Accepted(250)
        await connections.leave()
    assert (box.greeted, len(box.accepted)) == (2, 2)


async def test_after_a_refusal_the_connection_is_left() -> None:
    box = Mailbox()
    async with mail_server(box) as server:
        connections = Connections(server, PATIENT)
        box.hooks["RCPT"] = says("550 nobody")
        assert isinstance(await hand_over(connections, SENDER, RECIPIENT, CONTENT), RefusedByServer)
        box.hooks.clear()
        assert await hand_over(connections, SENDER, RECIPIENT, CONTENT) == Accepted(250)
        await connections.leave()
    assert (box.greeted, len(box.accepted)) == (2, 1)
