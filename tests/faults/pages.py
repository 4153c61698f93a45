"""What a service says about itself on its pages."""

import httpx

from libs.stack.service import ServiceProcess


async def waiting(service: ServiceProcess) -> str:
    """Give what it waits for, in one line; empty where it waits for nothing."""
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{service.spec.http_port}/readyz")
    except httpx.HTTPError as error:
        return f"it does not answer: {error!r}"
    return "; ".join(answer.json()["waiting"])
