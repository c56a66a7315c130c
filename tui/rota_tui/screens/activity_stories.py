"""The story of the event under the cursor: a request's tries, or the facts of what is no part of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import getters, work

from rota.errors import RotaError
from rota.events import AccountSwitched, CooldownStarted, ModelCooled
from rota_tui.event_facts import fact_lines, headline
from rota_tui.feed import request_of
from rota_tui.pieces import Piece, Tone, clean
from rota_tui.screens.activity_choosing import ActivityChoosing
from rota_tui.story import EFFECTS, ending, story_lines, stretch
from rota_tui.widgets.story_view import StoryView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rota.events import Event
    from rota_tui.pieces import Line

SOON_S = 5.0
"""A cooldown and the try that led to it are said within this."""
FEW = 200
"""Facts of a kind looked at for what belongs together."""


class ActivityStories(ActivityChoosing):
    """Opens stories, and keeps the open one up to date."""

    story = getters.query_one(StoryView)

    _told_event: Event | None = None
    """Whose story is open."""

    @property
    def following(self) -> bool:
        return self._told_event is None

    def retell(self, news: Sequence[Event]) -> None:
        """Tell the open story anew when it went on."""
        event = self._told_event
        if event is not None and (request := request_of(event)) and any(request_of(e) == request for e in news):
            self._tell(event, anew=False)

    def close_story(self) -> None:
        self.remove_class("-story")
        self._told_event = None

    def on_line_table_selected(self) -> None:
        if (event := self.current) is not None:
            self.open_story(event)

    def open_story(self, event: Event) -> None:
        """Tell everything about it, beside the log or in its place."""
        self.remove_class("-timeline")
        self.add_class("-story")
        self.tell_state()
        self._told_event = event
        self.story.focus()
        self._tell(event)
        self.refresh_bindings()

    def on_line_table_highlighted(self) -> None:
        super().on_line_table_highlighted()
        event = self.current
        # Beside the log the story goes along with the cursor.
        if self._told_event is not None and event is not None and event.id != self._told_event.id:
            self._told_event = event
            self._tell(event)

    @work(group="story", exclusive=True, description="tell a story")
    async def _tell(self, event: Event, *, anew: bool = True) -> None:
        try:
            lines = await self._lines_of(event)
        except RotaError as error:
            lines = (*self._facts(event), (), (Piece(str(error), Tone.QUIET),))
        self.story.tell(lines, anew=anew)

    def _facts(self, event: Event) -> tuple[Line, ...]:
        return (*headline(event, self.label, self._locale), (), *fact_lines(event, self.label, self._locale))

    async def _lines_of(self, event: Event) -> tuple[Line, ...]:
        request = request_of(event) or await self._request_behind(event)
        if request is None:
            return self._facts(event)
        ask = self.engine.journal.ask
        story = await self.engine.why(request)
        others = await ask(lambda log: log.between(*stretch(story), EFFECTS, FEW))
        lines = story_lines(story, others, self.label, self._locale)
        if request_of(event) is not None:
            return lines
        led = (Piece("It came about while this request was served:", Tone.QUIET),)
        return (*headline(event, self.label, self._locale), *self._compared(event, story), (), led, (), *lines)

    def _compared(self, event: Event, story: Sequence[Event]) -> list[Line]:
        """How the two accounts of a switch stood to one another."""
        end = ending(story)
        if not isinstance(event, AccountSwitched) or event.previous_id is None or end is None:
            return []
        return [
            (
                Piece("  "),
                Piece(clean(self.label(each.account_id)), Tone.NAME),
                Piece(f" {'before' if each.account_id == event.previous_id else 'now'}: ", Tone.QUIET),
                Piece(clean(each.reason)),
            )
            for each in end.candidates
            if each.account_id in (event.previous_id, event.account_id)
        ]

    async def _request_behind(self, event: Event) -> str | None:
        """The request during which a switch or a cooldown came about."""
        ask = self.engine.journal.ask
        found: Sequence[Event]
        match event:
            case AccountSwitched(by_person=False):
                found = await ask(lambda log: log.between(event.at, event.at, ("RequestStarted",), FEW))
            case CooldownStarted() | ModelCooled():
                found = await ask(lambda log: log.between(event.at, event.at + SOON_S, ("AttemptFailed",), FEW))
            case _:
                return None
        return next((request_of(each) for each in found if _belong(event, each)), None)

    @work(group="story", exclusive=True, description="find the last switch")
    async def action_last_switch(self) -> None:
        """Tell the story of the newest change of accounts."""
        try:
            found = await self.engine.journal.ask(lambda log: log.recent(FEW, kinds=("AccountSwitched",)))
        except RotaError as error:
            self.complain(error)
            return
        if not found:
            self.notify("No account has taken over from another yet.")
            return
        # The first account that ever served took over from nobody.
        switch = next((e for e in reversed(found) if getattr(e, "previous_id", None) is not None), found[-1])
        if self.feed.get(switch.id) is not None:
            self.table.cursor_key = switch.id
        self.open_story(switch)


def _belong(event: Event, other: Event) -> bool:
    """Whether a try's fact belongs to what it led to."""
    attempt = getattr(other, "attempt", None)
    if isinstance(event, ModelCooled):
        return attempt is not None and attempt.model == event.model
    about = attempt.account_id if attempt is not None else getattr(other, "account_id", None)
    return about == getattr(event, "account_id", None)
