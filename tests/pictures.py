"""Pictures of the console for its documentation: `python -m tests.pictures ADDRESS`, beside `olcare demo --keep`.

Each page is taken as a reader finds it first: light, in English, 1280 pixels wide; one in French and dark, one on a
telephone. What is shown is what the demo's week has left.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import httpx
import typer
from playwright.async_api import Browser, async_playwright

from libs.stack.run import PROJECT

FOLDER = PROJECT / "docs" / "console"
WIDE, HIGH = 1280, 900


class Picture(NamedTuple):
    """A page, and how it is looked at."""

    name: str
    path: str
    theme: Literal["light", "dark"] = "light"
    locale: str = "en-GB"
    width: int = WIDE


def main(
    address: Annotated[str, typer.Argument(help="Where the console is, as `olcare demo --keep` says it.")],
    folder: Annotated[Path, typer.Option(help="Where the pictures are written.")] = FOLDER,
) -> None:
    """Take one picture of every page; 1 where there is no browser."""
    if (chromium := shutil.which("chromium")) is None:
        sys.stderr.write("there is no chromium: `apt-get install chromium` brings it\n")
        raise typer.Exit(1)
    folder.mkdir(exist_ok=True)
    asyncio.run(_take(address, folder, chromium))


async def _take(address: str, folder: Path, chromium: str) -> None:
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        for picture in await _pictures(address):
            await _one(browser, address, folder, picture)
            typer.echo(picture.name)
        await browser.close()


async def _one(browser: Browser, address: str, folder: Path, picture: Picture) -> None:
    """Take it once the page has drawn its curves and had its first live events."""
    page = await browser.new_page(
        viewport={"width": picture.width, "height": HIGH}, color_scheme=picture.theme, locale=picture.locale
    )
    answer = await page.goto(address + picture.path, wait_until="load")
    if answer is None or not answer.ok:
        raise ValueError(f"{picture.path} was answered by {answer and answer.status}")
    await page.wait_for_timeout(1500)
    await page.screenshot(path=folder / f"{picture.name}.png", full_page=False)
    await page.close()


async def _pictures(address: str) -> list[Picture]:
    """All pages, among them a ticket whose promise was broken, and a customer."""
    async with httpx.AsyncClient(base_url=address, headers={"accept": "application/json"}, timeout=60) as client:
        missed, contract = await _first(client, "/promises", "missed"), await _first(client, "/contracts", "contracts")
    ticket, customer = (name.partition("/")[2] for name in (missed["ticket"], contract["customer"]))
    return [
        Picture("now", "/"),
        Picture("now-dark-french", "/", "dark", "fr-FR"),
        Picture("now-telephone", "/", width=375),
        Picture("topics", "/topics"),
        Picture("topic", "/topics/olcare.tickets.v1"),
        Picture("promises", "/promises"),
        Picture("ticket", f"/tickets/{ticket}"),
        Picture("dead-letters", "/dead-letters"),
        Picture("notices", "/notices"),
        Picture("projections", "/projections"),
        Picture("contracts", "/contracts"),
        Picture("customer", f"/customers/{customer}"),
        Picture("receipts", "/receipts"),
        Picture("centres", "/centres"),
        Picture("plan", "/plan"),
        Picture("audit", "/audit"),
        Picture("rehearse", "/rehearse"),
    ]


async def _first(client: httpx.AsyncClient, path: str, field: str) -> Mapping[str, str]:
    """The first of what a page lists."""
    answer = (await client.get(path)).raise_for_status()
    found: Sequence[Mapping[str, str]] = answer.json()[field]
    return found[0]


if __name__ == "__main__":
    typer.run(main)
