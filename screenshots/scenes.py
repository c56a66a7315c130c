"""What there is a picture of: a size, a theme, and the keys that lead there."""

from __future__ import annotations

from dataclasses import dataclass

from textual.command import CommandPalette

from rota_tui.screens.chat_asking import GROUP
from screenshots.stage import TRAFFIC, WORKDAY, Question


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture: the app is opened on the stage, and these keys are pressed."""

    name: str
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = (120, 40)
    theme: str = "rota-dark"
    group: str | None = None
    """The group of workers that have to end before the picture."""


@dataclass(frozen=True, slots=True)
class Act:
    """Scenes that follow one another in one world."""

    scenes: tuple[Scene, ...]
    past: tuple[Question, ...] = TRAFFIC
    """What happened before."""


PALETTE = CommandPalette._GATHER_COMMANDS_GROUP
NARROW, WIDE = (80, 24), (180, 50)

ACTS = {
    "accounts": Act(
        (
            Scene("accounts"),
            Scene("accounts-wide", size=WIDE),
            Scene("accounts-narrow", size=NARROW),
            Scene("accounts-light", theme="rota-light"),
            Scene("chat", keys=("2", *"How do I make a queue safe to retry?", "enter"), group=GROUP),
            Scene(
                "chat-light",
                keys=("2", *"How would you write a retry for this queue?", "enter"),
                theme="rota-light",
                group=GROUP,
            ),
        )
    ),
    "dialogs": Act(
        (
            Scene("models", keys=("4", "slash", *"sonnet", "enter")),
            Scene("add", keys=("a",)),
            Scene("import", keys=("m",), group="import"),
            Scene("remove", keys=("d",)),
            Scene("remove-narrow", keys=("d",), size=NARROW),
            Scene("help", keys=("question_mark",)),
            Scene("palette", keys=("ctrl+p",), group=PALETTE),
        )
    ),
    "settings": Act(
        (
            Scene("settings", keys=("5", "slash", *"pool", "enter", "down")),
            Scene("settings-contrast", keys=("5", "slash", *"alerts", "enter"), theme="rota-contrast"),
            Scene("settings-narrow", keys=("5", "slash", *"pool", "enter", "down"), size=NARROW),
        )
    ),
    "activity": Act(
        (
            Scene("activity", keys=("3",), group="past"),
            Scene("activity-wide", keys=("3", "w"), size=WIDE, group="story"),
            Scene("activity-narrow", keys=("3",), size=NARROW, group="look"),
            Scene("story", keys=("3", "w"), size=NARROW, group="story"),
            Scene("timeline", keys=("3", "t"), group="past"),
            Scene("timeline-light", keys=("3", "t"), theme="rota-light", group="past"),
            Scene("timeline-narrow", keys=("3", "t"), size=NARROW, group="past"),
        ),
        past=WORKDAY,
    ),
}
