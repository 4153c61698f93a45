"""Whoever reads French reads French: every page, every error, with nothing in English but what is marked as English."""

import asyncio
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import httpx
import pytest

from services.ops.console.pages import ACTIONS, PAGES
from tests.integration.console.saying import said
from tests.integration.console.test_mending import bad
from tests.support import PATIENCE

ENGLISH = re.compile(
    r"\b(the|of|is|are|was|were|with|which|not|and|this|that|has|have|had|been|by|from|there|nothing|where|who|what|does"
    r"|for|to|it|be|will|would|can|your|you|input|should|field|required|than|equal|greater|less|must|expected|invalid|missing|unknown)\b",
    re.IGNORECASE,
)
"""Words that stand in nearly every English sentence, and in no French one."""
NAMED = re.compile(r"\S*(?:[/_`]|\w[.-]\w)\S*")
"""An identifier, a path, a command."""
AS_IT_IS = {"code", "pre", "script", "style", "del", "ins"}
"""What stands there is quoted: a name, a value, a record."""
QUOTED = {"type", "rate"}
READ = ("title", "aria-label", "placeholder", "alt")
EMPTY = {"br", "img", "input", "link", "meta", "hr", "path", "line", "rect", "circle", "polyline", "use"}
NOWHERE = "00000000-0000-4000-8000-000000000000"
TICKET = "/tickets/crm-eu/french-1"


class Reader(HTMLParser):
    """Gathers what a reader of French sees or hears."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.read: list[str] = []
        self.marked = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.marked += tag == "span" and given.get("lang") == "en"
        is_quoted = (
            tag in AS_IT_IS
            or bool(QUOTED & {*(given.get("class") or "").split()})
            or given.get("lang") == "en"
            or given.get("translate") == "no"
        )
        inside = bool(self.open) and self.open[-1][1]
        if not (inside or is_quoted):
            self.read += [value for name in READ if (value := given.get(name))]
        if tag not in EMPTY:
            self.open.append((tag, inside or is_quoted))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not (self.open and self.open[-1][1]):
            self.read.append(" ".join(data.split()))


def english_in(html: str) -> list[str]:
    """The texts of a page that are English, and what is marked as such: no page of ours needs that."""
    reader = Reader()
    reader.feed(html)
    found = [text for text in reader.read if ENGLISH.search(NAMED.sub("", text))]
    return [*found, f"{reader.marked} marked"] if reader.marked else found


def test_english_is_found_and_what_is_quoted_is_passed_over() -> None:
    html = '<p title="who is it">Qui <b>Nothing</b> <code>the id</code> <span lang="en">it is <i>so</i></span></p>'
    assert english_in(html) == ["who is it", "Nothing", "1 marked"]


@pytest.fixture
def french(address: str) -> Iterator[httpx.Client]:
    headers = {"accept": "text/html", "accept-language": "fr"}
    with httpx.Client(base_url=address, headers=headers, timeout=PATIENCE, follow_redirects=True) as found:
        yield found


def addresses(address: str) -> list[str]:
    """Every page, those of one thing by what there is."""
    with httpx.Client(base_url=address, headers={"accept": "application/json"}, timeout=PATIENCE) as client:
        notice = client.get("/notices").json()["notices"][0]["stream"]
        letter = client.get("/dead-letters", params={"door": "olcare.tickets.in.v1"}).json()["letters"][0]["place"]
        topics = [one["topic"] for one in client.get("/topics").json()["topics"]]
        contract = client.get("/contracts").json()["contracts"][0]
        record = client.get("/topics/olcare.tickets.v1").json()["records"][0]
    return [
        *("/", "/topics", "/promises", "/promises?days=90", "/tickets", TICKET, f"{TICKET}?verify=true"),
        *(f"/topics/{topic}" for topic in topics),
        *("/topics/olcare.tickets.v1/search", f"{TICKET}?as_of=2020-01-01", "/promises?known_at=2026-11-23T07:00Z"),
        f"/records/olcare.tickets.v1/{record['partition']}/{record['offset']}",
        *("/dead-letters", "/dead-letters?reason=bad-field", f"/dead-letters/{letter}", "/dead-letters/try"),
        *("/notices", "/notices?state=sent", f"/notices/{notice}", "/projections", "/contracts"),
        f"/customers/{contract['customer'].partition('/')[2]}",
        *("/receipts", "/receipts?source=crm-eu&id=x", "/centres", "/centres?centre=france", "/plan"),
        *("/plan?part=targets/plan/first-response", "/rehearse", "/audit"),
    ]


WRONG = (
    *("/nowhere", "/assets/atlantis", "/topics/atlantis", "/topics/olcare.tickets.v1/search?partition=99"),
    *("/topics/olcare.tickets.v1/search?before=x", "/topics/olcare.tickets.v1?since=yesterday"),
    *("/records/olcare.tickets.v1/0/99999999", "/records/olcare.tickets.v1/99/0", "/records/atlantis/0/0"),
    *("/records/olcare.tickets.v1/x/y", "/promises?centre=atlantis&state=x&days=0", "/promises?known_at=2199-01-01"),
    *("/tickets/crm-eu/nobody", "/tickets/crm-eu/nobody?as_of=1500-01-01", f"{TICKET}?as_of=x", f"/works/{NOWHERE}"),
    *("/dead-letters/olcare.tickets.in.v1/0/99999999", "/dead-letters?since=x", f"/notices/notice/x/{NOWHERE}"),
    *("/notices/nothing", "/notices?state=x&most=0", "/contracts?as_of=2199-01-01", "/customers/erp/nobody"),
    *("/customers/erp/nobody?known_at=2026-11-01", "/centres?centre=atlantis", "/plan?part=atlantis", "/rehearse/abc"),
    *("/rehearse/" + "ab" * 32, "/audit?since=x&most=0", "/receipts?source=a%00b"),
)
"""Addresses of nothing, and such that can not be asked."""


async def test_every_page_is_read_in_french(address: str, french: httpx.Client) -> None:
    await said("--subject", "french-1")
    await bad("french-2")
    found = await asyncio.to_thread(lambda: {path: french.get(path) for path in addresses(address)})
    assert {path: answer.status_code for path, answer in found.items() if answer.status_code != 200} == {}
    assert {path: texts for path, answer in found.items() if (texts := english_in(answer.text))} == {}
    listed = {re.sub(r"\{(\w+)(:path)?\}", r"{\1}", page.path) for page in PAGES}
    shown = {re.sub(r"\?.*", "", path) for path in found}
    patterns = {one: re.compile(re.sub(r"\{\w+\}", ".+", one)) for one in listed}
    unseen = {one for one, pattern in patterns.items() if not any(pattern.fullmatch(path) for path in shown)}
    assert unseen <= {"/rehearse/{digest}", "/works/{id}"}, "of these one is made by a rehearsal"


@pytest.mark.parametrize("path", WRONG)
def test_what_is_wrong_in_an_address_is_said_in_french(french: httpx.Client, path: str) -> None:
    answer = french.get(path)
    assert answer.status_code in {400, 404}
    assert english_in(answer.text) == []


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.path)
@pytest.mark.parametrize("who", [None, "manager-1"])
def test_what_is_wrong_with_a_form_is_said_in_french(french: httpx.Client, action: object, who: str | None) -> None:
    path = re.sub(r"\{(\w+)\}", "1", str(getattr(action, "path", "")))
    page = french.get("/rehearse")
    [token] = set(re.findall(r'name="token" value="([^"]+)"', page.text))
    if who:
        french.cookies.set("olcare_who", who)
    forged, empty = french.post(path), french.post(path, data={"token": token, "door": "nothing"})
    assert forged.status_code == 403
    assert empty.status_code in {200, 400, 403, 404, 503}
    assert english_in(forged.text) + english_in(empty.text) == []
