from faststream.asgi import AsgiResponse, get, post
from faststream.asgi.types import Scope

from libs.chassis.pages import readable


async def _page(_scope: Scope) -> AsgiResponse:
    return AsgiResponse(b"", 200)


def test_what_changes_something_is_no_page_to_be_led_to() -> None:
    routes = [("/stuck", get(_page)), ("/stuck/retry", post(_page)), ("/asyncapi.css", get(_page))]
    assert readable(routes) == ["/stuck"]
