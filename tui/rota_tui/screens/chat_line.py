"""The chat's question line: what is attached to it, the commands typed into it, and what is told above it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import getters, work
from textual.content import Content
from textual.widgets import Label

from rota.errors import RotaError
from rota_tui.attachments import attach, told_attachments
from rota_tui.screens.chat_choosing import ChatChoosing
from rota_tui.slash import COMMANDS
from rota_tui.widgets.prompt_input import PromptInput

if TYPE_CHECKING:
    from rota_tui.attachments import Attachment

_EFFORTS = ("low", "medium", "high", "off")


class ChatLine(ChatChoosing):
    """Its screen shows the line (`#ask` around a prompt and a notice) and how much a model is to think."""

    prompt = getters.query_one(PromptInput)
    notice = getters.query_one("#notice", Label)

    def __init__(self) -> None:
        super().__init__()
        self._attached: list[Attachment] = []

    def show_choice(self) -> None:
        """Show whom the chat asks, and how."""
        raise NotImplementedError

    def tell(self, text: str) -> None:
        """One line above the question; empty hides it."""
        self.notice.update(Content(text))
        self.notice.set_class(bool(text), "-told")

    # --- attachments --------------------------------------------------------------------------------------

    @work(group="choose", exclusive=True, description="attach a file")
    async def action_attach(self) -> None:
        from rota_tui.dialogs.attach import AttachDialog  # not needed for the first frame

        attached = await self.app.push_screen_wait(AttachDialog())
        if attached is not None:
            self._attached.append(attached)
            self.show_attached()

    @work(group="attach", exclusive=True, description="attach a file by its path")
    async def _attach_path(self, path: str) -> None:
        try:
            self._attached.append(await asyncio.to_thread(attach, path))
        except RotaError as error:
            self.prompt.give_back(f"/attach {path}")
            self.tell(error.in_full)
        else:
            self.show_attached()

    def on_prompt_input_empty_backspace(self) -> None:
        if self._attached:
            self._attached.pop()
            self.show_attached()

    def show_attached(self) -> None:
        count = len(self._attached)
        told = f" {self._locale.glyphs.sep} with {told_attachments(self._attached)}" if count else ""
        self.query_one("#ask").border_title = Content(f"Question{told}")
        drops = "" if not count else "backspace drops it" if count == 1 else "backspace drops the last"
        self.query_one("#ask").border_subtitle = Content(drops)

    # --- what was typed as a command ------------------------------------------------------------------------

    def obey(self, name: str, argument: str) -> bool:
        """Do what a command says; False leaves it in the line."""
        match name:
            case "model":
                self.action_choose_model(argument)
            case "account":
                self.action_choose_account(argument)
            case "think":
                if argument not in _EFFORTS:
                    self.tell(f"Say one of {', '.join(_EFFORTS)}.")
                    return False
                self.effort = None if argument == "off" else argument
                self.show_choice()
            case "attach" if argument:
                self._attach_path(argument)
            case "save" if argument:
                return self._if_it_can("save", "There is nothing for /save yet.", f"save({argument!r})")
            case "clear" | "again" | "copy" | "compare" if argument:
                self.tell(f"/{name} takes nothing after it: {COMMANDS[name]}.")
                return False
            case "copy":
                action = "copy_code" if self.check_action("copy_code", ()) else "copy_answer"
                return self._if_it_can(action, "There is nothing to copy yet.")
            case _:
                return self._if_it_can(name, f"There is nothing for /{name} yet.")
        return True

    def _if_it_can(self, action: str, otherwise: str, call: str = "") -> bool:
        if self.check_action(action, ()) is False:
            self.tell(otherwise)
            return False
        if action == "compare":
            self.prompt.text = ""
        self.call_later(self.run_action, call or action)
        return True
