"""Messages that cross from one part of the app to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from rota.events import Event
    from rota.snapshot import Snapshot


DEMO = "demo"
"""What the app gives back when it is left for the demo, which then opens in the same terminal."""


@dataclass
class CoreChanged(Message):
    """Something happened in the core, in this process or another."""

    snapshot: Snapshot
    events: tuple[Event, ...]
    dropped: int = 0
    """Events that were too many to pass on; the snapshot knows them all."""


@dataclass
class AddRequested(Message):
    """Somebody wants to add an account; `provider` is already chosen when not None."""

    provider: str | None = None


@dataclass
class DemoRequested(Message):
    """Somebody wants to look around in the simulated world first."""


@dataclass
class TestRequested(Message):
    """Somebody wants to ask a model through a certain account."""

    account_id: str


@dataclass
class SettingsChanged(Message):
    """Somebody changed a setting in this app."""


@dataclass
class WhyRequested(Message):
    """Somebody wants to know why the last switch of accounts happened."""


@dataclass
class ModelRequested(Message):
    """Somebody wants to ask a certain model."""

    provider: str
    model: str
