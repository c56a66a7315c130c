"""Let a model call a function of yours until it has what it needs: `python examples/tools.py puter/gpt-5-nano`."""

import asyncio
import sys

import rota

WEATHER = rota.Tool(
    name="weather",
    description="The weather in a city now.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


def weather(city: str) -> str:
    return f"{city}: 18 °C, light rain"


async def main(model: str) -> None:
    messages = [rota.Message.user("What is the weather in Bergen, and do I need an umbrella?")]
    async with rota.open() as engine:
        for _ in range(5):  # a model that never stops calling must not run up a bill
            reply = (await engine.chat(rota.ChatRequest(model, tuple(messages), tools=(WEATHER,)))).reply
            messages.append(rota.Message(rota.Role.ASSISTANT, reply.parts))
            if not reply.tool_calls:
                print(reply.text)
                return
            results = []
            for call in reply.tool_calls:
                print(f"[{call.name} {dict(call.arguments)}]", file=sys.stderr)
                said = weather(str(call.arguments.get("city", "?")))
                results.append(rota.ToolResult(call.id, (rota.Text(said),)))
            messages.append(rota.Message(rota.Role.TOOL, tuple(results)))
    sys.exit("The model called tools five times and never answered.")


asyncio.run(main(*sys.argv[1:]))
