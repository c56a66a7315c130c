"""The first line of every mode: the modes with their keys, and on the right gateway, vault and clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import var
from textual.widget import Widget

from rota.snapshot import Snapshot
from rota_tui.formatting import clock
from rota_tui.pieces import Piece, Tone, width_of
from rota_tui.widgets.steady import Steady
from rota_tui.widgets.tones import to_content
from rota_tui.wording import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rota_tui.pieces import Line, Locale

_NAMED, _WIDE = 84, 100
"""Cells from which the program's name is shown, and from which the modes stand further apart."""


class ModeBar(Steady, Widget):
    """Modes are named by their keys and titles; a click or the number key goes there."""

    DEFAULT_CSS = """
    ModeBar { height: 1; padding: 0 1; background: $background; }
    """

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)

    def __init__(
        self, modes: Sequence[tuple[str, str, str]], here: str, vault_kind: Callable[[], str | None], locale: Locale
    ) -> None:
        super().__init__()
        self._modes = modes
        self._here = here
        self._vault_kind = vault_kind
        self._locale = locale
        self._right: tuple[Piece, ...] = ()
        self.set_reactive(Widget.auto_links, False)

    def watch_snapshot(self) -> None:
        self._renew()

    def watch_now(self) -> None:
        self._renew()

    def _renew(self) -> None:
        if self._status() != self._right:
            self.refresh()

    def render(self) -> Content:
        width = self.content_region.width
        space = Content("   " if width >= _WIDE else "  ")
        tabs = []
        for number, mode, title in self._modes:
            style = "bold $foreground" if mode == self._here else "$quiet"
            tab = Content.from_markup(
                f"[@click=app.switch_mode('{mode}')][$active]{number}[/] [{style}]{title}[/][/]"
            )
            tabs.append(tab)
        left = space.join(tabs)
        if width >= _NAMED:
            left = Content.styled("rota", "bold $active") + Content("  ") + left
        self._right = self._status()
        shown = self._that_fits(self._right, width - left.cell_length)
        gap = width - left.cell_length - width_of(shown)
        return Content("").join([left, Content(" " * max(0, gap)), to_content(shown)])

    def _that_fits(self, status: tuple[Piece, ...], room: int) -> Line:
        """As much of the status as there is room for: the clock stays longest, then the gateway."""
        gateway, vault, time = status
        named = Piece(f"vault {vault.text}", vault.tone) if vault.text else vault
        for parts in ((gateway, named, time), status, (gateway, time), (time,)):
            line = joined([part for part in parts if part.text], self._locale)
            if width_of(line) + 1 < room:
                return line
        return ()

    def _status(self) -> tuple[Piece, ...]:
        """Gateway, vault (empty while it is not open) and clock."""
        running = self.snapshot.listening()
        return (
            Piece(f"gateway :{running[0].port}", Tone.OK) if running else Piece("gateway off", Tone.QUIET),
            Piece(self._vault_kind() or "", Tone.QUIET),
            Piece(clock(self.now, self.now, self._locale.tz), Tone.PLAIN),
        )
