"""The settings as rows for people: sections, each setting with its value in words, and where rota's files are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from rota import config
from rota.config.described import Form
from rota.config.sources import Source
from rota_tui.formatting import MINUTE, counted, percent, span
from rota_tui.pieces import Piece, Tone, clean
from rota_tui.wording import joined

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.config import Described, Settings
    from rota.config.sources import Sources
    from rota.paths import Paths
    from rota_tui.pieces import Line, Locale

HEAD = "#"
"""Begins the key of a section's line."""
FILE = "path:"
"""Begins the key of a line that says where something is."""

GENERAL = "general"


class Row(NamedTuple):
    """One line that can be chosen: a setting, one entry of a table, or a place on disk."""

    key: str
    """Its dotted name; of a place, `path:` and its name."""
    section: str
    setting: Described | None = None
    value: Any = None
    default: Any = None
    source: Source = Source.DEFAULT
    told: str = ""
    """Of a place: what it is for."""

    @property
    def name(self) -> str:
        """What it is called under its section's line."""
        if self.setting is None:
            return self.key.removeprefix(FILE)
        return self.key.removeprefix(f"{self.setting.section}.") if self.setting.section else self.key

    @property
    def entry(self) -> str | None:
        """The entry of its table that it is."""
        return config.locate(self.key)[1] if self.setting is not None else None

    @property
    def form(self) -> Form | None:
        """What sort of value it takes."""
        if self.setting is None:
            return None
        return self.setting.form if self.entry is None else self.setting.entries

    @property
    def changed(self) -> bool:
        return self.setting is not None and bool(self.value != self.default)

    @property
    def searched(self) -> str:
        """Everything that it may be found by."""
        about = self.setting.help if self.setting is not None else self.told
        return f"{self.key} {self.section} {about} {typed(self.value)} {self.source}".casefold()


def rows(settings: Settings, sources: Sources, paths: Paths) -> tuple[Row, ...]:
    """Every row, in the order of the file; a table with entries of known names is a row for each."""
    found: list[Row] = []
    for setting in config.describe():
        value = config.get(settings, setting.key)
        section = setting.section or GENERAL
        if setting.form is Form.TABLE and setting.rule.keys:
            names = dict.fromkeys((*setting.rule.keys, *value))
            empty: Any = () if setting.entries is Form.LIST else None
            found += [
                Row(
                    key := f"{setting.key}.{name}",
                    section,
                    setting,
                    value.get(name, empty),
                    setting.default.get(name, empty),
                    sources.of(key),
                )
                for name in names
            ]
        else:
            found.append(Row(setting.key, section, setting, value, setting.default, sources.of(setting.key)))
    return (*found, *places(paths, settings))


def places(paths: Paths, settings: Settings) -> tuple[Row, ...]:
    """Where rota keeps things."""
    told = (
        ("settings", paths.config_file, "The settings, with your comments; rota writes only what you change."),
        ("event log", paths.log_file, "Everything that happened, without secrets and without what you ask."),
        ("secrets", paths.vault_file, "Every secret, when the vault is a file; with a keyring it is not there."),
        ("backups", paths.backups, "Other tools' files from before rota wrote to them, for undoing."),
        ("models", paths.catalogue_file, "The models that the providers listed last; may be deleted."),
        ("debug log", paths.debug_log, "Written while `debug` is on; free of secrets and of what you ask."),
    )
    folder = settings.log.folder
    return tuple(
        Row(f"{FILE}{name}", "files", value=folder if name == "debug log" and folder else str(path), told=what)
        for name, path, what in told
    )


def narrowed(all_rows: Iterable[Row], words: str) -> tuple[Row, ...]:
    """The rows that have every word."""
    wanted = words.casefold().split()
    return tuple(row for row in all_rows if all(word in row.searched for word in wanted))


def with_heads(shown: Iterable[Row]) -> tuple[str, ...]:
    """The rows' keys with a line before each section."""
    keys: list[str] = []
    before = None
    for row in shown:
        if row.section != before:
            keys.append(f"{HEAD}{row.section}")
            before = row.section
        keys.append(row.key)
    return tuple(keys)


def section_about(section: str) -> str:
    """What a section is for."""
    if section == GENERAL:
        return "What concerns all of rota."
    return "Where things are; y copies a path." if section == "files" else config.section_help(section)


# --- values in words --------------------------------------------------------------------------------------


def value_line(row: Row, locale: Locale) -> Line:
    """A value as people read it; never by colour alone whether it is the default."""
    tone = Tone.ACTIVE if row.changed else Tone.PLAIN
    glyphs = locale.glyphs
    match row.value:
        case bool():
            mark = glyphs.dot if row.value else glyphs.ring
            return (
                Piece(f"{mark} {'on' if row.value else 'off'}", tone if row.changed or row.value else Tone.QUIET),
            )
        case int() | float():
            unit = " s" if row.key.endswith(("_s", "_seconds")) else ""
            parts = [Piece(f"{config.render(row.value)}{unit}", tone)]
            if more := in_words(row.key, row.value):
                parts.append(Piece(more, Tone.QUIET))
            return joined(parts, locale)
        case None | "":
            return (Piece("not set", Tone.QUIET),)
        case Mapping():
            return (
                Piece(counted(len(row.value), "name") if row.value else "none", tone if row.value else Tone.QUIET),
            )
        case tuple() if row.value and all(isinstance(each, float | int) for each in row.value):
            return (Piece(", ".join(percent(each) for each in row.value), tone),)
        case tuple():
            if not row.value:
                return (Piece("none", Tone.QUIET),)
            return joined(
                [Piece(counted(len(row.value), "model"), tone), Piece(clean(str(row.value[0])), Tone.QUIET)], locale
            )
    return (Piece(clean(str(row.value)), tone),)


def in_words(key: str, value: float) -> str:
    """A number as a time, a size or a share, where it is one that nobody reads at a glance."""
    name = key.rpartition(".")[2]
    if key.startswith("pool.thresholds."):
        return percent(value)
    if name.endswith(("_s", "_seconds")) and value >= 2 * MINUTE:
        return span(value)
    if name.endswith("_bytes"):
        return f"{value / (1024 * 1024):g} MiB"
    return ""


def typed(value: Any) -> str:
    """A value as one types it: entries of a list with commas between."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(config.render(each) for each in value)
    return config.render(value)


def allowed(row: Row) -> str:
    """The values it may have, in words; of one entry where the row is one."""
    setting = row.setting
    if setting is None:
        return ""
    words = setting.allowed
    return words.removeprefix("a table, each entry ") if row.entry is not None else words
