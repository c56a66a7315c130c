"""Where a gateway is, and whether a rota's answers there, or anybody at all."""

from __future__ import annotations

import http.client
import json
import socket

TAKES_S = 1.0


def url_of(host: str, port: int) -> str:
    """What clients of a gateway there put before `/v1`."""
    return f"http://{in_url(host)}:{port}"


def in_url(host: str) -> str:
    """A host as it stands in a URL and in `Host`: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def refused(host: str, port: int) -> bool:
    """Whether it is certain that nobody listens there."""
    try:
        socket.create_connection((host, port), TAKES_S).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


def answers(host: str, port: int) -> bool:
    """Ask its `/healthz`, which needs no key. Blocks for a second at most."""
    connection = http.client.HTTPConnection(host, port, timeout=TAKES_S)
    try:
        connection.request("GET", "/healthz")
        said = json.loads(connection.getresponse().read(4096))
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return isinstance(said, dict) and said.get("service") == "rota"
