"""The person's web browser, where there is one that opens a window."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser


async def open_page(url: str) -> bool:
    """Ask the browser to open a page; False when there is none here."""
    if not _has_screen():
        return False
    try:
        return await asyncio.to_thread(webbrowser.open, url)
    except (webbrowser.Error, OSError):
        return False


def _has_screen() -> bool:
    """Whether a browser could show a window here; one inside the terminal would take it over."""
    if os.environ.get("BROWSER") or sys.platform in ("darwin", "win32") or os.environ.get("WSL_DISTRO_NAME"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
