"""What there is a picture of: a size, a theme, and the keys that lead there."""

from __future__ import annotations

from dataclasses import dataclass

from rota_tui.screens.chat_asking import GROUP


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture: the app is opened on the stage, and these keys are pressed."""

    name: str
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = (120, 40)
    theme: str = "rota-dark"
    group: str | None = None
    """The group of workers that have to end before the picture."""


NARROW, WIDE = (80, 24), (180, 50)

SCENES = (
    Scene("accounts"),
    Scene("accounts-wide", size=WIDE),
    Scene("accounts-narrow", size=NARROW),
    Scene("accounts-light", theme="rota-light"),
    Scene("chat", keys=("2", *"How do I retry only what is safe to retry?", "enter"), group=GROUP),
)
