"""A secret that no repr, log line or traceback shows."""

from __future__ import annotations

import hashlib
import hmac


class Secret:
    """Text that must not be shown; `reveal()` belongs at the line that builds the header, nowhere else."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def fingerprint(self) -> str:
        """Twelve hex digits that name this secret without giving it away (SHA-256, cut)."""
        return hashlib.sha256(self._value.encode()).hexdigest()[:12]

    def matches(self, offered: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(self._value.encode(), offered.encode())

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.matches(other._value)

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a Secret is not pickled: it would leave the vault in clear")
