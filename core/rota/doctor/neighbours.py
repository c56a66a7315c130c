"""What is around rota: other tools that share its logins, and the gateway's port."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from rota.doctor.findings import Finding, good, note, warning

if TYPE_CHECKING:
    import httpx

    from rota.migrate.places import Places
    from rota.migrate.records import Found
    from rota.settings import Settings
    from rota.snapshot import Snapshot


async def other_tools(places: Places) -> list[Finding]:
    """Files of other tools that hold logins of theirs, or ones shared with rota."""
    from rota.migrate import survey

    return told(await asyncio.to_thread(survey.find, places))


def told(found: tuple[Found, ...]) -> list[Finding]:
    """The files, the open ones as warnings."""
    findings = []
    for each in found:
        if each.exposed:
            findings.append(
                warning(
                    "other tools", f"{each.where} holds logins and can be read by others.", f"chmod 600 {each.path}"
                )
            )
        else:
            findings.append(note("other tools", f"{each.what}: {each.where}", "`rota migrate --dry-run` shows it."))
    return findings or [good("other tools", "No other tool's logins are on this machine.")]


async def gateway(client: httpx.AsyncClient, settings: Settings, snapshot: Snapshot) -> list[Finding]:
    """Whether the gateway answers where it says it runs, or could listen where it would."""
    from rota.errors import ProviderError
    from rota.providers.http import fetch

    found = []
    running = [g for g in snapshot.gateways.values() if g.running]
    for info in running:
        url = f"http://{info.host}:{info.port}/healthz"
        try:
            answer = await fetch(client, client.build_request("GET", url))
            answers = answer.ok
        except ProviderError:
            answers = False
        if answers:
            found.append(good("gateway", f"A gateway answers at {info.host}:{info.port}."))
        else:
            text = f"The gateway at {info.host}:{info.port} (process {info.pid}) does not answer."
            found.append(note("gateway", text, "It was probably ended hard; `rota serve` starts another."))
    host, port = settings.gateway.host, settings.gateway.port
    if any(g.port == port for g in running) or port == 0:
        return found
    if not _free(host, port):
        text = f"Port {port} is taken by another program."
        found.append(warning("gateway", text, "Use `rota serve --port 0`, or set gateway.port."))
    elif not found:
        found.append(good("gateway", f"No gateway runs; port {port} is free."))
    return found


def _free(host: str, port: int) -> bool:
    """Whether one could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError:
            return False
    return True
