"""One hand-over to a mail server, driven phase by phase so that "not accepted" and "maybe accepted" are told apart.

A message is certainly not accepted as long as the first byte of its body has not left, and where the server's final
answer says so (4xx, 5xx). From that first byte until the answer is read it may have been accepted. Of the server's
words only the codes are kept: an address may stand in them.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path

from aiosmtplib import SMTP, SMTPException, SMTPHeloError, SMTPResponse, SMTPResponseException, SMTPServerDisconnected

from libs.messages.notices import DeliveryProblem

READY_FOR_THE_BODY = 354
MESSAGES = 50
"""So many messages at most go over one connection: servers end one that takes very many, in the middle of the next."""
PERMANENT = 500
"""A refusal from here on says that asking again is of no use."""
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?!\S)")
_LEADING_DOT = re.compile(rb"(?m)^\.")


class Phase(StrEnum):
    """How far the conversation got."""

    CONNECT = "connect"
    EHLO = "ehlo"
    TLS = "tls"
    LOGIN = "login"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"


class Encryption(StrEnum):
    """How the conversation is kept private."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True)
class Login:
    """Who we are to the mail server."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over; `trust` is a bundle of certificates beside those of the system."""

    host: str
    port: int
    hello: str
    """The name that we give in EHLO."""
    encryption: Encryption = Encryption.NONE
    trust: Path | None = None
    login: Login | None = None


@dataclass(frozen=True)
class Limits:
    """Machine seconds that each phase may take."""

    connect: float = 10
    command: float = 30
    body: float = 120
    """From the first byte of the body to the final answer."""
    quit: float = 5

    @property
    def whole(self) -> float:
        """The longest that one hand-over can take; no process still acts on an older claim.

        EHLO may be said twice, and a connection that was kept be asked before whether it still stands.
        """
        commands = len(Phase) - len((Phase.CONNECT, Phase.BODY)) + 2
        return self.connect + commands * self.command + self.body + self.quit

    def of(self, phase: Phase) -> float:
        """The limit of a phase before the body."""
        return self.connect if phase is Phase.CONNECT else self.command


@dataclass(frozen=True)
class Accepted:
    """The server has taken the message over."""

    code: int


@dataclass(frozen=True)
class RefusedByServer:
    """The server said no: the message is not accepted. `permanent` where it says that asking again is of no use."""

    code: int
    enhanced: str | None
    permanent: bool
    phase: Phase


@dataclass(frozen=True)
class NotReached:
    """No byte of the body was sent: the message is not accepted."""

    phase: Phase
    problem: DeliveryProblem


@dataclass(frozen=True)
class OutcomeUnknown:
    """The body began to leave and no answer was read: the message may be accepted."""

    phase: Phase


Outcome = Accepted | RefusedByServer | NotReached | OutcomeUnknown
_Step = Callable[[], Awaitable[object]]


class Connections:
    """Connections to one mail server on which a message was accepted: the next ones need not be opened.

    One that is taken again is asked first whether it still stands, by RSET; where it does not, another one is opened.
    """

    def __init__(self, server: MailServer, limits: Limits) -> None:
        self.server, self.limits = server, limits
        self._kept: list[tuple[SMTP, int]] = []

    async def take(self) -> tuple[SMTP, int]:
        """A connection that stands, with how many messages it has taken, or one that is still to be opened.

        One that is kept is asked at most, since asking takes time of the limit of the hand-over.
        """
        if self._kept:
            client, taken = self._kept.pop()
            if await self._stands(client):
                return client, taken
            _hang_up(client)
        return _connection(self.server), 0

    async def give(self, client: SMTP, taken: int) -> None:
        """Keep a connection on which a message was just accepted; after so many, take leave."""
        if taken < MESSAGES:
            self._kept.append((client, taken))
        else:
            await self._leave(client)

    async def leave(self) -> None:
        """Take leave of the mail server on all that are kept."""
        kept, self._kept = self._kept, []
        await asyncio.gather(*(self._leave(client) for client, _ in kept))

    async def _leave(self, client: SMTP) -> None:
        try:
            await _take_leave(client, self.limits)
        finally:
            _hang_up(client)

    async def _stands(self, client: SMTP) -> bool:
        try:
            async with asyncio.timeout(self.limits.command):
                await _command(client, "RSET")
        except (SMTPException, OSError):
            return False
        return True


async def hand_over(connections: Connections, sender: str, recipient: str, content: bytes) -> Outcome:
    """Hand one message over; addresses as `wire_address` gives them, content with CRLF line ends."""
    server, limits = connections.server, connections.limits
    client, taken = await connections.take()
    is_kept = False
    try:
        outcome = (
            (None if taken else await _reached(limits, _opening(client, server)))
            or await _reached(limits, _envelope(client, sender, recipient))
            or await _body(client, limits, content)
        )
        if is_kept := isinstance(outcome, Accepted):
            await connections.give(client, taken + 1)
        elif isinstance(outcome, RefusedByServer):
            await _take_leave(client, limits)
        return outcome
    finally:
        if not is_kept:
            _hang_up(client)


def _connection(server: MailServer) -> SMTP:
    return SMTP(
        hostname=server.host,
        port=server.port,
        local_hostname=server.hello,
        timeout=None,
        use_tls=server.encryption is Encryption.IMPLICIT,
        start_tls=False,
        cert_bundle=str(server.trust) if server.trust else None,
    )


def _opening(client: SMTP, server: MailServer) -> Iterator[tuple[Phase, _Step]]:
    yield Phase.CONNECT, client.connect
    yield Phase.EHLO, partial(_say_hello, client)
    if server.encryption is Encryption.STARTTLS:
        yield Phase.TLS, client.starttls
        yield Phase.EHLO, partial(_say_hello, client)
    if server.login:
        yield Phase.LOGIN, partial(client.login, server.login.user, server.login.password)


def _envelope(client: SMTP, sender: str, recipient: str) -> Iterator[tuple[Phase, _Step]]:
    yield Phase.MAIL, partial(_command, client, f"MAIL FROM:<{sender}>")
    yield Phase.RCPT, partial(_command, client, f"RCPT TO:<{recipient}>")
    yield Phase.DATA, partial(_ask_for_the_body, client)


async def _reached(limits: Limits, steps: Iterable[tuple[Phase, _Step]]) -> RefusedByServer | NotReached | None:
    """Lead the conversation through some steps before the body; returns what ended it, None where nothing did."""
    for phase, step in steps:
        try:
            async with asyncio.timeout(limits.of(phase)):
                await step()
        except SMTPResponseException as answer:
            return _refused(phase, answer.code, answer.message) or NotReached(phase, DeliveryProblem.REFUSED_FOR_NOW)
        except (SMTPException, OSError) as error:
            return NotReached(phase, _problem(phase, error))
    return None


def _problem(phase: Phase, error: SMTPException | OSError) -> DeliveryProblem:
    if isinstance(error, TimeoutError):
        return DeliveryProblem.TIMEOUT
    if phase is Phase.CONNECT:
        return DeliveryProblem.NO_CONNECTION
    if isinstance(error, OSError):
        return DeliveryProblem.CONNECTION_LOST
    return DeliveryProblem.REFUSED_FOR_NOW  # the server does not offer what we ask for: STARTTLS, a way to log in


async def _say_hello(client: SMTP) -> None:
    """Say HELO where EHLO is refused for good; a server that knows but that offers neither TLS nor a login."""
    try:
        await client.ehlo()
    except SMTPHeloError as refusal:
        if refusal.code < PERMANENT:
            raise
        try:
            await client.helo()
        except SMTPServerDisconnected:
            raise refusal from None


async def _command(client: SMTP, command: str) -> None:
    """Say a command that any positive answer lets go on, such as 251 and 252 to RCPT."""
    answer = await client.execute_command(command.encode("ascii"))
    if not _is_positive(answer.code):
        raise SMTPResponseException(answer.code, answer.message)


async def _ask_for_the_body(client: SMTP) -> None:
    answer = await client.execute_command(b"DATA")
    if answer.code != READY_FOR_THE_BODY:
        raise SMTPResponseException(answer.code, answer.message)


async def _body(client: SMTP, limits: Limits, content: bytes) -> Outcome:
    protocol = client.protocol
    if protocol is None:
        return NotReached(Phase.BODY, DeliveryProblem.CONNECTION_LOST)
    try:
        protocol.write(_LEADING_DOT.sub(b"..", content) + b".\r\n")
    except SMTPServerDisconnected:
        return NotReached(Phase.BODY, DeliveryProblem.CONNECTION_LOST)
    try:
        async with asyncio.timeout(limits.body):
            return _verdict(await protocol.read_response())
    except (SMTPException, OSError):
        return OutcomeUnknown(Phase.BODY)


def _verdict(answer: SMTPResponse) -> Outcome:
    if _is_positive(answer.code):
        return Accepted(answer.code)
    return _refused(Phase.BODY, answer.code, answer.message) or OutcomeUnknown(Phase.BODY)


def _is_positive(code: int) -> bool:
    """The first digit is the answer (RFC 5321, 4.2.1)."""
    return 200 <= code <= 299  # noqa: PLR2004


def _refused(phase: Phase, code: int, text: str) -> RefusedByServer | None:
    """Read a refusal; None where the code is none, as in an answer that is not SMTP."""
    enhanced = _ENHANCED.match(text)
    if 400 <= code <= 599:  # noqa: PLR2004 - likewise
        return RefusedByServer(code, enhanced[0] if enhanced else None, code >= PERMANENT, phase)
    return None


async def _take_leave(client: SMTP, limits: Limits) -> None:
    """Send QUIT; the server's answer changes nothing any more."""
    with suppress(SMTPException, OSError):
        async with asyncio.timeout(limits.quit):
            await client.quit()


def _hang_up(client: SMTP) -> None:
    """Drop the connection and all unsent data, so that nothing is delivered after the outcome is decided."""
    if isinstance(client.transport, asyncio.WriteTransport):
        client.transport.abort()
    client.close()
