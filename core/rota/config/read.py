"""Settings from the file and the environment; a file that was checked is not checked again until it changes.

A start with an unchanged file costs reading two small files: neither pydantic nor a TOML parser is imported.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rota import __version__
from rota.errors import ConfigError

if TYPE_CHECKING:
    from rota.paths import Paths
    from rota.settings import Settings

LARGEST = 1_000_000
"""Bytes; a settings file beyond this is something else."""

VARIABLES = {
    "ROTA_ANTHROPIC_API_URL": ("anthropic.api_url",),
    # Who moves the token endpoint means the sign-in page beside it too.
    "ROTA_ANTHROPIC_AUTH_URL": ("anthropic.auth_url", "anthropic.authorize_url"),
    "ROTA_PUTER_API_URL": ("puter.api_url",),
    "ROTA_PUTER_GUI_URL": ("puter.gui_url",),
    "ROTA_DEBUG": ("debug",),
}
"""Environment variables that win over the file, and the settings each gives."""

SWITCHES = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

RULES = ("../settings.py", "check.py", "described.py", "rules.py")
"""The modules that decide what a checked file may say."""


def load(paths: Paths, environ: Mapping[str, str]) -> Settings:
    """The settings: defaults, the file over them, the environment over both.

    Raises:
        ConfigError: The file or a variable says something it may not. The file is never touched.
    """
    from rota.settings import Settings  # late: `peek` can do without

    text = read_text(paths.config_file)
    settings = Settings() if text is None else _from_file(paths, text)
    over = overrides(environ)
    return build(over, settings) if over else settings


def peek(paths: Paths, environ: Mapping[str, str], key: str) -> Any:
    """One setting by its dotted name, as `load` would give it, without building all of them where that can be helped.

    Raises:
        ConfigError: As for `load`, or there is no such setting.
    """
    return peeker(paths, environ)(key)


def peeker(paths: Paths, environ: Mapping[str, str]) -> Callable[[str], Any]:
    """`peek` for many settings: the file is read once.

    Raises:
        ConfigError: As for `load`.
    """
    over = overrides(environ)
    text = read_text(paths.config_file) or ""
    known = _remembered(paths, text)
    if known is None:
        _from_file(paths, text)
        known = _remembered(paths, text) or {}

    def peeked(key: str) -> Any:
        if key in over:
            return over[key]
        if key in known:
            return _frozen(known[key])
        from rota.config.described import get  # late: the checked settings usually are remembered

        return get(_from_file(paths, text), key)

    return peeked


def overrides(environ: Mapping[str, str]) -> dict[str, Any]:
    """What the environment sets, by dotted name; an empty variable sets nothing.

    Raises:
        ConfigError: A variable says something that its setting may not.
    """
    given = {name: text.strip() for name in VARIABLES if (text := environ.get(name, "")).strip()}
    return {key: _from_variable(name, text) for name, text in given.items() for key in VARIABLES[name]}


def build(values: Mapping[str, Any], base: Settings) -> Settings:
    """`base` with the values given by dotted name; the entries of a table are laid over those it has."""
    from dataclasses import replace  # late, as above

    sections: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        section, _, name = key.rpartition(".")
        holder = getattr(base, section) if section else base
        if isinstance(value, dict):
            value = {**getattr(holder, name), **value}
        sections.setdefault(section, {})[name] = _frozen(value)
    top = sections.pop("", {})
    return replace(base, **top, **{name: replace(getattr(base, name), **held) for name, held in sections.items()})


def parse(text: str, path: Path) -> dict[str, Any]:
    """A TOML text as plain values.

    Raises:
        ConfigError: It is not TOML.
    """
    import tomllib  # late: an unchanged file is not parsed

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path} is not valid TOML: {error}.", path=path, hint="Correct that place; the file was left as it is."
        ) from error


def read_text(path: Path) -> str | None:
    """The file's text; None when there is no file.

    Raises:
        ConfigError: It cannot be read, is not UTF-8 or far too large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise ConfigError(
                f"{path} is larger than a settings file can be.", path=path, hint="Is it another program's file?"
            )
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text.", path=path, hint="Save it as UTF-8.") from error
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}.", path=path, hint="Check who owns it and its mode."
        ) from error


def thawed(value: Any) -> Any:
    """A value of a setting as the lists and dictionaries that files are made of."""
    if isinstance(value, tuple | list):
        return list(value)
    if isinstance(value, Mapping):
        return {key: thawed(entry) for key, entry in value.items()}
    return value


def _from_file(paths: Paths, text: str) -> Settings:
    from rota.settings import Settings

    known = _remembered(paths, text)
    if known is not None:
        with contextlib.suppress(AttributeError, TypeError):  # remembered by a rota with other settings
            return build(known, Settings())
    if not text:
        settings = Settings()
    else:
        from rota.config.check import check  # late: pydantic

        settings = build(check(parse(text, paths.config_file), paths.config_file), Settings())
    _remember(paths, text, settings)
    return settings


def _stamp() -> str:
    """Changes whenever the rules of this rota may have."""
    here = Path(__file__).parent
    stats = [(here / module).stat() for module in RULES]
    return "/".join([__version__, *(f"{stat.st_size}-{stat.st_mtime_ns}" for stat in stats)])


def _remembered(paths: Paths, text: str) -> dict[str, Any] | None:
    """What this very text was found to set under these very rules; None when it was not checked yet."""
    try:
        held = json.loads(paths.settings_cache.read_bytes())
        return held["values"] if held["text"] == text and held["stamp"] == _stamp() else None
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _remember(paths: Paths, text: str, settings: Settings) -> None:
    from rota.config.described import describe, get
    from rota.files import write_private

    values = {setting.key: thawed(get(settings, setting.key)) for setting in describe()}
    content = json.dumps({"text": text, "stamp": _stamp(), "values": values}, ensure_ascii=False)
    # Only speed is lost when the state folder is missing or full: the next start checks again.
    with contextlib.suppress(OSError):
        write_private(paths.settings_cache, content.encode())


def _from_variable(name: str, text: str) -> Any:
    if name == "ROTA_DEBUG":
        if text.casefold() not in SWITCHES:
            raise ConfigError(f"{name} is neither on nor off.", key="debug", hint="Set it to 1 or 0.")
        return SWITCHES[text.casefold()]
    from rota.config.rules import is_url  # late: seldom needed

    if not is_url(text):
        raise ConfigError(
            f"{name} is not an address rota may send secrets to.",
            key=VARIABLES[name][0],
            hint="It takes an https address, or an http address of this machine.",
        )
    return text.rstrip("/")


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(entry) for key, entry in value.items()})
    return value
