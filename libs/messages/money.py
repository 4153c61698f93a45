"""Amounts of money on the wire: decimal text, never a binary fraction."""

from typing import Annotated

from pydantic import Field, StringConstraints

from libs.messages.base import ONLY_NUMBERS, Day, PlanVersion, Value

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""ISO 4217."""
BasisPoints = Annotated[int, Field(ge=0, le=100_000), ONLY_NUMBERS]
"""Hundredths of a percent: 2 000 is 20 %."""
Amount = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,17})(\.[0-9]{1,4})?$")]
"""`12345.67`: an amount that is not below zero, in the whole units of its currency."""


ListValue = Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,4})?$")]
"""An amount that may be priced and added to: its prices are amounts too."""


class Price(Value):
    """What a yearly term costs: « un pourcentage de la valeur totale de votre licence, y compris les options »."""

    amount: Amount
    """Rounded half to even to the minor unit of the currency."""
    currency: Currency
    rate: BasisPoints
    price_list: PlanVersion
    """The version of the currency's price list."""
    applies_from: Day
    """The first day of that list."""
    assumed: bool = False
    """Whether the list is an assumption, since the plan gives no figure."""
    adjusted: bool = False
    """Whether one minor unit was added, so that coming back costs more than staying."""
    licence_value: Amount
    """The total list value that was priced, options included."""
