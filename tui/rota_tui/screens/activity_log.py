"""What the activity log shows: read from the log a page at a time, followed, paused."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual import getters, work
from textual.reactive import var
from textual.screen import Screen

from rota.errors import RotaError
from rota.events import AccountAdded, AccountLabelled, AccountRemoved
from rota.snapshot import Snapshot
from rota_tui.feed import Feed, Wanted, request_of
from rota_tui.pieces import plain
from rota_tui.telling import sentence
from rota_tui.widgets.event_table import EventTable
from rota_tui.wording import label_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.engine import Engine
    from rota.events import Event
    from rota_tui.pieces import Locale

PAGE = 200
"""Events asked of the log at once."""
PAGES = 25
"""So many pages are looked through for what is wanted before it is said how far the search has come."""
NEAR = 6
"""So many rows before the last one, older ones are fetched."""


class Page(NamedTuple):
    """Some older events that are wanted, in order."""

    events: list[Event]
    reached: Event | None
    """The oldest that was looked at, wanted or not; None when the log has none that is older."""
    complete: bool
    """Whether the log has no more."""


class ActivityLog(Screen[None]):
    """The screen lays out and tells; this fills the table."""

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)
    recent: var[tuple[Event, ...]] = var((), init=False)

    engine: Engine
    feed: Feed
    _locale: Locale
    wanted: Wanted
    table = getters.query_one(EventTable)

    _last: str | None = None
    """The newest event that was taken or counted."""
    _loaded = False
    _reading: object = None
    """Names the reading under way, if one is: a later one takes the place of an earlier."""

    def tell_state(self) -> None:
        """What is shown has changed."""
        raise NotImplementedError

    def took(self, news: Sequence[Event]) -> None:
        """These happened while the screen was looked at."""
        raise NotImplementedError

    def label(self, account_id: str) -> str:
        return label_of(self.snapshot, account_id)

    @property
    def busy(self) -> bool:
        """Whether the log is being read."""
        return self._reading is not None

    @property
    def current(self) -> Event | None:
        """The event under the cursor."""
        return self.feed.get(self.table.cursor_key)

    @property
    def following(self) -> bool:
        """Whether the cursor goes along with the newest event."""
        return True

    # --- reading ------------------------------------------------------------------------------------------

    def wants(self, event: Event) -> bool:
        if not self.wanted.fits(event) or (said := sentence(event, self.label, self._locale.tz)) is None:
            return False
        return self.wanted.says(f"{plain(said.line)} {request_of(event) or ''}")

    async def _page(self, before: Event | None) -> Page:
        wanted = self.wanted
        found: list[Event] = []
        reached = before
        for _ in range(PAGES):
            batch = await self.ask_log(wanted, reached.id if reached is not None else None)
            if before is not None and reached is before and batch and batch[-1].id in self.feed:
                # It is gone from the log, which then begins with the newest.
                return Page(found, reached, complete=True)
            found = [event for event in batch if self.wants(event)] + found
            if len(batch) < PAGE:
                return Page(found, batch[0] if batch else reached, complete=True)
            reached = batch[0]
            if len(found) >= PAGE // 2:
                break
        return Page(found, reached, complete=False)

    async def _read(self, before: Event | None) -> Page | None:
        """`_page`, with the state told meanwhile; None when the log cannot be read, which is said."""
        self._reading = reading = object()
        self.tell_state()
        try:
            return await self._page(before)
        except RotaError as error:
            self.complain(error)
            return None
        finally:
            if self._reading is reading:
                self._reading = None

    async def _read_on(self, rows: int) -> None:
        """Read older ones until there are so many rows more, or the log has no more."""
        while not self.feed.complete and rows > 0:
            if (page := await self._read(self.feed.reached)) is None:
                return
            rows -= len(page.events)
            self.feed.older(page.events, complete=page.complete, reached=page.reached)
            self.table.show(follow=False)
            self.tell_state()

    async def ask_log(self, wanted: Wanted, before: str | None) -> list[Event]:
        return await self.engine.journal.ask(
            lambda log: log.recent(PAGE, kinds=wanted.kinds, account_id=wanted.account_id, before=before)
        )

    @work(group="look", exclusive=True, description="read the log")
    async def reload(self, *, home: bool = False, paused: bool = False) -> None:
        """Begin with the newest again; with `paused` the pause goes on."""
        self._last = self.recent[-1].id if self.recent else None
        if (page := await self._read(None)) is None:
            return
        self.feed.start(page.events, complete=page.complete, reached=page.reached)
        since = page.events[-1].at if page.events else float("-inf")
        self.feed.add(event for event in self.recent if event.at >= since and self.wants(event))
        self.feed.paused = paused
        self._last = self.recent[-1].id if self.recent else None
        self._loaded = True
        if home or self.feed.get(self.table.cursor_key) is None:
            self.table.cursor_key = None
        self.table.show(follow=True)
        self.tell_state()
        self.refresh_bindings()
        await self._read_on(self.table.size.height - len(self.feed))
        self.refresh_bindings()

    @work(group="look", exclusive=True, description="read older events")
    async def _read_older(self) -> None:
        await self._read_on(1)
        self.refresh_bindings()

    def complain(self, error: RotaError) -> None:
        """Say what failed and what to do."""
        self.notify(error.in_full, severity="error", markup=False)

    # --- following ----------------------------------------------------------------------------------------

    def watch_recent(self) -> None:
        if self._loaded and self.is_current:
            self.take_news()

    def take_news(self) -> None:
        """Show or count what happened since the last look."""
        recent = self.recent
        if not recent or recent[-1].id == self._last:
            return
        place = next((i for i in reversed(range(len(recent))) if recent[i].id == self._last), None)
        self._last = recent[-1].id
        news = recent if place is None else recent[place + 1 :]
        held = self.feed.paused or self.feed.behind
        if place is None and not held:
            self.reload()  # more came at once than is passed on: the log has it all
            return
        self.feed.uncounted = self.feed.uncounted or place is None
        if any(isinstance(event, AccountRemoved) for event in news):
            if not held:
                self.reload()  # what it was about has left the log
                return
            self.feed.look_again()
        shown = self.feed.add(event for event in news if self.wants(event))
        if any(isinstance(event, (AccountAdded, AccountLabelled)) for event in news):
            self.table.relayout()
        if shown:
            self.table.show(follow=self.following)
        self.took(news)
        self.tell_state()

    def on_line_table_highlighted(self) -> None:
        keys = self.table.keys
        near = keys[-NEAR:]
        if self.table.cursor_key in near and not self.feed.complete and not self.busy and keys:
            self._read_older()
        self.refresh_bindings()

    # --- keys ---------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "pause":
                return not self.feed.paused
            case "resume":
                return self.feed.paused
            case "newest":
                keys = self.table.keys
                return self.feed.paused or self.feed.behind or (bool(keys) and self.table.cursor_key != keys[0])
            case "copy":
                return self.current is not None
        return super().check_action(action, parameters)

    def action_pause(self) -> None:
        self.feed.paused = True
        self.tell_state()
        self.refresh_bindings()

    def action_resume(self) -> None:
        self.reload(home=True)

    def action_newest(self) -> None:
        if self.feed.paused or self.feed.behind:
            self.reload(home=True)
        else:
            self.table.action_end(-1)

    def action_copy(self) -> None:
        if (event := self.current) is None:
            return
        said = sentence(event, self.label, self._locale.tz)
        text = request_of(event) or (plain(said.line) if said is not None else event.id)
        self.app.copy_to_clipboard(text)
        self.notify(f"Copied {text}.", markup=False)
