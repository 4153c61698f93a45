"""A mail server that delivers nothing: it writes down what it accepted, and fails on request.

`python -m libs.stack.mail --port 2525 --journal mail.jsonl --faults faults.json`

The journal gets one line of JSON per accepted message, on the disk before the server says 250. The file of faults,
read anew whenever it changed, is a list of objects as `Fault` has them.
"""

import argparse
import asyncio
import email
import email.policy
import json
import os
import signal
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from libs.stack.faults import Fault, Faults


class Catcher:
    """What the server does with recipients and bodies."""

    def __init__(self, journal: Path, faults: Faults) -> None:
        self._journal = journal
        self._faults = faults

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Take the recipient, or fail as asked."""
        del session, rcpt_options
        fault = self._faults.pick("recipient", [address])
        if fault is not None:
            return await _fail(server, fault)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the message, then answer; or fail as asked, before or after."""
        del session
        fault = self._faults.pick("body", envelope.rcpt_tos)
        if fault is None or fault.keeps:
            self._keep(envelope)
        return "250 kept" if fault is None else await _fail(server, fault)

    def _keep(self, envelope: Envelope) -> None:
        line = json.dumps(_entry(envelope), ensure_ascii=False) + "\n"
        with self._journal.open("ab", buffering=0) as journal:
            journal.write(line.encode(errors="backslashreplace"))
            os.fsync(journal.fileno())


def _entry(envelope: Envelope) -> dict[str, object]:
    message = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.default)
    return {
        "at": datetime.now(UTC).isoformat(),  # noqa: TID251 - the mail server's own time, outside every plan
        "mail_from": envelope.mail_from,
        "rcpt_to": envelope.rcpt_tos,
        "message_id": message["Message-ID"],
        "subject": message["Subject"],
        "headers": [[name, str(value)] for name, value in message.items()],
        "body": _text(message),
    }


def _text(message: EmailMessage) -> str:
    body = message.get_body(("plain", "html"))
    if body is None:
        return ""
    try:
        text: str = body.get_content()
    except LookupError:  # an unknown character set
        text = bytes(body.get_payload(decode=True)).decode(errors="replace")
    return text


async def _fail(server: SMTP, fault: Fault) -> str:
    match fault.do:
        case "refuse":
            return "550 refused"
        case "defer":
            return "451 not now"
        case "wait" | "keep and wait":
            await asyncio.sleep(fault.seconds)
            return "250 kept" if fault.keeps else "451 not now"
        case "cut" | "keep and cut":
            if isinstance(server.transport, asyncio.Transport):
                server.transport.abort()
            raise ConnectionResetError("cut off on request")


async def serve(host: str, port: int, journal: Path, faults: Path) -> None:
    """Serve until SIGTERM or SIGINT; prints the address first."""
    loop = asyncio.get_running_loop()
    catcher = Catcher(journal, Faults(faults))
    server = await loop.create_server(
        lambda: SMTP(catcher, hostname="catcher.invalid", enable_SMTPUTF8=True), host, port
    )
    print("catching mail on {}:{}".format(*server.sockets[0].getsockname()), flush=True)  # noqa: T201 - a program's one word
    ended = asyncio.Event()
    for end in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(end, ended.set)
    await ended.wait()
    server.close()


def main() -> None:
    """The command line."""
    arguments = argparse.ArgumentParser(prog="python -m libs.stack.mail", description=__doc__.splitlines()[0])
    arguments.add_argument("--host", default="127.0.0.1")
    arguments.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments.add_argument("--journal", type=Path, required=True, help="one line of JSON per accepted message")
    arguments.add_argument("--faults", type=Path, default=Path(os.devnull), help="a list of faults, as JSON")
    given = arguments.parse_args()
    asyncio.run(serve(given.host, given.port, given.journal, given.faults))


if __name__ == "__main__":
    main()
