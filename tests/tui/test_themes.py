"""rota's variables in themes that do not know them."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from rota_tui.themes import variable_defaults


@pytest.mark.parametrize("name", [name for name in BUILTIN_THEMES if "ansi" not in name])
def test_what_is_quiet_stands_back_and_the_row_under_the_cursor_can_be_read(name: str) -> None:
    theme = BUILTIN_THEMES[name]
    told = {key: Color.parse(value) for key, value in variable_defaults(theme).items()}
    ground = Color.parse(theme.background or ("#121212" if theme.dark else "#efefef"))

    def apart(colour: Color) -> float:
        return abs(colour.brightness - ground.brightness)

    assert all(colour.a == 1 for colour in told.values())  # as text, one with an alpha is not mixed
    assert apart(told["rule"]) < apart(told["quiet"]) < apart(told["row-cursor-text"])
    assert apart(told["row-cursor"]) < apart(told["quiet"])
