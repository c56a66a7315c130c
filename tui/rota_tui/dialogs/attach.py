"""A file to go along with the question, by its path."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Label

from rota_tui.attachments import MAX_IMAGE_BYTES, MAX_TEXT_BYTES, Attachment, CannotAttach, attach, told_size
from rota_tui.widgets.dialog_box import DialogBox
from rota_tui.widgets.key_hint import KeyHint

if TYPE_CHECKING:
    from textual.app import ComposeResult


class PathSuggester(Suggester):
    """Completes the last part of a path from the folder it is in."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(complete_path, value) if value else None


def complete_path(typed: str) -> str | None:
    """The first entry that begins as typed, folders with a slash; None when there is none or it cannot be read."""
    path = Path(typed).expanduser()
    begun = "" if typed.endswith("/") else path.name
    folder = path if typed.endswith("/") else path.parent
    try:
        names = sorted(e.name + "/" * e.is_dir() for e in folder.iterdir() if e.name.startswith(begun))
    except (OSError, ValueError):
        return None
    shown = [name for name in names if begun.startswith(".") or not name.startswith(".")]
    return typed + shown[0][len(begun) :] if shown else None


class AttachDialog(ModalScreen[Attachment | None]):
    """Gives the file, read; a path that does not work is told and can be mended."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", show=False)]

    told = getters.query_one(".dialog-error", Label)

    def __init__(self) -> None:
        super().__init__(classes="dialog")

    def compose(self) -> ComposeResult:
        limits = f"PNG, JPEG, GIF or WebP up to {told_size(MAX_IMAGE_BYTES)}, text up to {told_size(MAX_TEXT_BYTES)}"
        with DialogBox():
            yield Label("Attach a file", classes="dialog-title", markup=False)
            yield Input(placeholder="path; right arrow completes it", suggester=PathSuggester())
            yield Label(limits, classes="dialog-hint", markup=False)
            yield Label("", classes="dialog-error", markup=False)
            yield KeyHint("enter attach   esc back")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self._read(event.value)
        else:
            self.told.update("Type a path, or press Escape.")

    @work(group="attach", exclusive=True, description="read a file")
    async def _read(self, path: str) -> None:
        try:
            self.dismiss(await asyncio.to_thread(attach, path))
        except CannotAttach as error:
            self.told.update(error.in_full)

    def action_cancel(self) -> None:
        self.dismiss(None)
