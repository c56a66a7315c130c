"""What to do when no account can serve: say what was tried, and wait if it is short.

`python examples/all_spent.py puter/gpt-5-nano 60` waits at most a minute; exit code 4 says that it was longer.
"""

import asyncio
import sys
import time

import rota


async def main(model: str, patience_s: str = "60") -> None:
    request = rota.ChatRequest(model, (rota.Message.user("Hello"),))
    until = time.time() + float(patience_s)
    async with rota.open() as engine:
        while True:
            try:
                served = await engine.chat(request)
            except rota.AllSpent as spent:
                for attempt in spent.attempts:
                    print(f"{attempt.account_label}, {attempt.model}: {attempt.message}", file=sys.stderr)
                if spent.retry_at is None or spent.retry_at > until:
                    back = "nobody knows when" if spent.retry_at is None else time.ctime(spent.retry_at)
                    print(f"No account can serve; the first is back: {back}.", file=sys.stderr)
                    sys.exit(4)
                await asyncio.sleep(spent.retry_at - time.time())
            else:
                print(served.reply.text)
                return


asyncio.run(main(*sys.argv[1:]))
