"""The first line of every mode: the modes with their keys, and on the right gateway, vault and clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import var
from textual.widget import Widget

from rota.snapshot import Snapshot
from rota_tui.formatting import clock
from rota_tui.pieces import Piece, Tone, width_of
from rota_tui.widgets.tones import to_content
from rota_tui.wording import joined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rota_tui.pieces import Line, Locale


class ModeBar(Widget):
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
        self._right: Line = ()
        self.set_reactive(Widget.auto_links, False)

    def watch_snapshot(self) -> None:
        self._renew()

    def watch_now(self) -> None:
        self._renew()

    def _renew(self) -> None:
        if self._status(self.content_region.width) != self._right:
            self.refresh()

    def render(self) -> Content:
        width = self.content_region.width
        tabs = [Content.styled("rota", "bold $active"), Content("  ")]
        for number, mode, title in self._modes:
            style = "bold $foreground" if mode == self._here else "$quiet"
            tab = Content.from_markup(
                f"[@click=app.switch_mode('{mode}')][$active]{number}[/] [{style}]{title}[/][/]"
            )
            tabs += [tab, Content("   ")]
        left = Content("").join(tabs)
        self._right = self._status(width)
        gap = width - left.cell_length - width_of(self._right)
        if gap < 0:
            return left
        return Content("").join([left, Content(" " * gap), to_content(self._right)])

    def _status(self, width: int) -> Line:
        """Gateway, vault and clock; the clock alone when the terminal is narrow."""
        time = Piece(clock(self.now, self.now, self._locale.tz), Tone.PLAIN)
        running = [g for g in self.snapshot.gateways.values() if g.running]
        gateway = Piece(f"gateway :{running[0].port}", Tone.OK) if running else Piece("gateway off", Tone.QUIET)
        if width < 76:
            return (time,)
        parts = [gateway]
        if (kind := self._vault_kind()) is not None:
            parts.append(Piece(f"vault {kind}" if width >= 100 else kind, Tone.QUIET))
        return joined([*parts, time], self._locale)
