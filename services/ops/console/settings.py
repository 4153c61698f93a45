"""What can be set for the console."""

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from libs.chassis.kafka_access import ThatIsThere
from libs.chassis.settings import ServiceSettings
from services.ops.console.access.persons import Naming, OidcClient, groups_of
from services.ops.watch.console_process import PORT

LOCALHOST = "localhost"
NEEDED = ("oidc_issuer", "oidc_client", "oidc_secret", "oidc_roles", "console_address")
"""Without any of these nobody can sign in."""


def _site(address: str) -> str:
    parts = urlsplit(address)
    if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("it must be an address like https://name, without a query and without a login")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise ValueError("it must begin with https://; http:// is for this machine alone")
    return address


def _origin(address: str) -> str:
    if urlsplit(_site(address)).path not in {"", "/"}:
        raise ValueError("the console is at the root of its address: leave the path out")
    return address.rstrip("/")


def _groups(text: str) -> str:
    if not groups_of(text):
        raise ValueError("it names no group")
    return text


class SignsIn(NamedTuple):
    """By what people sign in."""

    address: str
    client: OidcClient
    naming: Naming


class ConsoleSettings(ServiceSettings):
    """The common settings under the console's name, and who may come in."""

    service: Literal["console"] = "console"
    http_port: Annotated[int, Field(ge=0, le=65535)] = PORT
    """Where the pages are; 0: any free port, the log says which."""
    console_published_at: str | None = None
    """`host:port` where browsers find it, if that is not where it listens: a container's published port."""
    console_assets: Path | None = None
    """The folder `node_modules` with the scripts of others; without it they are fetched once, by npm."""
    console_address: Annotated[str, AfterValidator(_origin)] | None = None
    """Where browsers find it when people sign in, `https://…`."""
    console_session_minutes: Annotated[int, Field(ge=1, le=720)] = 60
    """After so long the provider is asked again who somebody is, and what their roles are."""
    console_contact: str = "whoever runs this installation"
    """Whom to ask for a role, as a page says it to who has none."""
    oidc_issuer: Annotated[str, AfterValidator(_site)] | None = None
    """The provider of OpenID Connect, as its tokens name it."""
    oidc_client: str | None = None
    """As what we are registered there."""
    oidc_secret: SecretStr | None = None
    oidc_roles: Annotated[str, AfterValidator(_groups)] | None = None
    """What the provider's groups give, `group=role; group=agent:centre`."""
    oidc_roles_claim: str = "groups"
    """The claim that has the groups; one within another is named with a dot."""
    oidc_centres_claim: str = "centres"
    """The claim that has the centres of agents whose group gives none."""
    oidc_who_claim: str = "sub"
    """The claim by which what somebody does is recorded; it must never name another person."""
    oidc_scope: str = "openid profile"
    """What is asked of the provider."""
    oidc_ca: ThatIsThere | None = None
    """The path of the certificates that vouch for the provider, in place of those of the system."""

    @property
    def signs_in_by(self) -> SignsIn | None:
        """By what people sign in; None on this machine alone, where nobody does."""
        if not (self.console_address and self.oidc_issuer and self.oidc_client and self.oidc_secret):
            return None
        secret = self.oidc_secret.get_secret_value()
        client = OidcClient(self.oidc_issuer, self.oidc_client, secret, self.oidc_scope, self.oidc_ca)
        groups = groups_of(self.oidc_roles or "")
        naming = Naming(self.oidc_who_claim, self.oidc_roles_claim, self.oidc_centres_claim, groups)
        return SignsIn(self.console_address, client, naming)

    @property
    def published_host(self) -> str:
        """The host by which browsers reach it."""
        if self.console_address:
            return urlsplit(self.console_address).hostname or ""
        where = self.console_published_at
        return where.rpartition(":")[0] if where and ":" in where else where or self.http_host

    @model_validator(mode="after")
    def _nobody_unknown(self) -> Self:
        missing = [_variable(name) for name in NEEDED if getattr(self, name) is None]
        if missing and not is_loopback(self.published_host):
            raise ValueError(
                f"the console would be open to everybody at {self.published_host}: without a sign-in it is for this"
                " machine alone. Leave OLCARE_HTTP_HOST at 127.0.0.1, or say with OLCARE_CONSOLE_PUBLISHED_AT that a"
                " container's port is published on 127.0.0.1 alone; or let people sign in, for which is missing:"
                f" {', '.join(missing)}"
            )
        if missing and len(missing) < len(NEEDED):
            raise ValueError(f"people can not sign in, for there is missing: {', '.join(missing)}")
        if wrong := next(self._wrong(), None):
            raise ValueError(wrong)
        return self

    def _wrong(self) -> Iterator[str]:
        if self.console_address and self.console_published_at:
            yield "OLCARE_CONSOLE_PUBLISHED_AT is for a console without a sign-in: leave it out"
        if "openid" not in self.oidc_scope.split():
            yield "OLCARE_OIDC_SCOPE must have openid"


def _variable(name: str) -> str:
    either = f"OLCARE_{name.upper()}"
    return f"{either} (or {either}_FILE)" if name == "oidc_secret" else either


def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone."""
    name = host.strip("[]")
    try:
        return name == LOCALHOST or ip_address(name).is_loopback
    except ValueError:
        return False
