"""The providers: whether each route answers, and whether the clock agrees with theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from rota.doctor.findings import Finding, failure, good, warning
from rota.doctor.machine import clock_skew
from rota.errors import ProviderError

if TYPE_CHECKING:
    import httpx

    from rota.clock import Clock
    from rota.settings import Settings


@dataclass(frozen=True, slots=True)
class Route:
    """An address that rota needs."""

    provider: str
    what: str
    url: str
    needed: bool = True
    """Without it accounts cannot serve; else only sign-in suffers."""


def routes(settings: Settings) -> tuple[Route, ...]:
    """What rota talks to. None of these needs a sign-in to answer, none costs anything."""
    anthropic, puter = settings.anthropic, settings.puter
    return (
        Route("Anthropic", "API", f"{anthropic.api_url}/v1/models"),
        Route("Anthropic", "sign-in", f"{anthropic.auth_url}/v1/oauth/token", needed=False),
        Route("Puter", "API", f"{puter.api_url}/whoami"),
        Route("Puter", "sign-in", f"{puter.gui_url}/?action=authme", needed=False),
    )


async def reach(client: httpx.AsyncClient, route: Route, clock: Clock) -> tuple[list[Finding], str | None]:
    """Knock at a route; any answer of its own counts. Gives the answer's `Date` too."""
    from rota.providers.http import fetch

    host = urlsplit(route.url).netloc
    name = f"{route.provider}'s {route.what} ({host})"
    try:
        answer = await fetch(client, client.build_request("GET", route.url))
    except ProviderError as error:
        said = failure if route.needed else warning
        todo = "Check the network, a proxy (HTTPS_PROXY) and the address in the settings."
        return [said("network", f"{name} cannot be reached: {error}", todo)], None
    if answer.status >= 500:
        text = f"{name} answers {answer.status}: it is in trouble."
        return [warning("network", text, "Nothing to do here; try again later.")], answer.headers.get("date")
    return [good("network", f"{name} answers.")], answer.headers.get("date")


async def providers(client: httpx.AsyncClient, settings: Settings, clock: Clock) -> list[Finding]:
    """Every route, one after another, and the clock against the first that says its time."""
    found: list[Finding] = []
    skew: Finding | None = None
    for route in routes(settings):
        findings, date = await reach(client, route, clock)
        found += findings
        skew = skew or clock_skew(clock.now(), date, urlsplit(route.url).netloc)
    return [*found, skew] if skew is not None else found
