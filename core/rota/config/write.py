"""Changes to the settings file: checked before they are written, in one step, with comments and order kept."""

from __future__ import annotations

import contextlib
import json
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import tomlkit
from filelock import FileLock, Timeout

from rota.config import read
from rota.config.check import check
from rota.config.described import Form, locate
from rota.errors import ConfigError
from rota.files import write_private

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rota.config.described import Described
    from rota.paths import Paths


SHORT_LIST = 3
"""Entries that still go on one line."""

PATIENCE_S = 10.0
"""How long another rota may take for its own change."""


def set_value(paths: Paths, key: str, text: str) -> Any:
    """Write one setting, given as text; return the value it got.

    Args:
        paths: Where the file is.
        key: The dotted name; for a table also one of its entries (`ui.keys.add-account`).
        text: The value as it is typed: `true`, `300`, `auto`, `["a", "b"]` or `a, b`, `{"5h": 0.9}`.

    Raises:
        ConfigError: The name or the value is not allowed, or the file is already wrong. Nothing is written.
    """
    setting, entry = locate(key)
    form = setting.form if entry is None else setting.entries
    return put(paths, key, _typed(setting, form or Form.TEXT, text, key))


def put(paths: Paths, key: str, value: Any) -> Any:
    """Write one setting, given as a value; return it as it was written.

    Raises:
        ConfigError: As for `set_value`.
    """
    setting, entry = locate(key)
    route = [*filter(None, [setting.section, setting.name]), *([] if entry is None else [entry])]
    plain = read.thawed(value)

    with _held(paths):
        before = read.read_text(paths.config_file) or ""
        wanted = read.parse(before, paths.config_file)
        check(wanted, paths.config_file)
        _lay(wanted, route, plain)
        check(wanted, None)
        edits = (_edited(before, route, plain, inline=inline) for inline in (False, True))
        _replace(paths, before, _faithful(edits, wanted, paths.config_file))
    return value


def unset(paths: Paths, key: str) -> bool:
    """Take a setting out of the file, so that its default holds again; return whether it was there.

    A name that is no setting may be taken out too: that is how a wrong one is got rid of.

    Raises:
        ConfigError: The file is not TOML or cannot be written.
    """
    with _held(paths):
        before = read.read_text(paths.config_file) or ""
        wanted = read.parse(before, paths.config_file)
        if not _remove(wanted, key):
            return False
        document = tomlkit.parse(before)
        _remove(document, key)
        _replace(paths, before, _faithful([document.as_string()], wanted, paths.config_file))
    return True


def _faithful(edited: Iterable[str], wanted: dict[str, Any], path: Path) -> str:
    """The first edited text that says exactly what is wanted.

    tomlkit 0.15 misplaces tables beside dotted keys (`pool.retries = 1` at the top of a file), so its work is
    parsed again and compared before it may replace what a person wrote.
    """
    for text in edited:
        with contextlib.suppress(ConfigError):
            if read.parse(text, path) == wanted:
                return text
    raise ConfigError(
        f"{path} is written in a way that cannot be changed safely.", path=path, hint="Change it there by hand."
    )


def _replace(paths: Paths, before: str, after: str) -> None:
    if after == before:
        return
    try:
        # A settings file that is a link into somebody's dotfiles stays one: its target is replaced.
        write_private(paths.config_file.resolve(), after.encode())
    except OSError as error:
        raise _unwritable(paths.config_file, error.strerror or str(error)) from error


@contextlib.contextmanager
def _held(paths: Paths) -> Iterator[None]:
    """One change at a time, across processes."""
    paths.ensure()
    lock = FileLock(paths.locks / "config.lock", timeout=PATIENCE_S, mode=0o600)
    try:
        lock.acquire()
    except Timeout as error:
        raise _unwritable(paths.config_file, "another rota is changing it") from error
    except OSError as error:
        raise _unwritable(paths.config_file, f"{lock.lock_file} gives no lock, {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


def _unwritable(path: Path, why: str) -> ConfigError:
    return ConfigError(f"{path} cannot be written: {why}.", path=path, hint="Nothing was changed.")


def _lay(place: dict[str, Any], route: list[str], value: Any) -> None:
    """Set the value at the end of the route in plain tables, making those on the way."""
    for name in route[:-1]:
        place = place.setdefault(name, {})
    place[route[-1]] = value


def _edited(before: str, route: list[str], value: Any, *, inline: bool) -> str:
    """The text with the value set; empty when tomlkit cannot put that form of table there."""
    document = tomlkit.parse(before)
    place: Any = document
    try:
        for name in route[:-1]:
            if name not in place:
                place[name] = tomlkit.inline_table() if inline else tomlkit.table()
            place = place[name]
        place[route[-1]] = _item(value, inline=inline)
    except ValueError:
        return ""
    return document.as_string()


def _item(value: Any, *, inline: bool) -> Any:
    if isinstance(value, list):
        array = tomlkit.array()
        array.extend(value)
        return array.multiline(len(value) > SHORT_LIST and not inline)
    if isinstance(value, dict):
        table: Any = tomlkit.inline_table() if inline else tomlkit.table()
        for key, entry in value.items():
            table[key] = _item(entry, inline=inline)
        return table
    return value


def _remove(place: Any, key: str) -> bool:
    """Delete `key`, whose parts may themselves hold dots, from nested tables."""
    if key in place:
        del place[key]
        return True
    return any(
        key.startswith(f"{name}.") and isinstance(place[name], Mapping) and _remove(place[name], key[len(name) + 1 :])
        for name in list(place)
    )


def _typed(setting: Described, form: Form, text: str, key: str) -> Any:
    """The text as a value of the setting's form."""
    text = text.strip() if form is not Form.TEXT else text
    try:
        match form:
            case Form.TEXT:
                return text
            case Form.SWITCH:
                return read.SWITCHES[text.casefold()]
            case Form.WHOLE:
                return int(text.replace("_", ""))
            case Form.NUMBER:
                number = float(text.replace("_", ""))
                return int(number) if number.is_integer() else number
            case Form.LIST:
                return _listed(setting, text, key)
            case Form.TABLE:
                return _table_of(text)
    except (ValueError, LookupError, OverflowError):
        raise ConfigError(
            f"{key} cannot be what was given.", key=key, hint=f"Allowed: {setting.allowed}. {setting.help}"
        ) from None


def _listed(setting: Described, text: str, key: str) -> list[Any]:
    """A list as JSON, or as its entries with commas between."""
    if text.startswith("["):
        listed: list[Any] = json.loads(text)
        return listed
    entries = Form.TEXT if setting.form is Form.TABLE else setting.entries or Form.TEXT
    return [_typed(setting, entries, part.strip(), key) for part in text.split(",") if part.strip()]


def _table_of(text: str) -> dict[str, Any]:
    """A table as JSON or as TOML's inline form."""
    if not text.startswith("{"):
        raise ValueError
    try:
        held: dict[str, Any] = json.loads(text)
    except ValueError:
        held = tomllib.loads(f"it = {text}")["it"]
    return held
