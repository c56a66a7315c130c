"""OpenCode's configuration in the plugins' old form, rewritten to today's with every comment and unknown key kept.

Old: models under `provider.google.models.puter-*`, names like `google/puter-…`, and plug-ins under `plugins`.
Today: models under `provider.puter.models`, names like `puter/…`, and plug-ins under `plugin`.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from rota.migrate import jsonc
from rota.migrate.foreign import Contents, found_at, read_text
from rota.migrate.places import distinct
from rota.migrate.records import FileEdit, Found, Problem, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rota.migrate.jsonc import KeyPath
    from rota.migrate.places import Places

NAME = "opencode-config"
TITLE = "OpenCode's configuration"
PLUGIN = "opencode-puter-auth"
PREFIX = "puter-"

_FILES = ("opencode.json", "opencode.jsonc", "config.json")
_OLD_PIN = re.compile(rf"{PLUGIN}@[~^]?v?1\.0\.([0-9]|[12][0-9]|3[01])$")
"""Versions before 1.0.32 know only the old form."""


class Unsafe(Exception):
    """An edit that rota does not make by itself; its text says why."""


def find(places: Places) -> tuple[Found, ...]:
    paths = [places.opencode_config / name for name in _FILES]
    if folder := places.folder("OPENCODE_CONFIG_DIR"):
        paths += [folder / name for name in _FILES[:2]]
    if named := places.folder("OPENCODE_CONFIG"):
        paths.append(named)
    if places.project is not None:
        paths += [base / name for base in (places.project, places.project / ".opencode") for name in _FILES[:2]]
    found = [found_at(NAME, path, "OpenCode's configuration") for path in distinct(*paths)]
    return tuple(each for each in found if each is not None)


def read(found: tuple[Found, ...], places: Places) -> Reading:
    edits: list[FileEdit] = []
    problems: list[Problem] = []
    concerned: list[Found] = []
    for each in found:
        contents = read_text(each.path) if each.path is not None else None
        if isinstance(contents, Problem):
            problems.append(contents)
        elif contents is not None:
            try:
                edit = plan_edit(contents)
            except jsonc.JsoncError as error:
                why = f"it cannot be read: {error}"
                problems.append(Problem(each.where, f"line {error.line}" if error.line else "", why, "Correct it."))
                continue
            if edit is not None:
                edits.append(edit)
                concerned.append(each)
    return Reading(NAME, tuple(concerned), problems=tuple(problems), edits=tuple(edits))


def plan_edit(contents: Contents) -> FileEdit | None:
    """What would change in one file; None when it is in today's form already.

    Raises:
        JsoncError: it is not JSON with comments.
    """
    after, refused = contents.text, None
    notes: list[str] = []
    for rewrite in (_plugins, _pins, _models, _names, _enabled):
        told: list[str] = []
        try:
            after = rewrite(after, told)
        except Unsafe as error:
            refused = str(error)
        else:
            notes += told
    if after == contents.text and refused is None:
        return None
    if refused is None and not (contents.mode & 0o200 and os.access(contents.target.parent, os.W_OK)):
        refused = "the file is write-protected"
    return FileEdit(contents.path, contents.text, after, tuple(notes), refused)


def _plugins(text: str, notes: list[str]) -> str:
    """`plugins` is a key that OpenCode does not know; `plugin` is the one it reads."""
    root = jsonc.parse(text)
    wrong, right = jsonc.find(root, ("plugins",)), jsonc.find(root, ("plugin",))
    if wrong is None:
        return text
    entries = jsonc.plain(wrong)
    if not isinstance(entries, list) or (right is not None and not isinstance(jsonc.plain(right), list)):
        raise Unsafe("`plugins` or `plugin` is not a list")
    if right is None:
        held = jsonc.raw(text, ("plugins",))
        notes.append("`plugins` becomes `plugin`, the key that OpenCode reads")
        return jsonc.put(jsonc.remove(text, ("plugins",)), ("plugin",), held)
    if jsonc.has_comments(text, wrong):
        raise Unsafe("`plugins` and `plugin` are both there, and comments would be lost in merging them")
    have = jsonc.plain(right)
    for entry in entries:
        if entry not in have:
            text = jsonc.put(text, ("plugin", len(have)), entry)
            have.append(entry)
    notes.append("the entries of `plugins` go to `plugin`, the key that OpenCode reads")
    return jsonc.remove(text, ("plugins",))


def _pins(text: str, notes: list[str]) -> str:
    """A pin on a version that knows only the old form would leave the new form without effect."""
    listed = jsonc.find(jsonc.parse(text), ("plugin",))
    for index, entry in enumerate(_list(listed)):
        if isinstance(entry, str) and _OLD_PIN.match(entry):
            text = jsonc.put(text, ("plugin", index), PLUGIN)
            notes.append(f"{entry} becomes {PLUGIN}: that version knows only the old form")
    return text


def _models(text: str, notes: list[str]) -> str:
    """`provider.google.models.puter-x` becomes `provider.puter.models.x`, its text moved as it stands."""
    old: KeyPath = ("provider", "google", "models")
    models = jsonc.find(jsonc.parse(text), old)
    if models is None or not models.is_object:
        return text
    names = [str(m.key) for m in models.members or () if str(m.key).startswith(PREFIX)]
    if not names:
        return text
    for name in names:
        new: KeyPath = ("provider", "puter", "models", name.removeprefix(PREFIX))
        root = jsonc.parse(text)
        held, there = jsonc.find(root, (*old, name)), jsonc.find(root, new)
        if there is not None and (held is None or jsonc.plain(there) != jsonc.plain(held)):
            raise Unsafe(f"{'.'.join(map(str, new))} is there already and says something else")
        if there is None:
            text = _with_provider(text)
            text = jsonc.put(text, new, jsonc.raw(text, (*old, name)))
        text = jsonc.remove(text, (*old, name))
        notes.append(f"model google/{name} becomes puter/{name.removeprefix(PREFIX)}")
    return _pruned(text, old)


def _with_provider(text: str) -> str:
    """`provider.puter` with what it needs, so that a model can be moved into it."""
    fields: tuple[tuple[str, Any], ...] = (("npm", PLUGIN), ("name", "Puter"), ("models", {}))
    for key, value in fields:
        if jsonc.missing(text, ("provider", "puter", key)) is not None:
            text = jsonc.put(text, ("provider", "puter", key), value)
    return text


def _pruned(text: str, path: KeyPath) -> str:
    """Take out what the moves left empty, unless somebody wrote a comment in it."""
    while len(path) > 1:
        node = jsonc.find(jsonc.parse(text), path)
        if node is None or node.members != () or jsonc.has_comments(text, node):
            break
        text, path = jsonc.remove(text, path), path[:-1]
    return text


def _names(text: str, notes: list[str]) -> str:
    """Wherever a model is chosen, `google/puter-x` becomes `puter/x`."""
    document = jsonc.load(text)
    for path in _choices(document):
        value: Any = document
        for key in path:
            value = value[key]
        if isinstance(value, str) and value.startswith(f"google/{PREFIX}"):
            name = "puter/" + value.removeprefix(f"google/{PREFIX}")
            text = jsonc.put(text, path, name)
            notes.append(f"{'.'.join(map(str, path))} becomes {name}")
    return text


def _choices(document: Any) -> Iterator[KeyPath]:
    """Where OpenCode's configuration names a model."""
    if not isinstance(document, dict):
        return
    for key in ("model", "small_model"):
        if key in document:
            yield (key,)
    for group in ("agent", "mode", "command"):
        held = document.get(group)
        for name, entry in held.items() if isinstance(held, dict) else ():
            if isinstance(entry, dict) and "model" in entry:
                yield (group, name, "model")


def _enabled(text: str, notes: list[str]) -> str:
    """A list of enabled providers that had `google` for Puter's sake must have `puter` now."""
    root = jsonc.parse(text)
    enabled = _list(jsonc.find(root, ("enabled_providers",)))
    if "google" not in enabled or "puter" in enabled or jsonc.find(root, ("provider", "puter")) is None:
        return text
    notes.append("puter joins enabled_providers")
    return jsonc.put(text, ("enabled_providers", len(enabled)), "puter")


def _list(node: Any) -> list[Any]:
    value = jsonc.plain(node) if node is not None else None
    return value if isinstance(value, list) else []
