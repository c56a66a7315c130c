"""Print an answer as it comes, and what happened on the way: `python examples/streaming.py puter/gpt-5-nano`."""

import asyncio
import sys

import rota


async def main(model: str) -> None:
    request = rota.ChatRequest(model, (rota.Message.user("Tell a short story about a lighthouse."),))
    async with rota.open() as engine, engine.stream(request) as stream:
        async for delta in stream:
            match delta:
                case rota.Hop(attempt=attempt, next_step=step):  # an account or a model could not: rota goes on
                    print(f"[{attempt.account_label}: {attempt.message}; {step}]", file=sys.stderr)
                case rota.TextDelta(text=text):
                    print(text, end="", flush=True)
                case rota.Finished(finish=finish, usage=usage):
                    print(f"\n— {finish}, {usage.output_tokens} tokens", file=sys.stderr)


asyncio.run(main(*sys.argv[1:]))
