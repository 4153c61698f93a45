"""A provider that nobody needs: sessions are there already, or somebody else says who comes back."""

from collections.abc import MutableMapping
from typing import Any

from starlette.requests import Request

from services.ops.console.access.persons import PersonIdentity
from services.ops.console.access.roles import Access, Role
from services.ops.console.access.sign_in import Admitted, NotLetIn, SignInAsked

ISSUER = "https://issuer.example"


class NoProvider:
    """Lets whoever comes back with `code=who` in as that person, once for each sign-in."""

    def __init__(self) -> None:
        self.asked = 0

    async def begin(self, callback: str) -> SignInAsked:
        self.asked += 1
        state = f"state-{self.asked}"
        return SignInAsked(f"{ISSUER}/authorize?state={state}&redirect_uri={callback}", state, {"state": state})

    async def finish(self, request: Request, kept: MutableMapping[str, Any]) -> Admitted:
        assert kept["state"] == request.query_params["state"]
        who = request.query_params.get("code")
        if who is None:
            raise NotLetIn("the provider did not let you in; sign in again")
        return Admitted(PersonIdentity(who, Access(frozenset({Role.OWNER}))), f"token of {who}")

    async def farewell(self, id_token: str, back: str) -> str | None:
        return f"{ISSUER}/logout?hint={id_token.replace(' ', '+')}&back={back}"
