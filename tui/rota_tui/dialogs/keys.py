"""Other keys for commands: every command with its keys, and a dialog that waits for the new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import getters, work
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from rota_tui.fuzzy import match, subject, typed_words
from rota_tui.keymap import SETTING, clash_of, commands, normal, shown, unusable
from rota_tui.pieces import Piece, Tone, clean
from rota_tui.widgets.dialog_box import DialogBox
from rota_tui.widgets.key_hint import KeyHint
from rota_tui.widgets.line_table import Column, LineTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from textual import events
    from textual.app import ComposeResult

    from rota_tui.keymap import Command
    from rota_tui.pieces import Glyphs, Line

_HINT = "enter press another key   ctrl+r the usual one   esc back"


class KeysTable(LineTable):
    """A row for each command."""

    def __init__(self, keymap: Callable[[], Mapping[str, str]], glyphs: Glyphs) -> None:
        super().__init__(glyphs, id="keys")
        self._keymap = keymap
        self._known: dict[str, Command] = {c.id: c for c in commands().values() if not c.shares}
        self._subjects = {c.id: subject(c.about, c.title, c.id, c.where, shown(c.keys)) for c in self._known.values()}

    def search(self, typed: str) -> None:
        """Show only what fits, the best first."""
        words = typed_words(typed)
        found = {name: m.score for name, s in self._subjects.items() if (m := match(words, s)) is not None}
        keys = sorted(found, key=lambda name: -found[name]) if words else list(self._known)
        if words and keys:
            self.cursor_key = keys[0]
        self.show_rows(keys)

    def columns_for(self, width: int) -> tuple[Column, ...]:
        keys, where = 16, 14
        name = 22 if width >= 84 else 0
        about = Column("about", "Command", max(8, width - keys - where - name - (3 if name else 2) * self.GAP))
        named = [Column("id", "Name", name)] if name else []
        return (Column("key", "Key", keys), about, Column("where", "Where", where), *named)

    def cells(self, key: str) -> tuple[Line, ...]:
        command = self._known[key]
        return tuple(self._cell(column.key, command) for column in self._columns)

    def _cell(self, column: str, command: Command) -> Line:
        match column:
            case "key":
                if (given := self._keymap().get(command.id)) is not None:
                    return (Piece(clean(given), Tone.ACTIVE), Piece(f" {self._glyphs.dot}", Tone.ACTIVE))
                return (Piece(shown(command.keys), Tone.NAME),)
            case "about":
                return (Piece(command.about),)
            case "where":
                return (Piece(command.where, Tone.QUIET),)
        return (Piece(command.id, Tone.QUIET),)


class KeysDialog(ModalScreen[None]):
    """Each new key is written when it is pressed; Escape closes."""

    CSS_PATH = "ordered.tcss"
    AUTO_FOCUS = "Input"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False, tooltip="Back to the settings"),
        Binding("ctrl+r", "usual", "The usual key", show=False, tooltip="Give the command its usual key again"),
        Binding("up", "move(-1)", "Up", show=False, tooltip="One up"),
        Binding("down", "move(1)", "Down", show=False, tooltip="One down"),
        Binding("pageup", "page(-1)", "Page up", show=False, tooltip="A page up"),
        Binding("pagedown", "page(1)", "Page down", show=False, tooltip="A page down"),
    ]

    table = getters.query_one(KeysTable)
    told = getters.query_one(".dialog-error", Label)

    def __init__(
        self,
        keymap: Callable[[], Mapping[str, str]],
        write: Callable[[str, str], str],
        unset: Callable[[str], str],
        glyphs: Glyphs,
    ) -> None:
        """
        Args:
            keymap: gives the key map as it is now.
            write: takes a setting's name and its text; returns what is wrong, or nothing.
            unset: takes a setting out of the file; returns as `write` does.
        """
        super().__init__(classes="dialog")
        self._keymap = keymap
        self._write = write
        self._unset = unset
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        with DialogBox("ordered-box"):
            yield Label("Keys", classes="dialog-title", markup=False)
            yield Input(placeholder="search by command, key or place", compact=True)
            table = KeysTable(self._keymap, self._glyphs)
            table.can_focus = False
            yield table
            yield Label("", classes="dialog-error", markup=False)
            yield KeyHint(_HINT)

    def on_mount(self) -> None:
        self.table.search("")

    def on_input_changed(self, event: Input.Changed) -> None:
        self.table.search(event.value)

    def on_input_submitted(self) -> None:
        self.table.action_select()

    def on_line_table_selected(self, event: LineTable.Selected) -> None:
        self._ask(event.key)

    @work(group="side", exclusive=True, description="wait for a key")
    async def _ask(self, name: str) -> None:
        command = commands()[name]
        key = await self.app.push_screen_wait(KeyDialog(command, self._keymap()))
        if key is not None:
            told = self._write(f"{SETTING}.{name}", key)
            self._tell(told or f"{command.about}: {shown([key])} from now on.")

    def action_usual(self) -> None:
        if (name := self.table.cursor_key) is None or name not in self._keymap():
            self._tell("It has its usual key.")
        else:
            self._tell(self._unset(f"{SETTING}.{name}") or f"{shown(commands()[name].keys)} again.")

    def _tell(self, text: str) -> None:
        self.told.update(clean(text))
        self.table.refresh_rows()

    def action_move(self, steps: int) -> None:
        self.table.action_move(steps)

    def action_page(self, direction: int) -> None:
        self.table.action_page(direction)

    def action_close(self) -> None:
        self.dismiss(None)


class KeyDialog(ModalScreen[str | None]):
    """Gives the key that is pressed; one that is taken is told, and pressed again it is taken over all the same."""

    def __init__(self, command: Command, keymap: Mapping[str, str]) -> None:
        super().__init__(classes="dialog")
        self._command = command
        self._keymap = keymap
        self._insisted = ""

    def compose(self) -> ComposeResult:
        with DialogBox():
            yield Label(self._command.about, classes="dialog-title", markup=False)
            given = self._keymap.get(self._command.id)
            now = clean(given) if given is not None else shown(self._command.keys)
            yield Label(f"It is {now}. Press the new key.", classes="dialog-text", markup=False)
            yield Label("", classes="dialog-error", markup=False)
            yield KeyHint("esc leave it")

    def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if event.key == "escape":
            self.dismiss(None)
        elif normal(event.key) is None:
            self._tell(f"{event.key} cannot be used.")
        elif why := unusable(event.key):
            self._tell(f"{why[0].upper()}{why[1:]} Press another one.")
        elif self._insisted != event.key and (other := clash_of(self._command.id, event.key, self._keymap)):
            self._insisted = event.key
            self._tell(f"{shown([event.key])} is already: {other.about}. Press it again to take it all the same.")
        else:
            self.dismiss(event.key)

    def _tell(self, text: str) -> None:
        self.query_one(".dialog-error", Label).update(text)
