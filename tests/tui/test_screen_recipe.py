"""The recipe for a screen in ARCHITECTURE.md, followed in the running app."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.app_world import account, opened

from rota_tui.app import RotaApp
from rota_tui.modes import ModesApp
from rota_tui.widgets.mode_bar import ModeBar

if TYPE_CHECKING:
    from textual.screen import Screen

TOP = Path(__file__).parents[2]
RECIPE = (TOP / "ARCHITECTURE.md").read_text("utf-8").partition("**A screen.**")[2]
CODE = re.findall(r"```python\n(.*?)```", RECIPE, flags=re.DOTALL)[0]


def made() -> Any:
    """The recipe's class."""
    held: dict[str, Any] = {"__name__": "tally"}
    exec(compile(CODE, "ARCHITECTURE.md", "exec", dont_inherit=True), held)
    return held["TallyScreen"]


async def test_a_screen_made_by_the_recipe_shows_what_happens_in_a_mode_of_its_own(tmp_path: Path) -> None:
    kind = made()
    async with opened(tmp_path, account("work")) as it:

        def factory() -> Screen[None]:
            bar = ModeBar(it.app.TITLES, "tally", lambda: it.engine.vault_kind, it.app.locale)
            screen: Screen[None] = kind(it.engine, it.app.locale, bar.data_bind(RotaApp.now, RotaApp.snapshot))
            return screen.data_bind(RotaApp.snapshot)

        it.app.add_mode("tally", factory)
        await it.app.switch_mode("tally")
        await it.settled()
        assert "1 accounts" in it.text()
        await it.happen(account("side"))
        assert "2 accounts" in it.text()


def test_every_mode_of_ours_has_its_screen_its_styles_and_its_key() -> None:
    keys = {binding.key: binding.action for binding in ModesApp.BINDINGS if not isinstance(binding, tuple)}
    for key, mode, _title in RotaApp.TITLES:
        assert keys[key] == f"switch_mode('{mode}')"
        assert callable(getattr(RotaApp, f"_{mode}_screen"))
        for suffix in (".py", ".tcss"):
            assert (TOP / "tui/rota_tui/screens" / mode).with_suffix(suffix).is_file()
