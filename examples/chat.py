"""Ask one thing and print the answer, with who gave it. Run it with `python examples/chat.py puter/gpt-5-nano`."""

import asyncio
import sys

import rota


async def main(model: str) -> None:
    async with rota.open() as engine:
        request = rota.ChatRequest(model, (rota.Message.system("Be brief."), rota.Message.user("What is a rota?")))
        served = await engine.chat(request)
        reply, account = served.reply, engine.snapshot.accounts[served.story.account_id].account
        print(reply.text)
        print(f"— {account.label} · {reply.model} · {reply.usage.output_tokens} tokens", file=sys.stderr)


asyncio.run(main(*sys.argv[1:]))
