"""What the first frame does without, seen in a fresh process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import rota
import rota_tui

SCRIPT = """
import asyncio, sys
from pathlib import Path
from rota.engine import open_engine
from rota_tui.app import RotaApp

async def main():
    async with open_engine(home=Path(sys.argv[1])) as engine:
        app = RotaApp(engine)
        async with app.run_test(size=(120, 40)) as pilot:
            heavy = {"httpx", "keyring", "plotext", "pydantic", "starlette", "markdown_it", "rota_tui.screens.chat"}
            print("loaded:", *sorted(heavy & sys.modules.keys()))

asyncio.run(main())
"""


def test_the_first_frame_loads_neither_http_nor_keyring_nor_plots_nor_markdown(tmp_path: Path) -> None:
    folders = [str(Path(package.__path__[0]).parent) for package in (rota, rota_tui)]
    script = f"import sys; sys.path[:0] = {folders!r}\n{SCRIPT}"
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "loaded:", done.stdout + done.stderr
