"""A process of its own that uses an account whose token has ended; run by `test_pool_refresh.py`."""

from __future__ import annotations

import asyncio
import json
import sys

from rota.clock import SystemClock
from rota.journal import Journal
from rota.log import SqliteLog
from rota.paths import under
from rota.pool.refresh import Credentials
from rota.providers.anthropic import AnthropicProvider
from rota.providers.http import open_client
from rota.vault import open_vault


async def main(home: str, api_url: str, auth_url: str, account_id: str) -> None:
    """Wait for a line, so that all begin together; then 16 coroutines want the credential at once."""
    paths, clock, client = under(home), SystemClock(), open_client()
    provider = AnthropicProvider(client, api_url=api_url, auth_url=auth_url, clock=clock)
    vault = await open_vault("file", paths)
    async with Journal(SqliteLog.open(paths.log_file), clock) as journal:
        credentials = Credentials(journal, vault, {"anthropic": provider}, paths.locks, clock)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        got = await asyncio.gather(*(credentials.current(account_id) for _ in range(16)))
        print(json.dumps(sorted({c.secret.fingerprint() for c in got})), flush=True)
        await credentials.aclose()
    await client.aclose()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
