"""Mode for activity: the log, live and narrowed; one event's story; what the accounts did and will do over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.reactive import var
from textual.widgets import Input, Static

from rota.errors import RotaError
from rota_tui.feed import BY_KEY, Feed, Wanted
from rota_tui.formatting import clock, counted, from_to
from rota_tui.lanes import NAMES, View
from rota_tui.past import Past, look_back, windows_of
from rota_tui.pieces import ASCII, Piece, Tone, clean, fit_line
from rota_tui.screens.activity_stories import ActivityStories
from rota_tui.widgets.event_table import EventTable
from rota_tui.widgets.key_bar import KeyBar
from rota_tui.widgets.lanes_view import LanesView
from rota_tui.widgets.story_view import StoryView
from rota_tui.widgets.tones import to_content
from rota_tui.widgets.too_small import TooSmall
from rota_tui.wording import joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.widget import Widget

    from rota.engine import Engine
    from rota.events import Event
    from rota_tui.pieces import Locale

RENEW_TICKS = 30
"""Ticks of the clock after which the timeline is read from the log again: what is live is added meanwhile."""


_ZOOM = Binding.Group("Zoom")
_MOVE = Binding.Group("Move")


class ActivityScreen(ActivityStories):
    """Log and story, or timeline and plot; a tall terminal shows the timeline above the log, too."""

    CSS_PATH = "activity.tcss"
    AUTO_FOCUS = "EventTable"
    # All of them here: of two classes' bindings for one key, only the last one's would count.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "timeline", "Timeline", id="activity.timeline", tooltip="What each account did, over time"),
        Binding("t", "log", "Log", id="activity.log", tooltip="Back to the log"),
        Binding("w", "last_switch", "Why", id="activity.why", tooltip="Why the last switch of accounts happened"),
        Binding("space", "pause", "Pause", id="activity.pause", tooltip="Hold the log still; what comes is counted"),
        Binding("space", "resume", "Go on", id="activity.resume", tooltip="Show what came during the pause"),
        Binding("n", "newest", "Newest", id="activity.newest", tooltip="Go to the newest row, and follow"),
        Binding("n", "to_now", "Now", id="activity.now", tooltip="Bring the timeline back to now"),
        Binding("slash", "find", "Find", id="activity.find", key_display="/", tooltip="Show only rows with words"),
        Binding(
            "plus", "zoom(-1)", "Nearer", id="activity.nearer", key_display="+", tooltip="Show less time", group=_ZOOM
        ),
        Binding("equals_sign", "zoom(-1)", "Nearer", show=False, id="activity.nearer-too", tooltip="Show less time"),
        Binding(
            "minus",
            "zoom(1)",
            "Further",
            id="activity.further",
            key_display="-",
            tooltip="Show more time",
            group=_ZOOM,
        ),
        Binding(
            "left", "pan(-1)", "Earlier", id="activity.earlier", tooltip="Move the timeline to earlier", group=_MOVE
        ),
        Binding("right", "pan(1)", "Later", id="activity.later", tooltip="Move the timeline to later", group=_MOVE),
        Binding("u", "next_window", "Plot", id="activity.window", tooltip="Plot the next quota window"),
        Binding("a", "account", "Account", id="activity.account", tooltip="Show only what is about one account"),
        Binding("f", "kind", "Kind", id="activity.kind", tooltip="Show only one kind: switches, failures and others"),
        Binding("e", "export", "Export", id="activity.export", tooltip="Write what is shown to a file"),
        Binding("y", "copy", "Copy", id="activity.copy", show=False, tooltip="Copy the row, or its request's id"),
        Binding("escape", "back", "Back", id="back", tooltip="Back, or show everything again"),
    ]

    view: var[View] = var(View, init=False)
    past: var[Past] = var(Past, init=False)
    window: var[str] = var("5h", init=False)
    account_id: var[str | None] = var(None, init=False)

    told = getters.query_one("#told", Static)
    find = getters.query_one("#find", Input)
    lanes = getters.query_one(LanesView)

    def __init__(self, engine: Engine, locale: Locale, bar: Widget) -> None:
        super().__init__()
        self.engine = engine
        self.feed = Feed()
        self.wanted = Wanted()
        self._locale = locale
        self._bar = bar
        self._ticks = 0
        self.set_class(locale.glyphs is ASCII, "-ascii")

    def compose(self) -> ComposeResult:
        cls = ActivityScreen
        yield TooSmall()
        yield self._bar
        yield Static(id="told")
        lanes = LanesView(self._locale, id="lanes")
        lanes.border_title = "Timeline"
        yield lanes.data_bind(cls.snapshot, cls.now, cls.view, cls.past)
        yield Input(placeholder="show only rows with these words", id="find", compact=True)
        with Horizontal(id="body"):
            yield EventTable(self.feed, self.label, self._locale, id="log")
            story = StoryView(id="story")
            story.border_title = "Story"
            yield story
        yield KeyBar()

    def on_screen_resume(self) -> None:
        """Another mode was looked at: catch up."""
        if self._loaded:
            self.take_news()
        else:
            self.reload()
        self.call_after_refresh(self._look_back)

    # --- what is told -------------------------------------------------------------------------------------

    def tell_state(self) -> None:
        parts = self._stretch_seen() if self.has_class("-timeline") else self._rows_seen()
        line = fit_line(joined(parts, self._locale), max(0, self.size.width - 2), self._locale.glyphs)
        self.told.update(to_content(line), layout=False)

    def _stretch_seen(self) -> list[Piece]:
        """From when until when the timeline goes."""
        since, until, tz = self.view.since(self.now), self.view.until(self.now), self._locale.tz
        parts = [Piece(self.view.name, Tone.NAME)]
        parts.append(Piece(from_to(since, until, self.now, tz)))
        if self.view.shift:
            parts.append(Piece("n comes back to now", Tone.QUIET))
        if self.wanted.account_id is not None:
            parts.append(Piece(f"plot of {clean(self.label(self.wanted.account_id))} only", Tone.ACTIVE))
        return parts

    def _rows_seen(self) -> list[Piece]:
        """What the log is narrowed to, and what waits."""
        parts: list[Piece] = []
        feed, wanted = self.feed, self.wanted
        if feed.paused or feed.behind:
            waiting = f"{'at least ' if feed.uncounted else ''}{feed.waiting}"
            parts.append(Piece("paused" if feed.paused else "looking back", Tone.LOW))
            parts.append(Piece(f"{waiting} newer wait{'s' * (feed.waiting == 1)}", Tone.NAME))
        else:
            parts.append(Piece(f"{self._locale.glyphs.dot} live", Tone.OK))
        parts.append(Piece(counted(len(feed), "event") if feed.complete else f"{len(feed)}+ events"))
        if wanted.account_id is not None:
            parts.append(Piece(f"only {clean(self.label(wanted.account_id))}", Tone.ACTIVE))
        if wanted.group is not None:
            parts.append(Piece(f"only {BY_KEY[wanted.group].title.casefold()}", Tone.ACTIVE))
        if wanted.typed.strip():
            parts.append(Piece(f'with "{clean(wanted.typed.strip())}"', Tone.ACTIVE))
        if self.writing:
            parts.append(Piece("writing the file", Tone.ACTIVE))
        if self.busy:
            reached = feed.reached.at if feed.reached is not None else self.now
            parts.append(Piece(f"reading the log before {clock(reached, self.now, self._locale.tz)}", Tone.QUIET))
        elif not len(feed):
            parts.append(Piece("nothing fits" if not wanted.everything else "nothing has happened yet", Tone.QUIET))
        return parts

    def on_resize(self) -> None:
        self.tell_state()
        self.refresh_bindings()  # the timeline comes and goes

    def watch_now(self, now: float) -> None:
        if not self.is_current:
            return
        self._ticks += 1
        self.table.today = now
        self.table.refresh_rows()
        if self.has_class("-timeline"):
            self.tell_state()
        if self._ticks % RENEW_TICKS == 0:
            self._look_back()

    def took(self, news: Sequence[Event]) -> None:
        self.past = self.past.and_then(news)
        self.retell(news)

    # --- over time ----------------------------------------------------------------------------------------

    @property
    def timeline_shown(self) -> bool:
        return self.lanes.display

    @work(group="past", exclusive=True, description="look back")
    async def _look_back(self) -> None:
        """Read what the timeline shows from the log."""
        if not self.timeline_shown:
            return
        now, view, windows = self.now, self.view, windows_of(self.snapshot)
        try:
            self.past = await self.engine.journal.ask(
                lambda log: look_back(log, windows, view.since(now), view.until(now))
            )
        except RotaError as error:
            self.complain(error)
            return
        self.lanes.watch_now()
        for plot in self.query("#plot"):
            plot.refresh()

    def watch_view(self) -> None:
        self._look_back()
        self.tell_state()
        self.refresh_bindings()

    def action_timeline(self) -> None:
        self.close_story()
        self.account_id = self.wanted.account_id
        self.add_class("-timeline")
        self._choose_window()
        self.lanes.focus()
        self.tell_state()
        self.call_later(self._add_plot)  # bound to the screen: an action runs as the app's
        self.call_after_refresh(self._look_back)
        self.refresh_bindings()

    async def _add_plot(self) -> None:
        """The plot, when it is first looked at."""
        from rota_tui.widgets.usage_plot import UsagePlot  # with plotext: not before it is needed

        if self.query(UsagePlot):
            return
        plot = UsagePlot(self._locale, id="plot")
        cls = ActivityScreen
        plot.data_bind(cls.snapshot, cls.now, cls.view, cls.past, cls.window, cls.account_id)
        await self.mount(plot, after="#body")

    def action_log(self) -> None:
        self.remove_class("-timeline")
        self.tell_state()
        self.table.focus()
        self.call_after_refresh(self._look_back)
        self.refresh_bindings()

    @property
    def windows(self) -> list[str]:
        """The windows that can be plotted, the shortest first."""
        lengths: dict[str, float] = {}
        for state in self.snapshot.listed():
            for window in state.windows.values():
                if window.scope is None and window.counts and window.utilization is not None:
                    lengths[window.key] = max(lengths.get(window.key, 0.0), window.length or 0.0)
        return sorted(lengths, key=lambda key: (lengths[key] or float("inf"), key))

    def _choose_window(self, steps: int = 0) -> None:
        if windows := self.windows:
            at = windows.index(self.window) if self.window in windows else 0
            self.window = windows[(at + steps) % len(windows)]

    def action_next_window(self) -> None:
        self._choose_window(1)

    def action_zoom(self, steps: int) -> None:
        self.view = self.view.zoomed(steps)

    def action_pan(self, steps: int) -> None:
        self.view = self.view.panned(steps)

    def action_to_now(self) -> None:
        self.view = self.view.at_now()

    # --- keys ---------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        timeline = self.has_class("-timeline")
        match action:
            case "find" | "zoom" if self.find.has_focus:
                return False  # their keys are letters there; Textual knows that of other letters, not of these
            case "timeline":
                return not timeline
            case "log":
                return timeline
            case "zoom":
                return self.timeline_shown and 0 <= self.view.zoom + _steps(parameters) < len(NAMES)
            case "pan":
                return self.timeline_shown and self.view.panned(_steps(parameters)) != self.view
            case "to_now":
                # Where the log is seen too, its own way to the newest goes first.
                return self.view.shift != 0 and self.timeline_shown
            case "next_window":
                return timeline and len(self.windows) > 1
            case "pause" | "resume" | "find" | "newest" | "copy" | "export" | "kind" if timeline:
                return False
            case "back":
                return timeline or self.has_class("-story") or self.has_class("-find") or not self.wanted.everything
        return super().check_action(action, parameters)

    def on_descendant_focus(self) -> None:
        self.refresh_bindings()

    def action_back(self) -> None:
        """One step back: from the story, the timeline, the words, then the rest of what narrows."""
        if self.has_class("-story"):
            self.close_story()
        elif self.has_class("-timeline"):
            self.action_log()
        elif self.has_class("-find"):
            self.remove_class("-find")
            self.find.value = ""
        else:
            self.want(Wanted())
        self.table.focus()
        self.refresh_bindings()

    def action_find(self) -> None:
        self.close_story()
        self.add_class("-find")
        self.find.focus()
        self.refresh_bindings()

    def want(self, wanted: Wanted) -> None:
        self.account_id = wanted.account_id
        super().want(wanted)

    def on_input_changed(self, event: Input.Changed) -> None:
        self.want(Wanted(self.wanted.account_id, self.wanted.group, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if not event.value.strip():
            self.action_back()
        self.table.focus()


def _steps(parameters: tuple[object, ...]) -> int:
    return next((value for value in parameters if isinstance(value, int)), 0)
