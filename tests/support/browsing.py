"""What a person's browser does at a sign-in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpx

from rota.simulator import create_app

if TYPE_CHECKING:
    from rota.simulator import World


class Browser:
    """What a person's browser does: asks the provider's page, and follows it back to this machine."""

    def __init__(self, world: World) -> None:
        self._there = httpx.AsyncClient(transport=httpx.ASGITransport(create_app(world)))
        self._here = httpx.AsyncClient(trust_env=False)

    async def approve(self, url: str, who: str) -> httpx.Response:
        """The provider's answer to a yes."""
        return await self._there.get(f"{url}&approve={who}")

    async def sign_in(self, url: str, who: str) -> httpx.Response:
        """Say yes and go where the page sends; the answer is this machine's."""
        page = await self.approve(url, who)
        return await self._here.get(page.headers["location"])

    async def read_code(self, url: str, who: str) -> str:
        """Say yes and read what the provider's page shows: `code#state`."""
        page = await self.approve(url, who)
        shown = await self._there.get(urljoin(url, page.headers["location"]))
        match = re.search(r"[\w.-]+#[\w.-]+", shown.text.split("<body")[-1])
        assert match is not None, shown.text
        return match[0]

    async def visit(self, url: str, **headers: str) -> httpx.Response:
        return await self._here.get(url, headers=headers)

    async def aclose(self) -> None:
        await self._there.aclose()
        await self._here.aclose()
