"""rota's variables in themes that do not know them, and themes that are put on later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import NOW, account, opened, quota
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from rota.errors import Meaning
from rota.events import CooldownStarted
from rota.settings import UiSettings
from rota_tui.themes import READABLE, STANDING_BACK, THEMES, contrast, variable_defaults

if TYPE_CHECKING:
    from pathlib import Path

    from textual.theme import Theme


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


OFFERED = [*THEMES, *(theme for theme in BUILTIN_THEMES.values() if not theme.ansi)]
"""All but those in which the terminal chooses the colours."""


@pytest.mark.parametrize("theme", OFFERED, ids=lambda theme: theme.name)
def test_what_colours_tell_can_be_read_in_every_theme(theme: Theme) -> None:
    design = theme.to_color_system().generate()
    told = {**variable_defaults(theme), **theme.variables}
    plain = [Color.parse(design[name]) for name in ("background", "surface")]
    rows = [Color.parse(told[name]) for name in ("row-cursor", "row-cursor-blurred")]
    for tone in ("quota-ok", "quota-low", "quota-spent", "cooling", "active"):
        for ground in (*plain, *rows):
            assert contrast(Color.parse(told[tone]), ground) >= READABLE, tone
    own, quiet = (min(contrast(Color.parse(c), g) for g in plain) for c in (design["foreground"], told["quiet"]))
    assert min(READABLE, STANDING_BACK * own) <= quiet < own


def test_contrast_is_that_of_the_standard() -> None:
    black, white = Color.parse("#000000"), Color.parse("#ffffff")
    assert contrast(black, white) == contrast(white, black) == pytest.approx(21)
    assert contrast(Color.parse("#767676"), white) == pytest.approx(4.54, abs=0.01)
    assert contrast(white, white) == 1


async def test_a_theme_put_on_later_looks_as_if_it_had_always_been_there(tmp_path: Path) -> None:
    held = CooldownStarted(at=NOW, account_id="b", until=NOW + 60, meaning=Meaning.THROTTLED, reason="busy")
    facts = (account("a"), account("b"), quota("a", h5=0.9), held)
    light = {"ui": UiSettings(theme="rota-light", animations=False)}
    async with opened(tmp_path / "from the start", *facts, settings=light) as it:
        wanted = it.app.screen._compositor.render_strips()
    async with opened(tmp_path / "later", *facts) as it:
        assert it.app.screen._compositor.render_strips() != wanted
        it.app.theme = "rota-light"
        await it.settled()
        assert it.app.screen._compositor.render_strips() == wanted
