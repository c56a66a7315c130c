"""What is held, and the big countdown to the first that comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.reactive import var
from textual.widgets import Digits, Static

from rota.snapshot import Snapshot
from rota_tui.formatting import DAY, HOUR, clock, countdown, gauge
from rota_tui.pieces import ASCII, Piece, Tone, clean, fit_line, pad
from rota_tui.widgets.lines_view import LinesView
from rota_tui.widgets.tones import to_content
from rota_tui.wording import hold_cause, provider_name

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from rota_tui.pieces import Line, Locale


@dataclass(frozen=True, slots=True)
class Held:
    """An account or a model that is held."""

    name: str
    cause: str
    since: float
    until: float
    strikes: int


def held_now(snapshot: Snapshot, now: float) -> list[Held]:
    """Everything held at `now`, the first to come back first."""
    found: list[Held] = []
    for state in snapshot.listed():
        if (hold := state.hold) is not None and hold.active(now):
            why = hold_cause(state, hold, now)
            found.append(Held(state.account.label, why, hold.since, hold.until, hold.strikes))
        for model, hold in state.model_holds.items():
            if hold.active(now):
                name = f"{model} on {state.account.label}"
                found.append(Held(name, hold_cause(state, hold, now), hold.since, hold.until, hold.strikes))
    for (provider, model), entry in snapshot.model_holds.items():
        if (hold := entry.hold) is not None and hold.active(now):
            found.append(Held(model, f"for all of {provider_name(provider)}", hold.since, hold.until, hold.strikes))
    return sorted(found, key=lambda held: (held.until, held.name))


def big(seconds: float) -> str:
    """A countdown in figures only: `04:12`, `2:47:05`, `3d 4h`."""
    left = max(0, int(seconds + 0.999))
    if left < HOUR:
        return f"{left // 60:02d}:{left % 60:02d}"
    return f"{left // HOUR}:{left % HOUR // 60:02d}:{left % 60:02d}" if left < 4 * DAY else countdown(left)


class _HeldLines(LinesView):
    """The soonest with its bar and reason, then the others, a line each."""

    DEFAULT_CSS = "_HeldLines { height: 1fr; }"

    def __init__(self, locale: Locale) -> None:
        super().__init__()
        self._locale = locale
        self.held: list[Held] = []
        self.now = 0.0

    def lines(self, width: int) -> tuple[Line, ...]:
        if not self.held:
            return ((Piece("Nothing is cooling.", Tone.QUIET),),)
        glyphs, (first, *others) = self._locale.glyphs, self.held
        passed = (self.now - first.since) / max(1.0, first.until - first.since)
        strikes = f" {glyphs.sep} strike {first.strikes}" if first.strikes > 1 else ""
        rows = max(0, (self.content_region.height or 8) - 3)
        lines: list[Line] = [
            gauge(min(0.999, max(0.0, passed)), width, glyphs, tone=Tone.COOLING),
            (Piece(clean(first.name), Tone.NAME),),
            (Piece(f"back {clock(first.until, self.now, self._locale.tz)} {glyphs.sep} {first.cause}{strikes}"),),
        ]
        if 0 < len(others) < rows:
            lines.append(())
        lines += [self._other(held, width) for held in others[:rows]]
        if len(others) > rows > 0:
            lines[-1] = (Piece(f"and {len(others) - rows + 1} more", Tone.QUIET),)
        return tuple(fit_line(line, width, glyphs) for line in lines)

    def _other(self, held: Held, width: int) -> Line:
        left = countdown(held.until - self.now)
        return (
            Piece(f"{left:<8}", Tone.COOLING),
            Piece(pad(held.name, min(18, max(8, width // 3)), self._locale.glyphs)),
            Piece(f" {held.cause}", Tone.QUIET),
        )


class CooldownPanel(Vertical):
    """Hidden by its screen when there is no room for it; empty it says so."""

    DEFAULT_CSS = """
    CooldownPanel {
        #soonest { height: 3; width: 1fr; color: $cooling; text-style: bold; }
        &.-idle #soonest { display: none; }
        &.-ascii #soonest { height: 1; text-style: bold; }
    }
    """

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)

    def __init__(self, locale: Locale, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._locale = locale
        self._plain = locale.glyphs is ASCII
        self.set_class(self._plain, "-ascii")
        self.add_class("-idle")

    def compose(self) -> ComposeResult:
        yield Static(id="soonest", markup=False) if self._plain else Digits(id="soonest")
        yield _HeldLines(self._locale)

    def watch_snapshot(self) -> None:
        self._renew()

    def watch_now(self) -> None:
        self._renew()

    def on_resize(self) -> None:
        self._renew()

    def _renew(self) -> None:
        if not (self.is_mounted and self.display):
            return
        held = held_now(self.snapshot, self.now)
        self.set_class(not held, "-idle")
        if held:
            left = big(held[0].until - self.now)
            if self._plain:
                self.query_one("#soonest", Static).update(to_content([Piece(left)]))
            else:
                self.query_one("#soonest", Digits).update(left)
        view = self.query_one(_HeldLines)
        view.held, view.now = held, self.now
        view.renew()
