"""What an import finds: files, the logins and settings in them, and what was wrong with the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from rota.account import Identity
    from rota.migrate.places import Places
    from rota.providers.base import Credential
    from rota.quota import QuotaWindow


@dataclass(frozen=True, slots=True)
class Found:
    """A place of another tool that is there to be read."""

    source: str
    """Name of the source: `opencode`, `claude-code` …"""
    path: Path | None
    """None for the environment and the macOS Keychain."""
    what: str
    """For people: `OpenCode's auth.json`."""
    notes: tuple[str, ...] = ()
    exposed: bool = False
    """Whether anybody else on this machine may read it; `tighten` closes it."""

    @property
    def where(self) -> str:
        return str(self.path) if self.path is not None else self.what


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be used, why, and what to do about it. Never holds the value itself."""

    path: str
    """The file, or what stands for it."""
    where: str
    """The record inside: `accounts[2].refresh`; empty for the whole file."""
    why: str
    todo: str = ""
    passing: bool = False
    """Whether it may be gone in a moment: the file seems to be half-written."""

    def __str__(self) -> str:
        place = f"{self.path}, {self.where}" if self.where else self.path
        return f"{place}: {self.why}." + (f" {self.todo}" if self.todo else "")


@dataclass(frozen=True, slots=True)
class Place:
    """Where exactly a login stands in another tool's file."""

    source: str
    path: Path | None
    slot: str
    """The entry inside the file, by a name that outlives a renewal: `anthropic`, `accounts:1735689600000`."""
    owner: str | None = None
    """The other tool that renews logins from there; None when nobody does."""
    shared: bool = False
    """Whether rota may renew it too, because it can write the renewed login back there."""

    def __str__(self) -> str:
        return f"{self.path or self.source} ({self.slot})"


@dataclass(frozen=True, slots=True)
class Record:
    """One login that was read."""

    provider: str
    credential: Credential
    place: Place
    identity: Identity | None = None
    """Whose it is, when the file itself says so with the provider's own ids."""
    label: str | None = None
    email: str | None = None
    order: int = 0
    """Its place in the file."""
    enabled: bool = True
    active: bool = False
    """Whether the other tool uses this one at present."""
    limited_until: float | None = None
    windows: tuple[QuotaWindow, ...] = ()
    """Quota figures that the other tool had written down."""
    notes: tuple[str, ...] = ()

    @property
    def lineage(self) -> str:
        """Names the chain of tokens: the fingerprint of the refresh token, else of the secret itself."""
        return lineage_of(self.credential)


def lineage_of(credential: Credential) -> str:
    """The fingerprint that two copies of one login share."""
    return (credential.refresh or credential.secret).fingerprint()


class Fate(StrEnum):
    """What becomes of a setting of another tool."""

    CARRIED = "carried"
    RENAMED = "renamed"
    NEEDLESS = "no longer needed"


@dataclass(frozen=True, slots=True)
class SettingChange:
    """What becomes of one option of another tool's settings."""

    option: str
    value: str
    """As the file had it, as text for people."""
    fate: Fate
    why: str
    setting: str | None = None
    """rota's dotted name; None when it is no longer needed."""
    text: str | None = None
    """The value to set, as `config set` takes it."""
    differs: bool = False
    """Whether setting it would change anything."""


@dataclass(frozen=True, slots=True)
class FileEdit:
    """A change to another tool's own file, made only when asked for."""

    path: Path
    before: str = field(repr=False)
    after: str = field(repr=False)
    notes: tuple[str, ...] = ()
    refused: str | None = None
    """Why it is only printed and must be made by hand; None when rota can make it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All that one source gave."""

    source: str
    found: tuple[Found, ...] = ()
    records: tuple[Record, ...] = ()
    problems: tuple[Problem, ...] = ()
    settings: tuple[SettingChange, ...] = ()
    edits: tuple[FileEdit, ...] = ()


class Source(Protocol):
    """A module that knows one foreign tool. Nothing it does writes."""

    NAME: str
    """As `--from` takes it."""
    TITLE: str
    """As people call it."""

    def find(self, places: Places) -> tuple[Found, ...]:
        """What is there to be read."""
        ...

    def read(self, found: tuple[Found, ...], places: Places) -> Reading:
        """What is in it."""
        ...
