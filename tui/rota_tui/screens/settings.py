"""Mode 5: every setting with what it means and may be, changed in place; and where rota's files are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.binding import Binding, BindingType
from textual.reactive import var
from textual.widgets import Input, Static

from rota.config.follow import stamp_of
from rota.config.sources import Source, Sources, sources
from rota.errors import ConfigError
from rota.snapshot import Snapshot
from rota_tui.pieces import ASCII, Piece, Tone, clean, fit_line, width_of, wrap
from rota_tui.screens.settings_editing import Place, SettingsEditing, when_taken_up
from rota_tui.setting_rows import allowed, narrowed, rows, typed, value_line
from rota_tui.widgets.key_bar import KeyBar
from rota_tui.widgets.settings_table import SettingsTable
from rota_tui.widgets.tones import stacked, to_content
from rota_tui.widgets.too_small import TooSmall
from rota_tui.wording import joined

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widget import Widget

    from rota.config.follow import Stamp
    from rota.engine import Engine
    from rota.settings import Settings
    from rota_tui.pieces import Line, Locale
    from rota_tui.setting_rows import Row

_SAID = {
    Source.DEFAULT: "at its default",
    Source.FILE: "set in the file",
    Source.ENVIRONMENT: "set by the environment",
}


class SettingsScreen(SettingsEditing):
    """A search line, the table, and all about the row under the cursor."""

    CSS_PATH = "settings.tcss"
    AUTO_FOCUS = "SettingsTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "edit", "Change", id="settings.toggle", show=False, tooltip="Change this setting"),
        Binding("d", "reset", "Default", id="settings.reset", tooltip="Back to the default"),
        Binding("backspace", "reset", "Default", show=False, tooltip="Back to the default"),
        Binding("slash", "search", "Search", id="settings.search", key_display="/", tooltip="Narrow by typing"),
        Binding("t", "theme", "Theme", id="settings.theme", tooltip="Choose the colours, seeing them"),
        Binding("m", "keys", "Keys", id="settings.keys", tooltip="Choose other keys for commands"),
        Binding("y", "copy", "Copy", id="settings.copy", tooltip="Copy the path, or the setting as it is written"),
        Binding("o", "changed_only", "Changed", id="settings.changed", tooltip="Show only what is not the default"),
        Binding("escape", "back", "Back", id="back", tooltip="Show all settings"),
    ]

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    now: var[float] = var(0.0, init=False)

    table = getters.query_one(SettingsTable)
    line = getters.query_one("#search", Input)
    told = getters.query_one("#told", Static)
    about = getters.query_one("#about", Static)

    def __init__(self, engine: Engine, locale: Locale, bar: Widget, place: Place | None = None) -> None:
        super().__init__()
        self.engine = engine
        self.place = place or Place()
        self._locale = locale
        self._bar = bar
        self._problem = ""
        self._only_changed = False
        self._sources = Sources(frozenset(), {})
        self._rows: tuple[Row, ...] = ()
        self._settings: Settings | None = None
        """As they were shown last."""
        self._seen: Stamp = None
        """The state of the file then."""
        self.set_class(locale.glyphs is ASCII, "-ascii")

    def compose(self) -> ComposeResult:
        yield TooSmall()
        yield self._bar
        words = "search by name or meaning"
        yield Input(self.place.words, placeholder=words, id="search", compact=True)
        yield Static(id="told")
        yield SettingsTable(self._locale, id="settings")
        yield Static(id="about")
        yield KeyBar()

    def on_mount(self) -> None:
        self.changed()
        if self.place.cursor in self.table.rows:
            self.table.cursor_key = self.place.cursor

    def on_screen_resume(self) -> None:
        self.changed()

    def watch_now(self) -> None:
        """Another program may have changed the file, or broken or mended it."""
        if self._settings is None or not self.is_current:
            return
        if self.engine.settings is not self._settings or stamp_of(self.engine.paths.config_file) != self._seen:
            self.changed()

    # --- what is shown ------------------------------------------------------------------------------------

    def changed(self) -> None:
        self._seen = stamp_of(self.engine.paths.config_file)
        try:
            self._sources = sources(self.engine.paths, os.environ)
            self._problem = ""
        except ConfigError as error:
            self._problem = error.in_full
        self._settings = self.engine.settings
        self._rows = rows(self._settings, self._sources, self.engine.paths)
        self._show()

    def _show(self) -> None:
        shown = narrowed(self._rows, self.line.value)
        if self._only_changed:
            shown = tuple(row for row in shown if row.changed or row.source is not Source.DEFAULT)
        self.table.take(shown)
        self._say(shown)
        self._tell_about()
        self.refresh_bindings()

    def _say(self, shown: tuple[Row, ...]) -> None:
        settings = [row for row in self._rows if row.setting is not None]
        narrow = len(shown) < len(self._rows)
        here = sum(row.setting is not None for row in shown)
        parts = [Piece(f"{here} of {len(settings)} settings" if narrow else f"{len(settings)} settings", Tone.NAME)]
        if different := sum(row.changed for row in settings):
            parts.append(Piece(f"{different} not the default", Tone.ACTIVE))
        if given := sum(row.source is Source.ENVIRONMENT for row in settings):
            parts.append(Piece(f"{given} set by the environment", Tone.LOW))
        width = max(20, self.size.width - 2)
        if self._problem:
            self.told.update(stacked(wrap((Piece(clean(self._problem), Tone.SPENT),), width, 0)))
            return
        if not shown:
            nothing = "nothing was changed" if self._only_changed and not self.line.value else "nothing fits"
            parts.append(Piece(f"{nothing}; escape shows all", Tone.QUIET))
        else:
            parts.append(Piece("changes hold at once, unless said below", Tone.QUIET))
        line = fit_line(joined(parts, self._locale), width, self._locale.glyphs)
        self.told.update(to_content(line))

    def _tell_about(self) -> None:
        row = self.table.current
        width = max(20, self.size.width - 4)
        lines: list[Line] = []
        for line in self._about(row) if row is not None else ():
            lines.extend(wrap(line, width, 0))
        room = self.about.content_size.height or len(lines)
        if len(lines) > room:
            cut, more = self._locale.glyphs.ellipsis, lines[room - 1]
            lines[room - 1 :] = [(*fit_line(more, width - 2, self._locale.glyphs), Piece(f" {cut}", Tone.QUIET))]
        self.about.update(stacked(lines))

    def _about(self, row: Row) -> tuple[Line, ...]:
        if row.setting is None:
            return ((Piece(row.told),), (Piece(clean(str(row.value)), Tone.NAME),))
        meaning = (Piece(row.key, Tone.NAME), Piece(f"  {row.setting.help}"))
        default = typed(row.default) if row.default not in (None, "", (), {}) else "not set"
        if len(default) > 60:
            default = f"{len(row.default)} entries"
        may = [Piece(f"Allowed: {allowed(row)}", Tone.QUIET), Piece(f"default: {clean(default)}", Tone.QUIET)]
        decided = [Piece(_SAID[row.source], Tone.LOW if row.source is Source.ENVIRONMENT else Tone.QUIET)]
        if (variable := self._sources.variables.get(row.setting.key)) is not None:
            decided = [Piece(f"{variable} in the environment sets it, and wins over the file", Tone.LOW)]
        elif row.source is Source.DEFAULT and row.changed:
            decided = [Piece("given to this rota when it was started", Tone.QUIET)]
        if row.key == "vault":
            decided.append(Piece("changing it moves every secret", Tone.LOW))
        elif row.setting.restart:
            decided.append(Piece(f"a change holds {when_taken_up(row.key)}", Tone.LOW))
        if row.key in self.place.drafts:
            decided.append(Piece("what you typed is kept", Tone.ACTIVE))
        told, now = joined(decided, self._locale), value_line(row, self._locale)
        if width_of(now) > self.table.room_for_value:
            told = (*told, Piece(f" {self._locale.glyphs.sep} now ", Tone.QUIET), *now)
        return (meaning, joined(may, self._locale), told)

    def on_resize(self) -> None:
        self._say(tuple(self.table.rows.values()))
        self._tell_about()

    # --- keys ---------------------------------------------------------------------------------------------

    @property
    def current(self) -> Row | None:
        return self.table.current

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        row, typing = self.table.current, self.line.has_focus
        match action:
            case "back":
                return typing or bool(self.line.value) or self._only_changed
            case "edit":
                return row is not None and row.setting is not None and not typing
            case "reset":
                return row is not None and row.source is Source.FILE and not typing
            case "copy":
                return row is not None and not typing
            case "search":
                return not typing
        return super().check_action(action, parameters)

    def on_input_changed(self, event: Input.Changed) -> None:
        self.place.words = event.value
        self._show()

    def on_input_submitted(self) -> None:
        self.table.focus()

    def on_descendant_focus(self) -> None:
        self.refresh_bindings()

    def on_line_table_highlighted(self, event: SettingsTable.Highlighted) -> None:
        self.place.cursor = event.key
        self._tell_about()
        self.refresh_bindings()

    def on_line_table_selected(self) -> None:
        self.action_edit()

    def action_edit(self) -> None:
        if (row := self.table.current) is not None:
            if row.setting is None:
                self.action_copy()
            else:
                self.edit(row)

    def action_reset(self) -> None:
        if (row := self.table.current) is not None:
            self.reset(row)

    def action_search(self) -> None:
        self.line.focus()

    def action_back(self) -> None:
        self._only_changed = False
        self.line.value = ""
        self.table.focus()
        self._show()

    def action_changed_only(self) -> None:
        self._only_changed = not self._only_changed
        self._show()

    def action_theme(self) -> None:
        self._edit("ui.theme")

    def action_keys(self) -> None:
        self._edit("ui.keys")

    def _edit(self, key: str) -> None:
        """Change a certain setting, whatever is shown."""
        if (row := next((row for row in self._rows if row.key == key), None)) is not None:
            self.edit(row)

    def action_copy(self) -> None:
        if (row := self.table.current) is None:
            return
        text = str(row.value) if row.setting is None else f"{row.key} = {typed(row.value)}"
        self.app.copy_to_clipboard(text)
        self.notify(f"Copied {text if len(text) <= 60 else row.key}.", markup=False)
