"""rota as a provider in OpenCode's configuration: put in, kept up to date, and taken out byte for byte.

The key stands in the configuration by reference, `{file:…}`: it lies in a 0600 file of rota's own, so that OpenCode
finds it without a variable to export, and no other tool's file holds a secret of ours. It is a key of its own, called
`opencode`, so that the log tells its use apart and revoking it troubles nobody else.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rota.errors import StoreError, UsageError
from rota.files import write_private
from rota.gateway.probe import url_of
from rota.migrate import jsonc
from rota.migrate.foreign import read_text, replace_text
from rota.migrate.records import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rota.migrate.places import Places
    from rota.paths import Paths
    from rota.providers.base import Model
    from rota.settings import GatewaySettings

PROVIDER = "rota"
KEY_NAME = "opencode"
"""Of the gateway key that OpenCode shows."""
NPM = "@ai-sdk/openai-compatible"
SCHEMA = "https://opencode.ai/config.json"
USUAL_OUTPUT = 8192
"""Tokens of an answer, where a model's own limit is not known; OpenCode wants a number beside the context."""

_NAMES = ("opencode.jsonc", "opencode.json", "config.json")
"""OpenCode's own files, the one that it reads last first."""
_PATH = ("provider", PROVIDER)


@dataclass(frozen=True, slots=True)
class Change:
    """One file before and after; `None` is no file."""

    path: Path
    before: str | None
    after: str | None

    @property
    def nothing(self) -> bool:
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class _Receipt:
    """What an installation did, for taking it back."""

    path: str
    backup: str | None
    """The file as it was; None when there was none."""
    digest: str
    """SHA-256 of the file as it was left."""
    missing: list[str]
    """The part of the path to the block that was not there before."""


def provider_block(models: Iterable[Model], base_url: str, key_file: Path) -> dict[str, Any]:
    """What stands under `provider.rota`."""
    return {
        "npm": NPM,
        "name": "rota",
        "options": {"baseURL": base_url, "apiKey": f"{{file:{key_file.as_posix()}}}"},
        "models": {f"{m.provider}/{m.id}": _model(m) for m in models},
    }


def _model(model: Model) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": f"{model.name} ({model.provider})"}
    if model.vision is not None:
        entry["attachment"] = model.vision
        entry["modalities"] = {"input": ["text", "image"] if model.vision else ["text"], "output": ["text"]}
    if model.tools is not None:
        entry["tool_call"] = model.tools
    if model.reasoning is not None:
        entry["reasoning"] = model.reasoning
    if model.context:
        output = model.max_output or min(model.context, USUAL_OUTPUT)
        entry["limit"] = {"context": model.context, "output": output}
    if model.input_usd is not None and model.output_usd is not None:
        entry["cost"] = {"input": round(model.input_usd, 6), "output": round(model.output_usd, 6)}
    return entry


def selected(models: Iterable[Model], globs: tuple[str, ...]) -> list[Model]:
    """The models whose name with provider fits any of the globs; all of them without one."""
    return [m for m in models if not globs or any(fnmatchcase(f"{m.provider}/{m.id}", glob) for glob in globs)]


def base_url(gateway: GatewaySettings) -> str:
    """Where OpenCode finds the gateway, every time.

    Raises:
        UsageError: the gateway takes another port each time.
    """
    if gateway.port == 0:
        raise UsageError(
            "gateway.port is 0: the gateway's address is another one each time.",
            hint="Give it one, as with `rota config set gateway.port 7682`.",
        )
    return f"{url_of(gateway.host, gateway.port)}/v1"


class OpenCodeConfig:
    """OpenCode's own configuration file, and what rota did to it."""

    def __init__(self, paths: Paths, places: Places) -> None:
        self._folder = places.opencode_config
        self._backups = paths.backups
        self._receipt_file = paths.data / "opencode-installed.json"
        self.key_file = paths.data / "opencode.key"
        """Where the key is kept for OpenCode; 0600, in a folder that is private."""

    @property
    def installed(self) -> bool:
        """Whether the provider is in the configuration, as far as rota knows."""
        return self._receipt() is not None

    def keep_key(self, key: str) -> None:
        """Write the key where the configuration refers to."""
        write_private(self.key_file, key.encode())

    def plan_install(self, block: dict[str, Any]) -> Change:
        """What putting `block` in would change; nothing is written.

        Raises:
            StoreError: the configuration cannot be read as it is.
        """
        path = self._path()
        before = _read(path)
        clean = self._without(path, before)
        if clean is None:
            clean = json.dumps({"$schema": SCHEMA}, indent=2) + "\n"
        return Change(path, before, _edited(path, lambda: jsonc.put(jsonc.begun(clean), _PATH, block)))

    def plan_uninstall(self) -> Change:
        """What taking the provider out would change; nothing is written. Raises as `plan_install` does."""
        path = self._path()
        before = _read(path)
        return Change(path, before, self._without(path, before))

    def install(self, change: Change) -> None:
        """Write a planned change, after the file as it was is kept.

        Raises:
            StoreError: it could not be written; the old file stands.
        """
        if change.nothing or change.after is None:
            return
        clean = self._without(change.path, change.before)
        backup = None
        if clean is not None:
            backup = self._backups / f"opencode-{_digest(clean)[:16]}{change.path.suffix}"
            write_private(backup, clean.encode())
        missing = jsonc.missing(jsonc.begun(clean), _PATH) if clean is not None else ()
        receipt = _Receipt(
            path=str(change.path),
            backup=str(backup) if backup is not None else None,
            digest=_digest(change.after),
            missing=[str(key) for key in missing or _PATH],
        )
        write_private(self._receipt_file, json.dumps(asdict(receipt)).encode())
        _write(change.path, change.after)

    def uninstall(self, change: Change) -> None:
        """Write a planned change, and forget that anything was installed. Raises as `install` does."""
        if not change.nothing:
            _write(change.path, change.after)
        for path in (self._receipt_file, self.key_file):
            path.unlink(missing_ok=True)

    def _path(self) -> Path:
        """The file that has the provider, else the one that is there, else the one to make."""
        if (receipt := self._receipt()) is not None:
            return Path(receipt.path)
        there = [self._folder / name for name in _NAMES if (self._folder / name).exists()]
        having = [path for path in there if f'"{PROVIDER}"' in (_read(path) or "")]
        return (having or there or [self._folder / "opencode.json"])[0]

    def _without(self, path: Path, text: str | None) -> str | None:
        """The file as it would be without rota: from the backup while nobody edited it, else with our part undone."""
        receipt = self._receipt()
        if receipt is None or text is None:
            return text
        before = _read(Path(receipt.backup)) if receipt.backup is not None else None
        if _digest(text) == receipt.digest:
            return before
        theirs = jsonc.raw(jsonc.begun(before), _PATH) if before is not None else None
        if theirs is not None:  # a provider of this name was there already
            return _edited(path, lambda: jsonc.put(text, _PATH, theirs))
        return _edited(path, lambda: jsonc.remove(text, tuple(receipt.missing)))

    def _receipt(self) -> _Receipt | None:
        try:
            return _Receipt(**json.loads(self._receipt_file.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None


def _edited(path: Path, edit: Any) -> str:
    try:
        text: str = edit()
    except jsonc.JsoncError as error:
        raise StoreError(f"{path} cannot be edited: {error}.", path=path, hint="Correct it by hand first.") from error
    return text


def _read(path: Path) -> str | None:
    contents = read_text(path)
    if isinstance(contents, Problem):
        raise StoreError(f"{path}: {contents.why}.", path=path, hint=contents.todo)
    return contents.text if contents is not None else None


def _write(path: Path, text: str | None) -> None:
    """Put a file in place whole, or away; a link stays a link, the mode stays the mode."""
    try:
        if text is None:
            path.unlink(missing_ok=True)
        elif path.exists():
            replace_text(path, text)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
    except OSError as error:
        raise StoreError(
            f"{path} could not be written: {error.strerror or os.strerror(error.errno or 0)}.", path=path
        ) from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
