"""What a setting may be: what the core's table of settings says, and the themes, which are the app's alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rota.config import Described

THEME = "ui.theme"


def choices(setting: Described) -> tuple[str, ...]:
    """The texts it may be; empty when others may be too."""
    if setting.key != THEME:
        return setting.choices
    from rota_tui.themes import names  # late: with it comes Textual

    return tuple(names())


def allowed(setting: Described) -> str:
    """The values it may have, in words."""
    return f"one of {', '.join(choices(setting))}" if setting.key == THEME else setting.allowed


def check_theme(setting: Described, value: str) -> None:
    """Refuse a theme that there is not; of every other value the core knows whether it may be.

    Raises:
        ConfigError: `value` is no theme; the hint names the nearest and all.
    """
    if setting.key != THEME or value in (known := choices(setting)):
        return
    from rota.config.described import nearest_choice
    from rota.errors import ConfigError

    hint = f"{nearest_choice(value, known)}Allowed: {allowed(setting)}."
    raise ConfigError(f"There is no theme called {value}.", key=THEME, hint=hint)
