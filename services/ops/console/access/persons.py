"""What the claims of a token say of a person: who they are, their roles and their centres."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from libs.messages.base import Reference
from services.ops.console.access.roles import Access, Role

_REFERENCE: TypeAdapter[str] = TypeAdapter(Reference)


class NoPerson(Exception):  # noqa: N818 - it says what it is
    """A token that does not say who somebody is; the text says what is missing, and where to look."""


@dataclass(frozen=True)
class OidcClient:
    """Who we are to the provider."""

    issuer: str
    id: str
    secret: str = field(repr=False)
    scope: str
    ca: Path | None
    """The certificates that vouch for it, in place of those of the system."""


@dataclass(frozen=True)
class Given:
    """What a group gives: a role, and the centre where it is an agent's of one alone."""

    role: Role
    centre: str | None = None


@dataclass(frozen=True)
class Naming:
    """Which claims say who somebody is, and what their groups give; claims in others are named with dots."""

    who: str
    roles: str
    centres: str
    groups: Mapping[str, tuple[Given, ...]]


@dataclass(frozen=True)
class PersonIdentity:
    """Who has signed in."""

    who: str
    """By which all that they do is recorded."""
    access: Access


def groups_of(text: str) -> dict[str, tuple[Given, ...]]:
    """What `group=role; group=agent:centre …` says, a line for each as well; raises ValueError."""
    found: dict[str, tuple[Given, ...]] = {}
    for part in filter(None, (one.strip() for one in text.replace("\n", ";").split(";"))):
        group, equals, said = (word.strip() for word in part.rpartition("="))
        if not (group and equals):
            raise ValueError(f"{part!r} is not group=role")
        found[group] = (*found.get(group, ()), _given(said))
    return found


def _given(text: str) -> Given:
    name, _, centre = text.partition(":")
    if name not in {*Role}:
        raise ValueError(f"{name!r} is no role: there are {', '.join(Role)}")
    if centre and name != Role.AGENT:
        raise ValueError(f"{text!r}: an agent alone is of a centre")
    return Given(Role(name), centre or None)


def person_of(claims: Mapping[str, Any], naming: Naming) -> PersonIdentity:
    """Who somebody is; raises NoPerson."""
    said = claim(claims, naming.who)
    try:
        who = _REFERENCE.validate_python(said, strict=True)
    except ValidationError:
        raise NoPerson(
            f"the token has no {naming.who} that can be recorded: up to 64 letters, digits and . _ ~ -;"
            " OLCARE_OIDC_WHO_CLAIM names the claim"
        ) from None
    given = [one for group in words(claim(claims, naming.roles)) for one in naming.groups.get(group, ())]
    centres = {one.centre for one in given if one.centre}
    if any(one == Given(Role.AGENT) for one in given):
        centres |= {*words(claim(claims, naming.centres))}
    return PersonIdentity(who, Access(frozenset(one.role for one in given), frozenset(centres)))


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """What a claim says: by its own name first, since one may have dots; else one within another; None without it."""
    if name in claims:
        return claims[name]
    outer, dot, inner = name.partition(".")
    within = claims.get(outer)
    return claim(within, inner) if dot and isinstance(within, Mapping) else None


def words(value: Any) -> Iterator[str]:
    """The words of a claim: a list of them, or one text with blanks or commas between."""
    if isinstance(value, str):
        yield from value.replace(",", " ").split()
    elif isinstance(value, list):
        yield from (one for one in value if isinstance(one, str))
