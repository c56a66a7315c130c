"""Ask about an image file: `python examples/vision.py anthropic/claude-haiku-4-5 photo.png`."""

import asyncio
import base64
import mimetypes
import sys
from pathlib import Path

import rota


def image_of(path: str) -> rota.Image:
    data = base64.b64encode(Path(path).read_bytes()).decode()
    return rota.Image(data=data, media_type=mimetypes.guess_type(path)[0] or "image/png")


async def main(model: str, path: str) -> None:
    image = image_of(path)
    async with rota.open() as engine:
        question = rota.Message.user("What is in this picture?", image)
        served = await engine.chat(rota.ChatRequest(model, (question,)))
        print(served.reply.text)
        print(f"— {served.reply.usage.prompt_tokens} tokens went in", file=sys.stderr)


asyncio.run(main(*sys.argv[1:]))
