"""Take the pictures: `python -m screenshots.take` writes them, `--check` says which are stale.

The same app, world and clock every time, so that the same code gives the same bytes.
"""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from screenshots.film import SIZE, film
from screenshots.reel import cast, moving_picture
from screenshots.scenes import ACTS
from screenshots.stage import settle, shown, staged

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from rota_tui.app import RotaApp
    from screenshots.scenes import Act, Scene
    from screenshots.stage import Stage

HERE = Path(__file__).parent

LOOKS = 12

FONT_FACES = re.compile(r"\n *@font-face \{.*?\n *\}", re.DOTALL)


async def take(act: Act) -> dict[str, str]:
    """The pictures of an act, by the name of their file."""
    async with staged(act.past) as stage:
        return {f"{scene.name}.svg": await taken_of(scene, stage) for scene in act.scenes}


async def taken_of(scene: Scene, stage: Stage) -> str:
    """One scene played, and its picture."""
    async with shown(stage, scene.size, theme=scene.theme) as (app, pilot):
        for key in scene.keys:
            await pilot.press(key)
        await settle(pilot)
        # Asked to wait for none, Textual waits for all, one of which never ends.
        if at_work := [worker for worker in app.workers if scene.group is not None and worker.group == scene.group]:
            await stage.until(app.workers.wait_for_complete(at_work))
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
    # A picture in a page loads no fonts; the reader's own monospaced one is as good.
    return re.sub(r"[ \t]+$", "", FONT_FACES.sub("", shot), flags=re.MULTILINE)


async def shoot() -> dict[str, str]:
    """The film in its two forms, by the name of the file."""
    frames, length = await film()
    return {"demo.svg": moving_picture(frames, length, SIZE), "demo.cast": cast(frames, length, SIZE)}


async def everything() -> dict[str, str]:
    """All that `screenshots/` holds."""
    taken = [await take(act) for act in ACTS.values()]
    return {name: content for part in (*taken, await shoot()) for name, content in part.items()}


def main(arguments: list[str]) -> int:
    taken = asyncio.run(everything())
    stale = stale_of(taken)
    if "--check" in arguments:
        for name in stale:
            print(f"screenshots/{name} is stale: run `make screenshots`", file=sys.stderr)
        return 1 if stale else 0
    for name, content in taken.items():
        (HERE / name).write_text(content, encoding="utf-8", newline="\n")
    print(f"{len(taken)} pictures, {len(stale)} of them new or changed")
    return 0


def stale_of(taken: dict[str, str]) -> list[str]:
    """The names of those that are not what is stored."""
    return [name for name, content in taken.items() if stored(name) != content]


def stored(name: str) -> str | None:
    path = HERE / name
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
