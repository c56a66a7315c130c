"""What narrows the activity log, and what takes it along: account, kind, words, a file, the clipboard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import work

from rota.errors import RotaError
from rota_tui.feed import BY_KEY, GROUPS, Wanted
from rota_tui.screens.activity_log import PAGE, ActivityLog

if TYPE_CHECKING:
    from rota.events import Event

ALL = "all of them"


class ActivityChoosing(ActivityLog):
    """Questions a person answers about what is to be seen, or kept."""

    writing = False
    """Whether the log is being written to a file."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "export":
                return len(self.feed) > 0 and not self.writing
            case "account":
                return bool(self.snapshot.listed())
        return super().check_action(action, parameters)

    def want(self, wanted: Wanted) -> None:
        """Show other events."""
        if wanted != self.wanted:
            self.wanted = wanted
            self.reload(home=True, paused=self.feed.paused)

    @work(group="dialog", exclusive=True, description="choose an account")
    async def action_account(self) -> None:
        from rota_tui.dialogs.choices import ChoiceDialog  # not needed for the first frame

        names: dict[str, str | None] = {ALL: None}
        about = {ALL: "whatever account it is about"}
        for state in self.snapshot.listed():
            name = state.account.label
            while name in names:
                name += " "  # two of one name are two rows
            names[name] = state.id
            about[name] = state.account.email or state.account.plan or ""
        now = next((name for name, each in names.items() if each == self.wanted.account_id), ALL)
        chosen = await self.app.push_screen_wait(
            ChoiceDialog("Activity of which account?", about, self._locale.glyphs, current=now)
        )
        if chosen is not None:
            self.want(Wanted(names[chosen], self.wanted.group, self.wanted.typed))

    @work(group="dialog", exclusive=True, description="choose a kind")
    async def action_kind(self) -> None:
        from rota_tui.dialogs.choices import ChoiceDialog  # not needed for the first frame

        keys = {group.title: group.key for group in GROUPS}
        about = {ALL: "whatever happened", **{group.title: group.meaning for group in GROUPS}}
        now = BY_KEY[self.wanted.group].title if self.wanted.group is not None else ALL
        chosen = await self.app.push_screen_wait(
            ChoiceDialog("Which kind of activity?", about, self._locale.glyphs, current=now)
        )
        if chosen is not None:
            self.want(Wanted(self.wanted.account_id, keys.get(chosen), self.wanted.typed))

    @work(group="dialog", exclusive=True, description="write the log to a file")
    async def action_export(self) -> None:
        from rota_tui import exporting  # not needed for the first frame
        from rota_tui.dialogs.confirm import ConfirmDialog
        from rota_tui.dialogs.prompt import PromptDialog

        hint = "A name that ends in .jsonl gives JSON lines, any other plain text."
        typed = exporting.suggested(self.engine.clock.now(), self._locale.tz)
        while True:
            dialog = PromptDialog(
                "Write these events to which file?",
                value=typed,
                hint=hint,
                max_length=1000,
                check=exporting.wrong_with,
            )
            answer = await self.app.push_screen_wait(dialog)
            if answer is None:
                return
            typed, path = answer, exporting.target(answer)
            replace = path.exists()
            if replace and not await self.app.push_screen_wait(
                ConfirmDialog(
                    "Replace this file?", (f"{path} is there already.",), yes="Replace it", no="Choose another"
                )
            ):
                continue
            self._say_writing(True)
            try:
                events = await self._all_wanted(exporting.MOST)
                text = await asyncio.to_thread(exporting.as_document, events, path, self.label, self._locale.tz)
                await asyncio.to_thread(exporting.write, path, text, replace=replace)
            except OSError as error:
                hint = f"It was not written: {error.strerror or error}."
                continue
            except RotaError as error:
                self.complain(error)
                return
            finally:
                self._say_writing(False)
            cut = f", the newest {exporting.MOST}" if len(events) >= exporting.MOST else ""
            self.notify(f"{len(events)} events{cut} are in {path}.", markup=False)
            return

    def _say_writing(self, writing: bool) -> None:
        self.writing = writing
        self.tell_state()
        self.refresh_bindings()

    async def _all_wanted(self, most: int) -> list[Event]:
        """Everything in the log that is wanted, oldest first, the newest `most`."""
        wanted = self.wanted
        found: list[Event] = []
        before: str | None = None
        known: set[str] = set()
        while len(found) < most:
            batch = await self.ask_log(wanted, before)
            fresh = [event for event in batch if event.id not in known]
            known.update(event.id for event in fresh)
            found = [event for event in fresh if self.wants(event)] + found
            if len(batch) < PAGE or not fresh:
                break
            before = fresh[0].id
        return found[-most:]
