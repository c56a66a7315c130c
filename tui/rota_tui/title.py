"""The terminal's title: the worst thing, in a few words, while the app is open; as it was afterwards."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rota.account import Health
from rota_tui.formatting import counted, percent, span
from rota_tui.wording import back_at, tightest

if TYPE_CHECKING:
    from collections.abc import Callable

    from rota.account import Kind
    from rota.snapshot import Snapshot
    from rota_tui.pieces import Locale

REMEMBER, RECALL = "\x1b[22;2t", "\x1b[23;2t"
"""Terminals that know these keep the title that was there before; the others ignore them."""
WITHOUT = frozenset({"", "dumb", "linux"})
"""Kinds of terminals that have no title."""


def worst(snapshot: Snapshot, now: float, locale: Locale, watched: frozenset[Kind] = frozenset()) -> str:
    """What a title says: `rota · 1 account needs sign-in`.

    Without a label: titles are seen by others. Without seconds: one that moves catches the eye, and is a write each.
    """
    return f" {locale.glyphs.sep} ".join(filter(None, ("rota", _worst(snapshot, now, watched))))


def _worst(snapshot: Snapshot, now: float, watched: frozenset[Kind]) -> str:
    states = [state for state in snapshot.listed() if state.account.enabled]
    signing = sum(state.account.health is not Health.READY for state in states)
    if signing:
        return f"{counted(signing, 'account')} need{'s' * (signing == 1)} you"
    serving = [state for state in states if state.account.kind not in watched]
    backs = [back_at(state, now) for state in serving]
    waits = [at - now for at in backs if at is not None]
    if serving and len(waits) == len(serving):
        return f"all spent, back in {span(min(waits))}" if min(waits) < 3600 else "all spent"
    if waits:
        return f"{counted(len(waits), 'account')} cooling"
    fullest = [window for state in serving if (window := tightest(state.windows.values(), now)) is not None]
    low = [window.headroom(now) for window in fullest if window.headroom(now) is not None]
    least = min((share for share in low if share is not None), default=1.0)
    return f"{percent(least)} left" if least <= LOW else ""


LOW = 0.2


class TerminalTitle:
    """Says a title when it reads differently, and puts back the one that was there."""

    def __init__(self, write: Callable[[str], None], kind: str | None = None) -> None:
        self._write = write
        self._has_title = (os.environ.get("TERM", "") if kind is None else kind) not in WITHOUT or os.name == "nt"
        self._said = ""

    def say(self, text: str) -> None:
        """Show it; nothing puts back the earlier title."""
        if text == self._said or not self._has_title:
            return
        if not self._said:
            self._write(REMEMBER)
        if text:
            self._write(f"\x1b]2;{text}\x07")
        else:
            self._write(RECALL)
        self._said = text

    def restore(self) -> None:
        """As it was before."""
        self.say("")
