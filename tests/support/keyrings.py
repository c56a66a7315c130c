"""Keyring backends for tests, each with one behaviour that real ones show."""

from __future__ import annotations

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError, PasswordSetError


class Remembering(KeyringBackend):
    """Keeps what it is given, in memory; `limit` bytes of UTF-16 an entry, as Windows does."""

    priority = 5

    def __init__(self, limit: int = 2560) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring has no types
        self.entries: dict[tuple[str, str], str] = {}
        self.limit = limit
        self.locked = False
        self.broken = False

    def get_password(self, service: str, username: str) -> str | None:
        self._answer()
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._answer()
        if len(password.encode("utf-16-le")) > self.limit:
            raise PasswordSetError("The stub received bad data.")
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._answer()
        if (service, username) not in self.entries:
            raise PasswordDeleteError("No such password!")
        del self.entries[service, username]

    def _answer(self) -> None:
        if self.locked:
            raise KeyringLocked("Failed to unlock the collection!")
        if self.broken:
            raise ConnectionResetError("the daemon is gone")


class Forgetting(Remembering):
    """Takes everything and keeps nothing, like `keyring`'s null backend."""

    def set_password(self, service: str, username: str, password: str) -> None:
        self._answer()


class InPlainText(Remembering):
    """Works, but is no safe place, and says so."""

    priority = 0.5  # type: ignore[assignment]  # keyring declares a class property
