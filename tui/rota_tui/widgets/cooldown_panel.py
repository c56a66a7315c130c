"""What is held, and the big countdown to the first that comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.reactive import var
from textual.renderables.digits import DIGITS, DIGITS3X3_BOLD

from rota.snapshot import Snapshot
from rota_tui.formatting import DAY, HOUR, clock, countdown, gauge
from rota_tui.holds import Held, held_now
from rota_tui.lasting import Lasting
from rota_tui.pieces import ASCII, Piece, Tone, clean, fit_line, pad
from rota_tui.widgets.lines_view import LinesView
from rota_tui.widgets.sight import in_sight
from rota_tui.widgets.steady import Steady

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.screen import Screen
    from textual.selection import Selection

    from rota_tui.pieces import Line, Locale


def big(seconds: float) -> str:
    """A countdown in figures only: `04:12`, `2:47:05`, `3d 4h`."""
    left = max(0, int(seconds + 0.999))
    if left < HOUR:
        return f"{left // 60:02d}:{left % 60:02d}"
    return f"{left // HOUR}:{left % HOUR // 60:02d}:{left % 60:02d}" if left < 4 * DAY else countdown(left)


def large(text: str) -> list[str]:
    """Figures three lines high; what is no figure stands beside them as it is."""
    rows = ["", "", ""]
    for char in text:
        if (place := 3 * DIGITS.find(char)) >= 0:
            drawn = DIGITS3X3_BOLD[place : place + 3]
            rows = [row + part.ljust(3) for row, part in zip(rows, drawn, strict=True)]
        else:
            rows = [row + part for row, part in zip(rows, (" ", " ", char), strict=True)]
    return rows


class _Countdown(LinesView):
    """Textual's own Digits draws by way of rich, which each second took as much as five rows of the table."""

    def __init__(self, locale: Locale) -> None:
        super().__init__(id="soonest")
        self._locale = locale
        self.left = ""

    def lines(self, width: int) -> tuple[Line, ...]:
        glyphs = self._locale.glyphs
        rows = [self.left] if glyphs is ASCII else large(self.left)
        return tuple(fit_line((Piece(row),), width, glyphs) for row in rows)

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        return self.left, "\n"


class _HeldLines(LinesView):
    """The soonest with its bar and reason, then the others, a line each."""

    DEFAULT_CSS = "_HeldLines { height: 1fr; }"

    def __init__(self, locale: Locale) -> None:
        super().__init__()
        self._locale = locale
        self.held: list[Held] = []
        self.now = 0.0
        self.cursor: int | None = None
        """Which of them is meant, while the panel has the focus."""

    def lines(self, width: int) -> tuple[Line, ...]:
        if not self.held:
            return ((Piece("Nothing is cooling.", Tone.QUIET),),)
        glyphs, (first, *others) = self._locale.glyphs, self.held
        passed = (self.now - first.since) / max(1.0, first.until - first.since)
        back = f"back {clock(first.until, self.now, self._locale.tz)}"
        lines: list[Line] = [
            gauge(min(0.999, max(0.0, passed)), width, glyphs, tone=Tone.COOLING),
            (*self._pointer(0), Piece(clean(first.name), Tone.NAME)),
            (Piece(f"{back} {glyphs.sep} {first.cause}{self._strikes(first)}"),),
        ]
        lines += self._others(others, max(0, (self.content_region.height or 8) - 3), width)
        return tuple(fit_line(line, width, glyphs) for line in lines)

    def _others(self, others: list[Held], rows: int, width: int) -> list[Line]:
        """As many of the others as fit, the one that is meant among them."""
        if 0 < len(others) < rows:
            return [(), *(self._other(place, held, width) for place, held in enumerate(others, start=1))]
        if len(others) == rows:
            return [self._other(place, held, width) for place, held in enumerate(others, start=1)]
        shown = max(0, rows - 1)
        start = max(0, min((self.cursor or 0) - shown, len(others) - shown))
        lines = [self._other(1 + n, others[n], width) for n in range(start, min(start + shown, len(others)))]
        if rows > 0 and others:
            lines.append((Piece(f"and {len(others) - len(lines)} more", Tone.QUIET),))
        return lines

    def _other(self, place: int, held: Held, width: int) -> Line:
        left = countdown(held.until - self.now)
        return (
            *self._pointer(place),
            Piece(f"{left:<8}", Tone.COOLING),
            Piece(pad(held.name, min(30, max(8, width // 3)), self._locale.glyphs)),
            Piece(f" {held.cause}{self._strikes(held)}", Tone.QUIET),
        )

    def _pointer(self, place: int) -> Line:
        if self.cursor is None:
            return ()
        return (Piece(f"{self._locale.glyphs.pointer} " if place == self.cursor else "  ", Tone.ACTIVE),)

    def _strikes(self, held: Held) -> str:
        return f" {self._locale.glyphs.sep} strike {held.strikes}" if held.strikes > 1 else ""


class CooldownPanel(Steady, Vertical, can_focus=True):
    """Hidden by its screen when there is no room for it; empty it says so."""

    HELP = """\
## What is cooling

Every account and model that is held, the first to come back with the big countdown and a bar of the time that has
passed. Arrows choose one; `x` ends its cooldown now. A quota that is spent comes back with its reset only.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "choose(-1)", "Up", show=False, id="cooling.up"),
        Binding("down,j", "choose(1)", "Down", show=False, id="cooling.down"),
        Binding("x", "lift", "Lift this one", id="cooling.lift", tooltip="End this cooldown now"),
    ]
    DEFAULT_CSS = """
    CooldownPanel {
        #soonest { height: 3; width: 1fr; color: $cooling; text-style: bold; }
        &.-idle #soonest { display: none; }
        &.-ascii #soonest { height: 1; text-style: bold; }
    }
    """

    @dataclass
    class LiftRequested(Message):
        """Somebody wants a cooldown to end now."""

        held: Held

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)

    def __init__(self, locale: Locale, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._locale = locale
        self._held = Lasting(held_now)
        self._soonest, self._list = _Countdown(locale), _HeldLines(locale)
        self._chosen: Held | None = None
        self.set_class(locale.glyphs is ASCII, "-ascii")
        self.add_class("-idle")

    def compose(self) -> ComposeResult:
        yield self._soonest
        yield self._list

    def watch_snapshot(self) -> None:
        self._renew()

    def watch_now(self) -> None:
        self._renew()

    def on_resize(self) -> None:
        self._renew()

    def on_focus(self) -> None:
        self._renew()

    def on_blur(self) -> None:
        self._renew()

    def _renew(self, _screen: Screen[object] | None = None) -> None:
        if not (self.is_mounted and self.display and in_sight(self, self._renew)):
            return
        held = self._held.at(self.snapshot, self.now)
        self.set_class(not held, "-idle")
        if held:
            self._soonest.left = big(held[0].until - self.now)
            self._soonest.renew()
        view = self._list
        view.held, view.now = held, self.now
        view.cursor = self._place(held) if held and self.has_focus else None
        if view.cursor is not None:
            self._chosen = held[view.cursor]
        view.renew()

    def _place(self, held: list[Held]) -> int:
        """Where the chosen one stands now; the first when it is gone."""
        keys = [each.key for each in held]
        return keys.index(self._chosen.key) if self._chosen is not None and self._chosen.key in keys else 0

    # --- keys ---------------------------------------------------------------------------------------------

    @property
    def chosen(self) -> Held | None:
        """The one that is meant; None when nothing is held."""
        held = self._held.at(self.snapshot, self.now)
        return held[self._place(held)] if held else None

    def action_choose(self, steps: int) -> None:
        if held := self._held.at(self.snapshot, self.now):
            self._chosen = held[max(0, min(len(held) - 1, self._place(held) + steps))]
            self._renew()
            self.refresh_bindings()

    def action_lift(self) -> None:
        if (held := self.chosen) is not None:
            self.post_message(self.LiftRequested(held))
