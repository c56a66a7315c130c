"""Secrets in one private file: 0600 in a 0700 folder, replaced whole, for systems without a keyring."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from enum import Enum
from typing import TYPE_CHECKING

from rota.errors import StoreError, VaultError
from rota.files import sync_folder, write_private
from rota.paths import make_private_folder
from rota.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION = 1


class Problem(Enum):
    """Why a file's content is not used."""

    DAMAGED = "damaged"
    NEWER = "newer"


class FileStore:
    """Secrets by name as JSON. Every call reads the file anew, so another process's changes are seen."""

    kind = "file"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._notices: list[str] = []
        self._held: dict[str, Secret] | None = None
        """The secrets while several calls are done as one."""

    @property
    def notices(self) -> tuple[str, ...]:
        return tuple(self._notices)

    def read(self, name: str) -> Secret | None:
        return self._secrets().get(name)

    def write(self, name: str, secret: Secret) -> None:
        secrets = self._secrets()
        if secrets.get(name) != secret:
            self._keep({**secrets, name: secret})

    def remove(self, name: str) -> None:
        secrets = dict(self._secrets())
        if secrets.pop(name, None) is not None:
            self._keep(secrets)

    def names(self) -> frozenset[str]:
        return frozenset(self._secrets())

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """The file is read once, and written and read back once if anything changed."""
        before = self._held = self._load()
        try:
            yield
            after = self._held
        finally:
            self._held = None
        if after is not before:
            self._save(after)

    def _secrets(self) -> dict[str, Secret]:
        return self._load() if self._held is None else self._held

    def _keep(self, secrets: dict[str, Secret]) -> None:
        if self._held is None:
            self._save(secrets)
        else:
            self._held = secrets

    def _load(self) -> dict[str, Secret]:
        try:
            found = _decoded(self._content())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._failed(f"cannot be read: {error.strerror}", "Check who owns it.") from None
        match found:
            case Problem.DAMAGED:
                raise self._set_aside()
            case Problem.NEWER:
                raise self._failed("was written by a newer rota", "Use that rota, or a newer one.")
        return found

    def _content(self) -> bytes:
        """The bytes of our own regular file, made private first when others could read it."""
        # Never through a link: somebody else could have put it there to have us read or replace another file.
        if self._path.is_symlink():
            raise self._failed("is a link, which rota does not follow", "Put the file itself there.")
        descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise self._failed("is not a file", "Move it away.")
            if os.name != "nt" and status.st_mode & 0o077:
                os.fchmod(descriptor, 0o600)
                self._notices.append(
                    f"{self._path} was open to other users of this machine and has been closed; "
                    "whoever could log in here may have read it."
                )
            return file.read()

    def _save(self, secrets: dict[str, Secret]) -> None:
        # A `Secret`, because an unhandled error shows the local variables of every frame.
        content = Secret(
            json.dumps({"version": VERSION, "secrets": {name: secrets[name].reveal() for name in sorted(secrets)}})
        )
        try:
            make_private_folder(self._path.parent)
            # Left by a rota that was killed in the middle of a write; nobody else is writing now.
            for stale in self._path.parent.glob(f".{self._path.name}.*.tmp"):
                stale.unlink()
            write_private(self._path, content.reveal().encode())
            if Secret(self._content().decode()) != content:
                raise self._failed("did not keep what was written", "Try again.")
        except StoreError as error:
            raise VaultError(str(error), hint=error.hint) from error
        except OSError as error:
            raise self._failed(f"cannot be written: {error.strerror}", "The secrets in it are unchanged.") from None

    def _set_aside(self) -> VaultError:
        aside = self._path.with_name(f"{self._path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}")
        try:
            os.replace(self._path, aside)
            with contextlib.suppress(OSError):
                sync_folder(self._path.parent)
        except OSError as error:
            return self._failed(f"is damaged and cannot be moved aside: {error.strerror}", "Check who owns it.")
        return self._failed(
            f"was damaged and has been moved to {aside.name}",
            "Put a good copy in its place, or sign in to the accounts again.",
        )

    def _failed(self, what: str, hint: str) -> VaultError:
        return VaultError(f"The secrets file {self._path} {what}.", hint=hint)


def _decoded(content: bytes) -> dict[str, Secret] | Problem:
    """The secrets in the file, or why there are none to be had. Raises nothing: its variables are secrets."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return Problem.DAMAGED
    if not isinstance(document, dict):
        return Problem.DAMAGED
    if isinstance(version := document.get("version"), int) and version > VERSION:
        return Problem.NEWER
    held = document.get("secrets")
    if version != VERSION or not isinstance(held, dict) or not all(isinstance(text, str) for text in held.values()):
        return Problem.DAMAGED
    return {name: Secret(text) for name, text in held.items()}
