"""How full one window was over time, a line for each account, on the timeline's own axis.

Imported when the timeline is first opened: plotext is not for the first frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.text import Text
from textual.color import Color
from textual.content import Content
from textual.reactive import var
from textual_plotext import PlotextPlot

from rota.burn import RESET_JITTER_S
from rota.snapshot import Snapshot
from rota_tui.lanes import View, ticks
from rota_tui.past import Past
from rota_tui.pieces import ASCII, clean, fit
from rota_tui.widgets.lanes_view import label_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.app import RenderResult

    from rota.snapshot import Sample
    from rota_tui.pieces import Locale

LINES = 6
"""Lines that can be told from one another; the fullest accounts have one."""
RECENT = 0.125
"""Share of what is seen within which a last sight counts as of now."""
MARKERS = "*o+x#@"
"""Characters of the lines where there are no others."""
_COLOURS = ("active", "quota-low", "cooling", "quota-spent", "foreground", "quota-ok")
_LABEL = 16
_SHORTEST = 6
"""Cells that a name has at least; where there are fewer it stands over its line."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One account's line."""

    label: str
    runs: tuple[tuple[Sample, ...], ...]
    """From one reset to the next."""

    @property
    def last(self) -> Sample:
        return self.runs[-1][-1]


def runs_of(samples: Iterable[Sample]) -> tuple[tuple[Sample, ...], ...]:
    """The sights parted where the window was reset between two of them."""
    seen = list(samples)
    if not seen:
        return ()
    runs = [[seen[0]]]
    for before, after in pairwise(seen):
        moved = (
            before.resets_at is not None
            and after.resets_at is not None
            and after.resets_at - before.resets_at > RESET_JITTER_S
        )
        if moved or after.utilization < before.utilization:
            runs.append([after])
        else:
            runs[-1].append(after)
    return tuple(tuple(run) for run in runs)


def spread(heights: Sequence[float], apart: float) -> list[float]:
    """Heights moved up as little as keeps names from standing on one another; those at the top move down."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    placed = [0.0] * len(heights)
    least = 0.0
    for i in order:
        placed[i] = least = max(least, heights[i])
        least += apart
    most = 1.0
    for i in reversed(order):
        placed[i] = min(most, placed[i])
        most = placed[i] - apart
    return placed


class UsagePlot(PlotextPlot):
    """Follows the timeline's view; redrawn when a line or the line of now has moved by a cell."""

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)
    view: var[View] = var(View, init=False)
    past: var[Past] = var(Past, init=False)
    window: var[str] = var("5h", init=False)
    account_id: var[str | None] = var(None, init=False)

    def __init__(self, locale: Locale, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._locale = locale
        self._drawn_at = float("-inf")

    def on_mount(self) -> None:
        super().on_mount()
        self.watch_window()

    def watch_now(self, now: float) -> None:
        if self.display and abs(now - self._drawn_at) >= self.view.span / max(1, self.size.width):
            self.refresh()

    def watch_view(self) -> None:
        self.refresh()

    def watch_window(self) -> None:
        self.border_title = Content(f"{clean(self.window)} window, used")
        self.refresh()

    def watch_account_id(self) -> None:
        self.refresh()

    @property
    def curves(self) -> list[Curve]:
        """The lines to draw, the fullest account first."""
        since, until = self.view.since(self.now), self.view.until(self.now)
        found = []
        for (account_id, key), samples in (self.past.samples or {}).items():
            state = self.snapshot.account(account_id)
            if key != self.window or state is None or self.account_id not in (None, account_id):
                continue
            if runs := runs_of(sample for sample in samples if since <= sample.at <= until):
                found.append(Curve(fit(state.account.label, _LABEL, self._locale.glyphs), runs))
        found.sort(key=lambda curve: (-curve.last.utilization, curve.label))
        return found[:LINES]

    def render(self) -> RenderResult:
        self._drawn_at = self.now
        curves = self.curves
        if not curves:
            return Text(f"No figures of the {self.window} window from this time.", style="italic", justify="center")
        self._fill(curves)
        return super().render()

    def _fill(self, curves: Sequence[Curve]) -> None:
        plain = self._locale.glyphs is ASCII
        width, height = self.size.width, self.size.height
        names = label_width(width)
        since, until = self.view.since(self.now), self.view.until(self.now)
        across = max(1, width - names)
        colours = [Color.parse(self.app.theme_variables[name]).rgb for name in _COLOURS]
        ground = Color.parse(self.app.theme_variables["surface"]).rgb
        plt = self.plt
        plt.clear_figure()
        plt.frame(not plain)
        plt.xaxes(not plain, False)
        plt.yaxes(not plain, False)
        plt.xlim(0, across - 1)
        plt.ylim(0, 100)
        marks = ticks(since, until, across, self._locale.tz)
        plt.xticks([place for place, _ in marks], [name for _, name in marks])
        steps: list[float] = [0, 50, 100] if height < 14 else [0, 25, 50, 75, 100]
        plt.yticks(steps, [f"{step:.0f}%".rjust(names - (0 if plain else 1)) for step in steps])

        def x(at: float) -> float:
            # Its cell's middle, so that it falls into the same cell as on the timeline.
            return (at - since) / (until - since) * across - 0.5

        if since < self.now < until:
            if plain:
                plt.plot([x(self.now)] * 2, [0, 100], marker="|", color=colours[0])
            else:
                plt.vertical_line(x(self.now), color=colours[0])
        apart = 1 / max(1, height - 3)
        # Each name has a line of its own; where there are fewer, the last one says how many curves have none.
        named = curves[: max(1, height - 2)]
        tops = spread([min(1.0, curve.last.utilization) for curve in named], apart)
        for number, curve in enumerate(curves):
            colour = colours[number]
            for run in curve.runs:
                marker = MARKERS[number] if plain else "hd"
                shares = [100 * min(1.0, sample.utilization) for sample in run]
                plt.plot([x(sample.at) for sample in run], shares, marker=marker, color=colour)
            if number >= len(named):
                continue
            label = f"{MARKERS[number]} {curve.label}" if plain else curve.label
            rest = f" +{len(curves) - len(named)}" if curve is named[-1] and len(named) < len(curves) else ""
            # Beside the end of its line; those that reach the present stand in a row behind the line of now.
            end = x(self.now if 0 <= self.now - curve.last.at < self.view.span * RECENT else curve.last.at) + 2
            label = fit(label, max(_SHORTEST, int(across - end) - 1 - len(rest)), self._locale.glyphs) + rest
            end = min(end, across - len(label) - 1)
            plt.text(label, end, 100 * tops[number], color=colour, background=ground, alignment="left")
