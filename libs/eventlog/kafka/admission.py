"""Why a broker does not let us in: asked once more by hand, as aiokafka only says that it could not connect."""

import asyncio
import ssl
from struct import pack

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import IllegalSaslStateError, KafkaError, SaslAuthenticationFailed, UnsupportedSaslMechanismError
from aiokafka.protocol.metadata import MetadataRequest

from libs.eventlog.errors import Unavailable
from libs.eventlog.kafka.brokers import Brokers
from libs.eventlog.kafka.token_endpoint import NoToken

PATIENCE = 3.0  # machine seconds that a broker may take for each answer
_NUMBER = pack(">i", 4711)
_API_VERSIONS = pack(">ihh", 10, 18, 0) + _NUMBER + pack(">h", -1)
"""The one question that a broker answers before it knows who asks: version 0, without a name."""
_TOO_OLD = "refuses the token {}: it may have run out, or be for somebody else; see {}"
_ANOTHER_NAME = frozenset({62, 64})  # OpenSSL's codes: another host name, another IP address


async def refusal(brokers: Brokers) -> str | None:
    """One sentence that says why a broker does not let us in, and what to do; None where none says so.

    Raises Unavailable where a token can not be had now.
    """
    for host, port, _ in collect_hosts(brokers.addresses):
        if sentence := await _refusal(brokers, host, port):
            return f"Kafka at {host}:{port} {sentence}"
    return None


async def _refusal(brokers: Brokers, host: str, port: int) -> str | None:
    try:
        async with asyncio.timeout(2 * PATIENCE):
            await _greeted(host, port, brokers.tls())
    except ssl.SSLCertVerificationError as error:
        return _not_vouched_for(error)
    except ssl.SSLError as error:
        if "ALERT" in (error.reason or ""):
            return (
                f"refuses our certificate ({error.reason}): set OLCARE_KAFKA_CERTIFICATE and OLCARE_KAFKA_KEY to one"
                " that it trusts"
            )
        return await _other_protocol(brokers, host, port)
    except (OSError, EOFError):
        return await _other_protocol(brokers, host, port)
    return await _not_logged_in(brokers, host, port)


async def _greeted(host: str, port: int, tls: ssl.SSLContext | None) -> None:
    """Have a broker answer; raises OSError, and EOFError where it hangs up or says something else."""
    handshake = PATIENCE if tls else None
    reader, writer = await asyncio.open_connection(host, port, ssl=tls, ssl_handshake_timeout=handshake)
    try:
        writer.write(_API_VERSIONS)
        if (await reader.readexactly(8))[4:] != _NUMBER:
            raise EOFError("it is no broker that answers")
    finally:
        writer.transport.abort()


def _not_vouched_for(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in _ANOTHER_NAME:
        return (
            f"shows a certificate for another name ({error.verify_message}): name it in OLCARE_KAFKA as its"
            " certificate does, or give it one for this name"
        )
    return (
        f"shows a certificate that nobody vouches for ({error.verify_message}): set OLCARE_KAFKA_CA to the"
        " certificate of who signed it"
    )


async def _other_protocol(brokers: Brokers, host: str, port: int) -> str | None:
    """Whether the listener speaks TLS where we do not, or the other way round."""
    if brokers.protocol.encrypted:
        spoken = await _speaks(host, port, None)
        return (
            "does not speak TLS: set OLCARE_KAFKA to a listener that does (its port is another one)" if spoken else None
        )
    if await _speaks(host, port, ssl.create_default_context()):
        return "speaks TLS alone: set OLCARE_KAFKA_PROTOCOL to SASL_SSL or SSL, and OLCARE_KAFKA_CA"
    return None


async def _speaks(host: str, port: int, tls: ssl.SSLContext | None) -> bool:
    try:
        async with asyncio.timeout(2 * PATIENCE):
            await _greeted(host, port, tls)
    except ssl.SSLError as error:
        return isinstance(error, ssl.SSLCertVerificationError) or "ALERT" in (error.reason or "")
    except (OSError, EOFError):
        return False
    return True


async def _not_logged_in(brokers: Brokers, host: str, port: int) -> str | None:
    try:
        connection = await create_conn(host, port, request_timeout_ms=int(PATIENCE * 1000), **brokers.how())
    except SaslAuthenticationFailed as error:
        if sentence := _refused_token(brokers):
            return sentence
        return f"refuses the login of {brokers.user} ({error}): look at OLCARE_KAFKA_USER and OLCARE_KAFKA_PASSWORD"
    except UnsupportedSaslMechanismError as error:
        return f"takes no login by {brokers.mechanism} ({error}): set OLCARE_KAFKA_MECHANISM to one that it takes"
    except IllegalSaslStateError:
        return (
            "takes no login at this listener: set OLCARE_KAFKA_PROTOCOL to what it speaks, or OLCARE_KAFKA to another"
        )
    except NoToken as error:
        if not error.final:
            raise Unavailable(f"Kafka at {host}:{port} wants a token, and {error}") from None
        return f"wants a token, and {error}"
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        return (
            f"wants a token, and {brokers.token} can not be read ({type(error).__name__}): see OLCARE_KAFKA_TOKEN_PATH"
        )
    except (KafkaError, OSError, ValueError) as error:
        return f"breaks off the login ({type(error).__name__} {error})" if brokers.protocol.logs_in else None
    try:
        answer = await connection.send(MetadataRequest([]))
    except KafkaError:
        wanted = "SASL_SSL" if brokers.protocol.encrypted else "SASL_PLAINTEXT"
        hint = f"set OLCARE_KAFKA_PROTOCOL to {wanted}, and OLCARE_KAFKA_MECHANISM, _USER and _PASSWORD"
        return None if brokers.protocol.logs_in else f"wants a login: {hint}"
    finally:
        connection.close()
    # aiokafka reads no answer to a token and goes on with one that is refused; then a broker names none
    return None if answer.brokers else _refused_token(brokers)


def _refused_token(brokers: Brokers) -> str | None:
    if brokers.token:
        return _TOO_OLD.format(f"in {brokers.token}", "OLCARE_KAFKA_TOKEN_PATH")
    if brokers.endpoint:
        return _TOO_OLD.format(f"of {brokers.endpoint.credentials.url}", "OLCARE_KAFKA_TOKEN_URL and _SCOPE")
    return None
