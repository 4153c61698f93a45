"""Tokens for OAUTHBEARER from whoever issues them: client credentials (RFC 6749, section 4.4), by TLS alone."""

import asyncio
import json
import ssl
from base64 import b64encode
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

from aiokafka.abc import AbstractTokenProvider
from oauthlib.oauth2 import BackendApplicationClient, OAuth2Error

PATIENCE = 5.0  # machine seconds that it may take for each answer
LARGEST = 64 * 1024  # bytes of an answer
LIVED = 0.8  # the share of its life after which a token is asked for anew
_OF_THE_CLIENT = frozenset({"invalid_client", "unauthorized_client", "access_denied"})


class NoToken(OSError):  # noqa: N818 - it says what is missing
    """None was given; the text says why and what to do. A later call may get one, but where it is `final`."""

    def __init__(self, sentence: str, *, final: bool) -> None:
        super().__init__(sentence)
        self.final = final


@dataclass(frozen=True)
class Credentials:
    """Who asks where for a token."""

    url: str
    """Of the token endpoint: `https://…`."""
    client: str
    secret: str = field(repr=False)
    scope: str | None = None
    ca: Path | None = None
    """The certificates that vouch for the endpoint, in place of those of the system."""


class TokenEndpoint(AbstractTokenProvider):  # type: ignore[misc] # aiokafka ships no types
    """Gives new connections a token that is not near its end; asks for another one where it is."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self._token, self._until = "", 0.0

    async def token(self) -> str:
        """A token; raises NoToken."""
        now = asyncio.get_running_loop().time()
        if not self._token or now >= self._until:
            self._token, lives = await asyncio.to_thread(self._ask)
            self._until = now + LIVED * lives
        return self._token

    def _ask(self) -> tuple[str, float]:
        """A fresh token, and for how many seconds it is good, 0 where that is not said; raises NoToken."""
        client, url = BackendApplicationClient(self.credentials.client), self.credentials.url
        status, answer = self._post(client.prepare_request_body(scope=self.credentials.scope))
        if not _is_object(answer):
            raise _refused(url, status, "")
        try:
            found = client.parse_request_body_response(answer)
            return str(found["access_token"]), float(found.get("expires_in") or 0)
        except OAuth2Error as error:
            raise _refused(url, status, str(error.error)) from None
        except (ValueError, TypeError):
            raise _refused(url, status, "") from None

    def _post(self, body: str) -> tuple[int, str]:
        url = urlsplit(self.credentials.url)
        named = f"{quote_plus(self.credentials.client)}:{quote_plus(self.credentials.secret)}"
        headers = {
            "Authorization": f"Basic {b64encode(named.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        try:
            return self._answer(url.hostname or "", url.port, f"{url.path or '/'}", body, headers)
        except ssl.SSLCertVerificationError as error:
            why = f"shows a certificate that is not good ({error.verify_message}): set OLCARE_KAFKA_TOKEN_CA"
            raise NoToken(f"{self.credentials.url} {why}", final=True) from None
        except (OSError, HTTPException, UnicodeDecodeError) as error:
            why = f"does not answer ({type(error).__name__}): look at OLCARE_KAFKA_TOKEN_URL, and whether it is up"
            raise NoToken(f"{self.credentials.url} {why}", final=False) from None

    def _answer(self, host: str, port: int | None, path: str, body: str, headers: dict[str, str]) -> tuple[int, str]:
        """Status and body; wherever it redirects to gets nothing."""
        context = ssl.create_default_context(cafile=self.credentials.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        connection = HTTPSConnection(host, port, timeout=PATIENCE, context=context)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read(LARGEST).decode()
        finally:
            connection.close()


def _is_object(answer: str) -> bool:
    try:
        return isinstance(json.loads(answer), dict)
    except ValueError:
        return False


def _refused(url: str, status: int, code: str) -> NoToken:
    said = f"HTTP {status}" + (f", {code[:60]!r}" if code else "")
    if status >= 500 or status == 429:  # noqa: PLR2004 - not now
        return NoToken(f"{url} gives no token now ({said})", final=False)
    if code in _OF_THE_CLIENT or status in {401, 403}:
        what = "look at OLCARE_KAFKA_USER and OLCARE_KAFKA_PASSWORD, which are the client's id and secret"
    elif code == "invalid_scope":
        what = "look at OLCARE_KAFKA_TOKEN_SCOPE"
    else:
        what = "look at OLCARE_KAFKA_TOKEN_URL: it must be the token endpoint itself"
    return NoToken(f"{url} gives no token ({said}): {what}", final=True)
