"""A customer: registered once, with a home centre that stays; whose people can be erased."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, assert_never

from libs.decider import Decider, IdUsedOtherwise
from libs.messages.base import PrivateKey
from libs.messages.contracts import (
    CustomerChanged,
    CustomerContact,
    CustomerEvent,
    CustomerRefusal,
    CustomerRefused,
    CustomerRegistered,
    ErasureRefusal,
    PersonErased,
    PersonErasureRefused,
    RemindersChosen,
)
from libs.messages.facts import resting_on
from services.contract.facts import KnownCentre


@dataclass(frozen=True)
class SubmitCustomer:
    """Register a customer, or change a registered one."""

    occurred_at: datetime
    country: str
    centre: str | None
    """The home centre asked for; else that of the country."""
    language: str
    contact: str
    private: PrivateKey
    reseller: str | None
    centres: tuple[KnownCentre, ...]
    regional_team: str | None = None
    """The centre whose team helps with renewals, where it is not the home centre."""
    others: tuple[CustomerContact, ...] = ()


@dataclass(frozen=True)
class ChooseReminders:
    """Want reminders of renewals, or none."""

    occurred_at: datetime
    wanted: bool


@dataclass(frozen=True)
class ErasePerson:
    """Erase everything private about a person."""

    occurred_at: datetime
    person: str
    by: str


FromDoor = SubmitCustomer | ChooseReminders | ErasePerson
Command = FromDoor | IdUsedOtherwise[FromDoor]


@dataclass(frozen=True)
class Unregistered:
    """A customer that was never registered."""

    state: Literal["unregistered"] = "unregistered"


@dataclass(frozen=True)
class Registered:
    """A customer and those of its people that were erased."""

    centre: str
    erased: tuple[str, ...] = ()
    state: Literal["registered"] = "registered"


State = Unregistered | Registered


def decide(state: State, command: Command) -> CustomerEvent:
    """Answer a command with exactly one event."""
    match command:
        case SubmitCustomer():
            return _register(command) if isinstance(state, Unregistered) else _change(state, command)
        case ChooseReminders():
            return _choose(state, command)
        case ErasePerson():
            return _erase(state, command)
        case IdUsedOtherwise(wish=wish):
            return _used_otherwise(wish)
        case _:
            assert_never(command)


def evolve(state: State, event: CustomerEvent) -> State:
    """Fold an event into the state."""
    match event:
        case CustomerRegistered():
            return Registered(event.centre)
        case PersonErased() if isinstance(state, Registered):
            return replace(state, erased=(*state.erased, event.person))
        case CustomerChanged() | CustomerRefused() | RemindersChosen() | PersonErased() | PersonErasureRefused():
            return state
        case _:
            assert_never(event)


DECIDER: Decider[State, Command, CustomerEvent] = Decider(Unregistered(), decide, evolve)


def _register(command: SubmitCustomer) -> CustomerRegistered | CustomerRefused:
    centre = _home_centre(command)
    if _team_is_unknown(command):
        return CustomerRefused(refused_at=command.occurred_at, reason=CustomerRefusal.UNKNOWN_CENTRE)
    if centre is None:
        reason = CustomerRefusal.UNKNOWN_CENTRE if command.centre else CustomerRefusal.NO_CENTRE_FOR_COUNTRY
        return CustomerRefused(refused_at=command.occurred_at, reason=reason)
    return CustomerRegistered(
        registered_at=command.occurred_at,
        country=command.country,
        centre=centre.centre,
        language=command.language,
        contact=command.contact,
        private=command.private,
        reseller=command.reseller,
        regional_team=command.regional_team,
        others=command.others,
        rests_on=resting_on(centre),
    )


def _team_is_unknown(command: SubmitCustomer) -> bool:
    return command.regional_team not in {None, *(known.centre for known in command.centres)}


def _home_centre(command: SubmitCustomer) -> KnownCentre | None:
    """The centre asked for, else that of the country, never a guess."""
    if command.centre:
        return next((known for known in command.centres if known.centre == command.centre), None)
    return next((known for known in command.centres if command.country in known.countries), None)


def _change(state: Registered, command: SubmitCustomer) -> CustomerChanged | CustomerRefused:
    """Every new submission counts as a change: its private part can not be compared here."""
    if command.centre not in {None, state.centre}:
        return CustomerRefused(refused_at=command.occurred_at, reason=CustomerRefusal.CENTRE_IS_FIXED)
    if _team_is_unknown(command):
        return CustomerRefused(refused_at=command.occurred_at, reason=CustomerRefusal.UNKNOWN_CENTRE)
    return CustomerChanged(
        changed_at=command.occurred_at,
        country=command.country,
        language=command.language,
        contact=command.contact,
        private=command.private,
        reseller=command.reseller,
        regional_team=command.regional_team,
        others=command.others,
    )


def _choose(state: State, command: ChooseReminders) -> RemindersChosen | CustomerRefused:
    if isinstance(state, Unregistered):
        return CustomerRefused(refused_at=command.occurred_at, reason=CustomerRefusal.UNKNOWN_CUSTOMER)
    return RemindersChosen(chosen_at=command.occurred_at, wanted=command.wanted)


def _erase(state: State, command: ErasePerson) -> PersonErased | PersonErasureRefused:
    match state:
        case Unregistered():
            return _not_erased(command, ErasureRefusal.UNKNOWN_CUSTOMER)
        case Registered(erased=erased) if command.person in erased:
            return _not_erased(command, ErasureRefusal.ALREADY_ERASED)
        case Registered():
            return PersonErased(person=command.person, erased_at=command.occurred_at, by=command.by)
        case _:
            assert_never(state)


def _used_otherwise(wish: FromDoor) -> CustomerRefused | PersonErasureRefused:
    match wish:
        case SubmitCustomer() | ChooseReminders():
            return CustomerRefused(refused_at=wish.occurred_at, reason=CustomerRefusal.ID_USED_OTHERWISE)
        case ErasePerson():
            return _not_erased(wish, ErasureRefusal.ID_USED_OTHERWISE)
        case _:
            assert_never(wish)


def _not_erased(command: ErasePerson, reason: ErasureRefusal) -> PersonErasureRefused:
    return PersonErasureRefused(person=command.person, refused_at=command.occurred_at, by=command.by, reason=reason)
