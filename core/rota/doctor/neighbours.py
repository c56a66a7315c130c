"""What is around rota: other tools that share its logins, and the gateway's port."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from rota.doctor.findings import Finding, good, note, warning

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from rota.migrate.places import Places
    from rota.migrate.plan import Plan
    from rota.migrate.records import Found
    from rota.settings import Settings
    from rota.snapshot import Snapshot


async def other_tools(places: Places) -> list[Finding]:
    """Files of other tools that hold logins of theirs, or ones shared with rota."""
    from rota.migrate import survey

    return told(await asyncio.to_thread(survey.find, places))


def told(found: tuple[Found, ...]) -> list[Finding]:
    """The files, the open ones as warnings."""
    from rota.migrate import opencode_config, puter_config

    # Their tools leave these open, and what rota writes into them is no secret.
    settings = {opencode_config.NAME, puter_config.NAME}
    findings = []
    for each in found:
        if each.exposed and each.source not in settings:
            findings.append(
                warning(
                    "other tools", f"{each.where} holds logins and can be read by others.", f"chmod 600 {each.path}"
                )
            )
        else:
            findings.append(note("other tools", f"{each.what}: {each.where}", "`rota migrate --dry-run` shows it."))
    return findings or [good("other tools", "No other tool's logins are on this machine.")]


def shared(plan: Plan, sources: frozenset[str], switches: Mapping[str, str]) -> list[Finding]:
    """Accounts whose login stands in another tool's file too, where whoever renews it ends the other's copy.

    Args:
        plan: of an import that would be made now; it knows which login is whose.
        sources: whose files rota writes a renewed login back to.
        switches: the setting that turns that on, by source.
    """
    findings = []
    for item in plan.items:
        place, label = item.record.place, item.target_label
        if item.target is None or label is None or item.record.credential.refresh is None:
            continue  # not rota's too, or a key or token that nobody ever renews
        if not place.shared:
            text = f"{label} is the login of {place.owner or place.source} ({place}): rota reads it, never renews it."
            findings.append(note("shared login", text, f"Sign in there again when {label} ends."))
        elif place.source in sources:
            text = f"{label} shares its login with {place}: what rota renews is written back there."
            findings.append(note("shared login", text))
        else:
            text = f"{label} shares its login with {place}, and what rota renews is not written back there."
            todo = f"`rota config set sharing.{switches[place.source]} true`, or sign in again for one of rota's own."
            findings.append(warning("shared login", text, todo))
    return findings


async def gateway(client: httpx.AsyncClient, settings: Settings, snapshot: Snapshot) -> list[Finding]:
    """Whether the gateway answers where it says it runs, or could listen where it would."""
    from rota.errors import ProviderError
    from rota.gateway.probe import url_of
    from rota.providers.http import fetch

    found = []
    running = snapshot.listening()
    for info in running:
        url = f"{url_of(info.host, info.port)}/healthz"
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
