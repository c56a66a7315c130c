"""The timeline drawn: an axis, a lane for each account, resets ahead, and the line where now is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.reactive import var

from rota.snapshot import Snapshot
from rota_tui.lanes import Cell, Doing, Spell, View, cells, column, ticks
from rota_tui.past import Past
from rota_tui.pieces import Line, Piece, Tone, clean, fit_line, pad
from rota_tui.widgets.lines_view import LinesView
from rota_tui.widgets.tones import to_content

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual import events

    from rota.snapshot import AccountState
    from rota_tui.pieces import Glyphs, Locale

LEGEND_WIDTH = 76
"""Cells from which the legend has its full words."""

_TONES = {
    Doing.NOTHING: Tone.QUIET,
    Doing.ABSENT: Tone.QUIET,
    Doing.SERVING: Tone.OK,
    Doing.COOLING: Tone.COOLING,
    Doing.SPENT: Tone.SPENT,
    Doing.OUT: Tone.LOW,
}


def label_width(width: int) -> int:
    """Cells for the accounts' names; the plot beneath begins at the same cell."""
    return min(20, max(10, width // 7))


def drawn(cell: Cell, most: int, glyphs: Glyphs) -> Piece:
    """One cell in characters that differ without colour; work is the higher the more of it there was."""
    if cell.doing is Doing.SERVING:
        height = math.ceil(cell.served / max(1, most) * len(glyphs.serving))
        return Piece(glyphs.serving[max(1, min(len(glyphs.serving), height)) - 1], Tone.OK)
    text = {
        Doing.COOLING: glyphs.cooling,
        Doing.SPENT: glyphs.spent,
        Doing.OUT: glyphs.out,
        Doing.NOTHING: glyphs.idle,
    }.get(cell.doing, " ")
    return Piece(text, _TONES[cell.doing])


def joined_runs(pieces: Sequence[Piece]) -> Line:
    """Neighbours of one tone as one piece."""
    runs: list[Piece] = []
    for piece in pieces:
        if runs and runs[-1].tone is piece.tone:
            runs[-1] = Piece(runs[-1].text + piece.text, piece.tone)
        else:
            runs.append(piece)
    return tuple(runs)


class LanesView(LinesView, can_focus=True):
    """As many lanes as fit; the arrows bring the others into sight."""

    HELP = """\
## Timeline

A lane for each account: when it **served** (the higher, the more), when it was **cooling** or **spent**, and ahead of
the line that marks now, how long that lasts and when its windows **reset**. Plus and minus zoom, left and right move
through time, `n` comes back to now.
"""
    DEFAULT_CSS = "LanesView { height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_lanes(-1)", "Up", show=False, id="lanes.up", tooltip="Show the lanes above"),
        Binding("down,j", "scroll_lanes(1)", "Down", show=False, id="lanes.down", tooltip="Show the lanes below"),
    ]

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)
    view: var[View] = var(View, init=False)
    past: var[Past] = var(Past, init=False)

    def __init__(self, locale: Locale, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._locale = locale
        self._first = 0
        self._spells: dict[str, tuple[Spell, ...]] | None = None

    # --- when to look again -------------------------------------------------------------------------------

    def watch_now(self) -> None:
        """Everything moves with the one clock, at most once a tick however much happens."""
        if self.display:
            self._spells = None
            self.renew()

    def watch_past(self) -> None:
        """Drawn with the next tick, or when `watch_now` is called."""
        self._spells = None

    def watch_view(self) -> None:
        self.renew()

    @property
    def hidden_lanes(self) -> int:
        """How many lanes are out of sight."""
        return max(0, len(self.snapshot.listed()) - self._room())

    def _room(self) -> int:
        return max(1, self.content_region.height - 1)

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return max(1, len(self.snapshot.listed())) + 1

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "scroll_lanes":
            return self.hidden_lanes > 0
        return super().check_action(action, parameters)

    def action_scroll_lanes(self, steps: int) -> None:
        self._first = max(0, min(self.hidden_lanes, self._first + steps))
        self.renew()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.action_scroll_lanes(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.action_scroll_lanes(-1)

    def on_resize(self) -> None:
        self.legend()

    def legend(self) -> None:
        """Say in the border what the characters mean, in fewer of them where it is narrow."""
        glyphs, narrow = self._locale.glyphs, self.outer_size.width < LEGEND_WIDTH
        parts = (
            (glyphs.serving[-1 if narrow else -3 :], "served", Tone.OK),
            (glyphs.cooling * (1 if narrow else 2), "cooling", Tone.COOLING),
            (glyphs.spent * (1 if narrow else 2), "spent", Tone.SPENT),
            (glyphs.out * (1 if narrow else 2), "out" if narrow else "out of use", Tone.LOW),
            (glyphs.reset, "reset", Tone.PLAIN),
            (glyphs.now, "now", Tone.ACTIVE),
        )
        line = [
            piece for mark, word, tone in parts for piece in (Piece(f" {mark}", tone), Piece(f" {word} ", Tone.QUIET))
        ]
        self.border_subtitle = to_content(line)

    # --- drawing ------------------------------------------------------------------------------------------

    def lines(self, width: int) -> tuple[Line, ...]:
        listed = self.snapshot.listed()
        if self._spells is None:
            self._spells = self.past.spells(self.snapshot, self.now)
        names = label_width(width)
        across = max(1, width - names)
        since, until = self.view.since(self.now), self.view.until(self.now)
        self._first = max(0, min(self._first, len(listed) - self._room()))
        shown = listed[self._first : self._first + self._room()]
        lanes = [
            cells(
                self._spells.get(state.id, ()),
                since,
                until,
                self.now,
                across,
                added_at=state.account.added_at,
            )
            for state in shown
        ]
        most = max((cell.served for lane in lanes for cell in lane), default=0)
        here = column(self.now, since, until, across)
        lines = [self._axis(names, across, here)]
        for state, lane in zip(shown, lanes, strict=True):
            row = [drawn(cell, most, self._locale.glyphs) for cell in lane]
            self._mark_resets(row, state, since, until, here)
            if here is not None:
                row[here] = Piece(self._locale.glyphs.now, Tone.ACTIVE)
            name = Piece(pad(state.account.label, names - 1, self._locale.glyphs) + " ", Tone.PLAIN)
            lines.append((name, *joined_runs(row)))
        if not listed:
            lines.append((Piece("No account yet. Each will have a lane here.", Tone.QUIET),))
        return tuple(fit_line(line, width, self._locale.glyphs) for line in lines)

    def _axis(self, names: int, across: int, here: int | None) -> Line:
        since, until = self.view.since(self.now), self.view.until(self.now)
        row = [Piece(" ", Tone.QUIET)] * across
        for place, name in ticks(since, until, across, self._locale.tz):
            start = min(max(0, place - len(name) // 2), across - len(name))
            beside_now = here is None or start > here + 2 or start + len(name) < here - 1
            if start >= 0 and beside_now:
                row[start : start + len(name)] = [Piece(letter, Tone.QUIET) for letter in name]
        if here is not None:
            at = max(0, min(across - 3, here - 1))
            row[at : at + 3] = [Piece(letter, Tone.ACTIVE) for letter in "now"][: across - at]
        hidden = self.hidden_lanes
        length = self.view.name + (f", +{hidden}" if hidden else "")
        return (Piece(pad(length, names, self._locale.glyphs), Tone.QUIET), *joined_runs(row))

    def _mark_resets(
        self, row: list[Piece], state: AccountState, since: float, until: float, here: int | None
    ) -> None:
        """Where a window of the account resets, ahead of now, with its name where that fits."""
        glyphs = self._locale.glyphs
        ahead = sorted(
            (window.resets_at, clean(window.label))
            for window in state.windows.values()
            if window.scope is None and window.counts and window.resets_at is not None and window.resets_at > self.now
        )
        taken = -1
        for at, label in ahead:
            place = column(at, since, until, len(row))
            if place is not None and place == here:
                place += 1  # the line of now stands there
            if place is None or not taken < place < len(row):
                continue
            text = f"{glyphs.reset}{label if label.isascii() else ''}"
            if place + len(text) > len(row):
                text = glyphs.reset
            for offset, letter in enumerate(text):
                row[place + offset] = Piece(letter, Tone.PLAIN)
            taken = place + len(text)
