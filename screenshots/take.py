"""Take the pictures: `python -m screenshots.take` writes them, `--check` says which are stale.

The same app, world and clock every time, so that the same code gives the same bytes.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rota_tui.screens.chat_asking import GROUP
from screenshots.stage import settle, shown, staged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.pilot import Pilot

    from rota_tui.app import RotaApp
    from screenshots.stage import Stage

HERE = Path(__file__).parent

LOOKS = 12

ACCOUNTS = {
    "accounts": ((120, 40), "rota-dark"),
    "accounts-wide": ((180, 50), "rota-dark"),
    "accounts-narrow": ((80, 24), "rota-dark"),
    "accounts-light": ((120, 40), "rota-light"),
}


async def pictures() -> AsyncIterator[tuple[str, str]]:
    """Every picture, as name and SVG."""
    async with staged() as stage:
        for name, (size, theme) in ACCOUNTS.items():
            async with shown(stage, size, theme=theme) as (app, pilot):
                yield name, await picture(app, pilot)
        yield "chat", await chat(stage)


async def chat(stage: Stage) -> str:
    """A question answered in the test chat."""
    async with shown(stage, (120, 40)) as (app, pilot):
        await pilot.press("2")
        await settle(pilot)
        await pilot.press(*"How do I retry only what is safe to retry?", "enter")
        await stage.until(app.workers.wait_for_complete([w for w in app.workers if w.group == GROUP]))
        return await picture(app, pilot)


async def picture(app: RotaApp, pilot: Pilot[None]) -> str:
    """What is shown once nothing moves any more, however slow the machine."""
    shot = before = ""
    for _ in range(LOOKS):
        app.tick()  # not whenever its timer happens to fall due
        await settle(pilot)
        before, shot = shot, app.export_screenshot(title="rota")
        if shot == before:
            break
    return re.sub(r"[ \t]+$", "", shot, flags=re.MULTILINE)


async def take() -> dict[str, str]:
    return {name: svg async for name, svg in pictures()}


def main(arguments: list[str]) -> int:
    taken = asyncio.run(take())
    stale = [name for name, svg in taken.items() if stored(name) != svg]
    if "--check" in arguments:
        for name in stale:
            print(f"screenshots/{name}.svg is stale: run `make screenshots`", file=sys.stderr)
        return 1 if stale else 0
    for name, svg in taken.items():
        (HERE / f"{name}.svg").write_text(svg, encoding="utf-8", newline="\n")
    print(f"{len(taken)} pictures, {len(stale)} of them new or changed")
    return 0


def stored(name: str) -> str | None:
    path = HERE / f"{name}.svg"
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
