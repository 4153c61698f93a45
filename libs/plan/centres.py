"""Which centre is the local one: « soutien local », « l'équipe OL Care de votre région »."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from libs.messages.plan import CentreCalendar
from libs.messages.tickets import CentreReason, Channel


class LocalCentre(NamedTuple):
    """The one centre whose opening hours bind a ticket's promise, and why."""

    centre: str
    reason: CentreReason


def numbers_of(centres: Iterable[CentreCalendar]) -> dict[str, str]:
    """Each telephone number of the plan (E.164) with its centre."""
    return {phone.number: centre.centre for centre in centres for phone in centre.phones}


def local_centre(home: str, channel: Channel, dialled: str | None, numbers: Mapping[str, str]) -> LocalCentre:
    """The customer's home centre; for a call the centre whose number was dialled, if that is another."""
    called = numbers.get(dialled or "", home) if channel is Channel.PHONE else home
    return LocalCentre(called, CentreReason.HOME_CENTRE if called == home else CentreReason.NUMBER_DIALLED)


def home_centre(centres: Iterable[CentreCalendar], country: str) -> str | None:
    """The centre for customers of a country (ISO 3166-1 alpha-2); None, never a guess, where the plan has none."""
    return next((centre.centre for centre in centres if country in centre.countries), None)
