"""Whether a rota's gateway answers at an address, or anybody at all."""

from __future__ import annotations

import http.client
import json
import socket

TAKES_S = 1.0


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
