"""Keys that come while the next question is on its way: kept, and given to it in their order once it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from textual.events import Key
from textual.worker import NoActiveWorker, get_current_worker

if TYPE_CHECKING:
    from textual.app import App
    from textual.worker import Worker

_LOOK_S = 1 / 120
_LOOKS = 240
"""After so many looks keys go where they go: what is awaited may never come."""


class TypingAhead:
    """A screen with `between_questions` says so itself; any dialog is awaited until its worker has pushed it."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._held: list[Key] = []
        self._looks = 0
        self._asked: WeakSet[Worker[Any]] = WeakSet()
        """Those that have put their question."""

    def asks(self) -> None:
        """A screen is pushed: what the worker that does it was begun for."""
        try:
            self._asked.add(get_current_worker())
        except NoActiveWorker:
            return

    def keep(self, event: Key) -> bool:
        """Keep a key if its question is not there yet; True when it was kept."""
        if not self._held:
            if not self._awaited():
                return False
            self._looks = 0
            self._app.set_timer(_LOOK_S, self._look)
        self._held.append(event)
        return True

    def _awaited(self) -> bool:
        if getattr(self._app.screen, "between_questions", False):
            return True
        return any(w.group == "dialog" and not w.is_finished and w not in self._asked for w in self._app.workers)

    def _look(self) -> None:
        self._looks += 1
        if self._awaited() and self._looks < _LOOKS:
            self._app.set_timer(_LOOK_S, self._look)
            return
        held, self._held = sorted(self._held, key=lambda event: event.time), []
        for event in held:
            again = Key(event.key, event.character)
            again.time = event.time
            (self._app.focused or self._app.screen)._forward_event(again)
