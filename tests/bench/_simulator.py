"""The simulator in a process of its own, whose models speak as fast as is asked.

`python -m tests.bench._simulator RATE` says where it is, with which credentials, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rota.simulator import SimulatorServer
from rota.simulator.anthropic.models import FAMILIES
from rota.simulator.settings import set_account

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL, FAMILY = "claude-haiku-4-5", "haiku"
ACCOUNT = "console"


async def serve(tokens_per_s: float) -> None:
    """Serve until the one who started this is gone."""
    async with SimulatorServer(pace=tokens_per_s / FAMILIES[FAMILY].tokens_per_second) as simulator:
        set_account(simulator.world, ACCOUNT, {"otpm": 1e9, "itpm": 1e9, "rpm": 1e6})
        print(json.dumps(simulator.describe()), flush=True)
        await asyncio.to_thread(sys.stdin.read)


@contextmanager
def simulator(tokens_per_s: float) -> Iterator[dict[str, Any]]:
    """A running one; gives what it says of itself."""
    args = [sys.executable, "-m", "tests.bench._simulator", str(tokens_per_s)]
    with subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


def api_key(described: dict[str, Any]) -> str:
    """The secret of the account whose limits are out of the way."""
    return str(next(c["secret"] for c in described["credentials"] if c["label"] == ACCOUNT))


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
