"""Every command of the app with its keys, and what is wrong with a key map that somebody wrote."""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
import unicodedata
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import KEY_ALIASES, Keys, key_to_character

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MODIFIERS = ("ctrl", "shift", "alt", "super", "hyper", "meta")
PLACES = ("screens", "dialogs", "widgets")
"""Packages whose classes have commands."""
SETTING = "ui.keys"

FIXED = {
    "ctrl+p": "the palette's key",
    "ctrl+q": "a key that leaves rota",
    "ctrl+c": "the key that copies what is marked",
    "tab": "the key to the next part of the screen",
    "shift+tab": "the key to the part before",
    "escape": "the key that goes back",
}
"""Keys whose meaning is the same in every place."""
QUITTING = ("quit", "ctrl+q")
"""The one that may be given to its own command."""

EVERYWHERE = "everywhere"
PARTS = {
    "cooling": "Accounts",
    "welcome": "Accounts",
    "lanes": "Activity",
    "table": "tables",
    "list": "lists",
    "names": "lists",
}
"""Where a widget's or a dialog's commands are at home, by the beginning of their ids."""
NAMES = {"slash": "/", "backslash": "\\", "at": "@", "minus": "-", "plus": "+", "underscore": "_"}
"""Characters that Textual calls by shorter names than Unicode does."""


class Command(NamedTuple):
    """One command that has a name of its own."""

    id: str
    keys: tuple[str, ...]
    """As Textual calls them: `question_mark`, `ctrl+n`."""
    action: str
    title: str
    about: str
    where: str
    owner: type[DOMNode]
    shares: bool
    """Whether one of its keys does something else at another moment, as Escape does: then it cannot be moved."""


@functools.cache
def commands() -> Mapping[str, Command]:
    """Every command by its id; brings in every screen, so only for who asks about keys."""
    found: dict[str, Command] = {}
    for owner in owners():
        keys: defaultdict[str, list[Binding]] = defaultdict(list)
        holders: defaultdict[str, list[str]] = defaultdict(list)
        for binding in Binding.make_bindings(owner.__dict__.get("BINDINGS", [])):
            if binding.id is not None:
                keys[binding.id].append(binding)
            holders[binding.key].append(binding.id or "")
        for name, bindings in keys.items():
            first = bindings[0]
            shares = any(len(set(holders[binding.key])) > 1 for binding in bindings)
            found.setdefault(
                name,
                Command(
                    name,
                    tuple(binding.key for binding in bindings),
                    first.action,
                    first.description,
                    first.tooltip or first.description,
                    _where(name, owner),
                    owner,
                    shares,
                ),
            )
    return found


@functools.cache
def owners() -> tuple[type[DOMNode], ...]:
    """Every class of the app that has keys of its own."""
    modules = ["rota_tui.app"]
    for place in PLACES:
        package = importlib.import_module(f"rota_tui.{place}")
        modules += [module.name for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")]
    found: dict[type[DOMNode], None] = {}
    for name in modules:
        for each in vars(importlib.import_module(name)).values():
            if isinstance(each, type) and issubclass(each, DOMNode) and each.__module__ == name:
                found[each] = None
    return tuple(each for each in found if "BINDINGS" in each.__dict__)


def problems(keymap: Mapping[str, str]) -> tuple[str, ...]:
    """What is wrong with a key map, each in a sentence that says what to do."""
    known = commands()
    found: list[str] = []
    good: dict[str, tuple[str, ...]] = {}
    for name, text in keymap.items():
        if (command := known.get(name)) is None:
            found.append(f"{SETTING}.{name}: there is no such command. {_nearest(name, known)}")
        elif command.shares:
            found.append(f"{SETTING}.{name}: its key has other meanings too, so it cannot be another.")
        elif wrong := [key for key in _split(text) if normal(key) is None] or ([] if _split(text) else [""]):
            found.append(f"{SETTING}.{name}: {wrong[0] or 'nothing'} is no key. {_nearest(wrong[0], _key_names())}")
        elif why := next(filter(None, (unusable(key) for key in _split(text) if (name, key) != QUITTING)), ""):
            found.append(f"{SETTING}.{name}: {why} Give it another key.")
        else:
            good[name] = tuple(key for each in _split(text) if (key := normal(each)) is not None)
    return (*found, *_clashes(known, good))


def unusable(key: str) -> str:
    """Why a key cannot be given to a command, in a sentence; empty when it can."""
    wanted = normal(key) or ""
    for sent, others in KEY_ALIASES.items():
        if wanted in others:
            return f"terminals send {wanted} as {sent}, so it never comes."
    return f"{wanted} is {FIXED[wanted]}." if wanted in FIXED else ""


def clash_of(name: str, key: str, keymap: Mapping[str, str]) -> Command | None:
    """Which command at the same place has that key already."""
    known = commands()
    mine = known[name]
    wanted = normal(key)
    for other in known.values():
        keys = tuple(filter(None, map(normal, _split(keymap[other.id])))) if other.id in keymap else other.keys
        if other.id != name and wanted in keys and _together(mine, other):
            return other
    return None


def normal(key: str) -> str | None:
    """A key as Textual calls it; None when there is no such key."""
    key = key.strip()
    if len(key) == 1:
        return _named(key)
    *modifiers, base = key.split("+") if not key.endswith("++") else [*key[:-2].split("+"), "+"]
    if not base or any(each not in MODIFIERS for each in modifiers):
        return None
    if len(base) == 1:
        base = _named(base)
    elif base not in NAMES and base not in _bare() and key_to_character(base) is None:
        return None
    return "+".join([*modifiers, base])


def shown(keys: Iterable[str]) -> str:
    """Keys as people write them."""
    return " ".join(_written(key) for key in keys)


def _written(key: str) -> str:
    *modifiers, base = key.split("+")
    character = NAMES.get(base) or key_to_character(base)
    if character is not None and character.isprintable() and not character.isspace():
        base = character
    return "+".join([*modifiers, base])


def _split(text: str) -> list[str]:
    if text.strip() == ",":
        return [","]
    return [key.strip() for key in text.split(",") if key.strip()]


def _clashes(known: Mapping[str, Command], moved: Mapping[str, tuple[str, ...]]) -> list[str]:
    found: list[str] = []
    told: set[frozenset[str]] = set()
    for name, keys in moved.items():
        for other in known.values():
            pair = frozenset((name, other.id))
            taken = set(keys) & set(moved.get(other.id, other.keys))
            if other.id != name and pair not in told and taken and _together(known[name], other):
                told.add(pair)
                found.append(
                    f"{SETTING}.{name}: {shown(sorted(taken))} is already {other.id} ({other.about}). "
                    f"Give one of them another key."
                )
    return found


def _together(one: Command, other: Command) -> bool:
    """Whether both can be meant by a key at the same moment."""
    from textual.app import App

    from rota_tui.widgets.line_table import LineTable

    a, b = one.owner, other.owner
    if issubclass(a, b) or issubclass(b, a):
        return True
    if any(issubclass(each, a) and issubclass(each, b) for each in owners()):
        return True
    # What holds everywhere meets every mode; dialogs shut it out.
    dialogs = f"rota_tui.{PLACES[1]}."
    if a.__module__.startswith(dialogs) or b.__module__.startswith(dialogs):
        return False
    # A mode's widgets are asked before the mode; a table is in every one but the chat.
    modes = f"rota_tui.{PLACES[0]}."
    if a.__module__.startswith(modes) is not b.__module__.startswith(modes):
        widget, mode = (b, a) if a.__module__.startswith(modes) else (a, b)
        if one.where == other.where or (widget is LineTable and "chat" not in mode.__module__):
            return True
    return issubclass(a, App) or issubclass(b, App)


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=2, cutoff=0.6)
    return f"Nearest: {', '.join(near)}." if near else "See Settings, ui.keys, for all of them."


@functools.cache
def _bare() -> frozenset[str]:
    return frozenset(key.value.rpartition("+")[2] for key in Keys if not key.value.startswith("<"))


@functools.cache
def _key_names() -> tuple[str, ...]:
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    return tuple(
        dict.fromkeys(
            [
                *(k.value for k in Keys if "<" not in k.value),
                *(f"{m}+{each}" for m in MODIFIERS[:3] for each in letters),
            ]
        )
    )


def _named(character: str) -> str:
    """What Textual calls the key of a character."""
    if character.isalnum():
        return character
    short = next((name for name, each in NAMES.items() if each == character), None)
    return short or unicodedata.name(character, character).lower().replace("-", "_").replace(" ", "_")


def _where(name: str, owner: type[DOMNode]) -> str:
    """The mode whose command it is; else what the class is called."""
    from textual.app import App
    from textual.screen import Screen

    if issubclass(owner, App) or name == "back":
        return EVERYWHERE
    if (part := PARTS.get(name.partition(".")[0])) is not None:
        return part
    modes = {
        each.__name__.removesuffix("Screen")
        for each in owners()
        if issubclass(each, owner) and issubclass(each, Screen) and each.__module__.startswith("rota_tui.screens.")
        if each.__name__.endswith("Screen")
    }
    if len(modes) == 1:
        return modes.pop()
    begins = name.partition(".")[0].title()
    return begins if any(each.__name__ == f"{begins}Screen" for each in owners()) else _spaced(owner.__name__)


def _spaced(name: str) -> str:
    """`CompareDialog` is `compare`; `OrderedTable` is `ordered table`."""
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in name).split()
    return " ".join(words[:-1] if words[-1] in ("dialog", "screen") else words)
