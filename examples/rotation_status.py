"""Show each account's room, who is next and why, and follow what happens: `python examples/rotation_status.py`.

Nothing is asked of any provider. `--follow` goes on until Ctrl-C, with what other rota processes do as well.
"""

import asyncio
import sys
import time

import rota


async def main(*options: str) -> None:
    async with rota.open() as engine:
        labels = {state.id: state.account.label for state in engine.snapshot.listed()}
        for provider in sorted({state.account.provider for state in engine.snapshot.listed()}):
            ranking = engine.ranking(provider)
            print(f"{provider}: {ranking.reason}")
            for candidate in ranking.candidates:
                print(f"  ready  {labels[candidate.account_id]}: {candidate.reason}")
            for excluded in ranking.excluded:
                back = f", back {time.ctime(excluded.back_at)}" if excluded.back_at else ""
                print(f"  held   {labels[excluded.account_id]}: {excluded.reason}{back}")
        for usage in await engine.usage():
            for window in usage.windows:
                left = window.headroom(time.time())
                print(f"  {usage.account.label} {window.label}: {'?' if left is None else f'{left:.0%}'} left")
        if "--follow" in options:
            with engine.subscribe() as news:
                async for batch in news:
                    for event in batch.events:
                        print(type(event).__name__, getattr(event, "account_id", ""), flush=True)


asyncio.run(main(*sys.argv[1:]))
