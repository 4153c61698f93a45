"""Saying something at a door while a test goes on."""

import asyncio

from tests.acceptance.olcare import done


async def said(*words: str) -> None:
    """Submit a ticket, with these words beside, and wait for its receipt."""
    await asyncio.to_thread(done, "trigger", "TicketSubmitted", "--wait", *words)
