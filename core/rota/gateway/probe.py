"""Whether a rota's gateway answers at an address."""

from __future__ import annotations

import http.client
import json

TAKES_S = 1.0


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
