"""Secrets in the system's own keyring, through `keyring`; whether one works is found by trying, not by its name.

A keyring cannot list what it holds, so an entry of ours holds the names. Windows keeps 2 560 bytes an entry in
UTF-16, so a longer secret is cut into parts, everywhere alike.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from typing import TYPE_CHECKING, TypeVar

from rota.errors import VaultError, VaultLocked
from rota.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

T = TypeVar("T")

NAMES = "names"
PROBE = "probe"
MARKS = "ab"
"""A new secret's parts stand beside the old one's until it is whole."""
PART = 1200
"""Characters an entry: 2 400 bytes in UTF-16, as long as they are ASCII."""
USE_FILE = "`rota config set vault file` keeps secrets in a private file instead."


class KeyringStore:
    """Secrets by name in the system keyring, under a service name of this home's own."""

    kind = "keyring"
    notices: tuple[str, ...] = ()

    def __init__(self, service: str) -> None:
        self._service = service

    def read(self, name: str) -> Secret | None:
        return self._join(name, self._entry(name))

    def write(self, name: str, secret: Secret) -> None:
        known = self.names()
        if name not in known:
            # The name first: a secret without its name would never be found again to be moved or deleted.
            self._write_names(known | {name})
        self._write(name, secret)

    def remove(self, name: str) -> None:
        self._remove(name)
        known = self.names()
        if name in known:
            self._write_names(known - {name})

    def names(self) -> frozenset[str]:
        held = self._join(NAMES, self._entry(NAMES))
        if held is None:
            return frozenset()
        try:
            return frozenset(json.loads(held.reveal()))
        except (ValueError, TypeError):
            raise VaultError("The list of names in the system keyring is damaged.", hint="Sign in again.") from None

    def together(self) -> AbstractContextManager[None]:
        """A keyring knows no such thing: each call is its own."""
        return contextlib.nullcontext()

    def probe(self) -> None:
        """Keep, read and delete a throw-away secret.

        Raises:
            VaultLocked: The keyring is locked.
            VaultError: There is no keyring, or it does not give back what it was given.
        """
        given = Secret(secrets.token_urlsafe(PART))
        name = f"{PROBE}-{os.getpid()}"
        try:
            self._write(name, given)
            kept = self.read(name) == given
        except VaultError:
            with contextlib.suppress(VaultError):
                self._remove(name)
            raise
        self._remove(name)
        if not kept or self._entry(name) is not None:
            raise VaultError("The system keyring does not keep what it is given.", hint=USE_FILE)

    def _write_names(self, names: frozenset[str]) -> None:
        if names:
            self._write(NAMES, Secret(json.dumps(sorted(names))))
        else:
            self._remove(NAMES)

    def _write(self, name: str, secret: Secret) -> None:
        """Write the parts beside the old ones first, then the head that names them, then drop the old ones."""
        parts = _cut(secret)
        if len(parts) == 1:
            self._set(name, Secret(f"={secret.reveal()}"))
            self._sweep(name)
            return
        used = _cited(self._entry(name))
        mark = next(mark for mark in MARKS if used is None or mark != used[0])
        for number, part in enumerate(parts):
            self._set(_part(name, mark, number), part)
        self._set(name, Secret(f"#{mark}{len(parts)}"))
        self._sweep(name, mark, len(parts))

    def _remove(self, name: str) -> None:
        self._unset(name)
        self._sweep(name)

    def _sweep(self, name: str, mark: str = "", count: int = 0) -> None:
        """Delete every part but the first `count` of `mark`, those of a write that was interrupted too.

        From the last one down: what is left after another interruption still begins where this looks.
        """
        for each in MARKS:
            start = end = count if each == mark else 0
            while self._entry(_part(name, each, end)) is not None:
                end += 1
            for number in reversed(range(start, end)):
                self._unset(_part(name, each, number))

    def _join(self, name: str, head: Secret | None) -> Secret | None:
        if head is None:
            return None
        if (cited := _cited(head)) is None:
            return Secret(head.reveal()[1:])
        mark, count = cited
        parts = [self._entry(_part(name, mark, number)) for number in range(count)]
        if None in parts:
            return None
        return Secret("".join(part.reveal() for part in parts if part is not None))

    def _entry(self, entry: str) -> Secret | None:
        import keyring  # late, here and below: slow to import, and often not needed

        text = _answered(lambda: keyring.get_password(self._service, entry))
        return None if text is None else Secret(text)

    def _set(self, entry: str, value: Secret) -> None:
        import keyring

        _answered(lambda: keyring.set_password(self._service, entry, value.reveal()))

    def _unset(self, entry: str) -> None:
        import keyring

        if self._entry(entry) is not None:
            _answered(lambda: keyring.delete_password(self._service, entry))


def recommended() -> bool:
    """Whether `keyring` itself holds its backend for a safe one: those in plain text are not."""
    import keyring

    return _answered(lambda: keyring.get_keyring().priority >= 1)


def _part(name: str, mark: str, number: int) -> str:
    """The entry of one part of a secret."""
    return f"{name}#{mark}{number}"


def _cited(head: Secret | None) -> tuple[str, int] | None:
    """The mark and number of the parts that a head names; None when it holds the secret itself."""
    if head is None or not head.reveal().startswith("#"):
        return None
    mark, count = head.reveal()[1:2], head.reveal()[2:]
    return (mark, int(count)) if count.isdecimal() else None


def _cut(secret: Secret) -> list[Secret]:
    text = secret.reveal()
    # Beyond ASCII a character may take four bytes in UTF-16.
    size = PART if text.isascii() else PART // 2
    return [Secret(text[start : start + size]) for start in range(0, len(text), size)] or [secret]


def _answered(ask: Callable[[], T]) -> T:
    """What the keyring answers, with its errors as ours."""
    from keyring.errors import InitError, KeyringLocked, NoKeyringError

    try:
        return ask()
    except NoKeyringError:
        raise VaultError("This system has no keyring.", hint=USE_FILE) from None
    except KeyringLocked:
        raise _locked() from None
    except InitError as error:
        # Secret Service says so when nobody could be asked for the password.
        if type(error.__cause__).__name__ == "PromptDismissedException":
            raise _locked() from None
        raise _gone(error) from None
    except Exception as error:  # noqa: BLE001 - each system's backend raises what its own libraries raise
        raise _gone(error) from None


def _locked() -> VaultLocked:
    return VaultLocked(
        "The system keyring is locked.",
        hint="Unlock it, by signing in to the desktop or in its own app, and try again.",
    )


def _gone(error: Exception) -> VaultError:
    """Without the backend's own traceback, whose frames hold the secret in clear."""
    return VaultError(
        f"The system keyring does not answer ({type(error).__name__}).", hint=f"Start it again and retry. {USE_FILE}"
    )
