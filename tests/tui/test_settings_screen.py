"""The settings by keys: looked through, changed in place, written with comments kept, and in force at once."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import Opened, account, opened
from textual.widgets import Label

from rota import config
from rota.settings import AlertSettings
from rota_tui.messages import SettingsChanged
from rota_tui.pieces import ASCII, UNICODE
from rota_tui.screens.settings import SettingsScreen
from rota_tui.widgets.settings_table import SettingsTable

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [(80, 24), (120, 40), (200, 60)]


async def at(it: Opened, key: str) -> SettingsTable:
    """Go to the settings, the cursor on one of them."""
    await it.press("5")
    screen = it.app.screen
    assert isinstance(screen, SettingsScreen)
    screen.table.cursor_key = key
    await it.settled()
    return screen.table


async def turned(it: Opened, *, plain: bool) -> None:
    """Press the switch of the characters, and wait until the screen is there anew.

    Not by the pilot: it waits for the widgets of the screen that goes.
    """
    before = it.app.screen
    it.app.simulate_key("space")
    for _ in range(1500):
        await asyncio.sleep(0.02)
        renewing = any(worker.group == "look" and worker.is_running for worker in it.app.workers)
        anew = it.app.screen is not before and it.app.current_mode == "settings" and not renewing
        if anew and it.app.screen.has_class("-ascii") is plain:
            return await it.settled()
    raise AssertionError("the screen was not made anew")


def filed(it: Opened) -> str:
    return it.engine.paths.config_file.read_text(encoding="utf-8")


@pytest.mark.parametrize("size", SIZES)
async def test_every_setting_is_there_with_its_value_and_what_it_means(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, size=size) as it:
        table = await at(it, "pool.strategy")
        for setting in config.describe():
            assert any(key == setting.key or key.startswith(f"{setting.key}.") for key in table.rows), setting.key
        assert "auto" in it.line("strategy")
        assert it.line("pool.strategy  Which account serves a new session.")
        assert "one of round-robin, least-recently-used" in it.line("Allowed:")
        assert it.line("at its default")


@pytest.mark.parametrize("size", SIZES)
async def test_a_row_says_what_it_does_and_the_line_below_who_set_it(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, size=size) as it:
        await at(it, "anthropic.api_url")
        assert "Send requests through Claude" in it.line(" route_subscriptions ")
        assert it.text().count("http://simulator.test/anthropic") == 1  # where its row is too short, below
        assert it.line("given to this rota when it was started")


async def test_the_cursor_passes_over_the_lines_of_sections_both_ways(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        table = await at(it, "log_format")
        await it.press("down")
        assert table.cursor_key == "anthropic.api_url"
        await it.press("up")
        assert table.cursor_key == "log_format"
        await it.press("home")
        assert table.cursor_key == "vault"
        await it.press("end")
        assert table.cursor_key == "path:debug log"


async def test_a_switch_is_turned_at_once_and_written_with_the_comments_kept(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("# mine\n[alerts]\nbell = false  # quiet\n", encoding="utf-8")
    async with opened(tmp_path, size=(200, 60)) as it:
        await at(it, "alerts.bell")
        await it.press("space")
        assert it.engine.settings.alerts.bell is True
        assert "# mine" in filed(it)
        assert "bell = true  # quiet" in filed(it)
        assert [m for m in it.messages if isinstance(m, SettingsChanged)]
        assert "on" in it.line("bell")
        assert "file" in it.line("bell")


async def test_a_choice_is_picked_from_what_is_allowed(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await at(it, "pool.strategy")
        await it.press("enter")
        assert it.line("each new session takes the next account")
        await it.press(*"round", "enter")
        assert it.engine.settings.pool.strategy == "round-robin"
        await it.press("d")
        assert it.engine.settings.pool.strategy == "auto"
        assert "strategy" not in filed(it)


async def test_a_number_that_does_not_fit_is_told_and_can_be_mended(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await at(it, "pool.retries")
        await it.press("enter", *"70", "enter")
        assert it.line("70 is not from 0 to 10.")
        assert it.engine.settings.pool.retries == 3
        await it.press("backspace", "enter")
        assert it.engine.settings.pool.retries == 7
        assert config.load(it.engine.paths, {}).pool.retries == 7


async def test_a_number_within_its_bounds_that_is_not_whole_is_told_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await at(it, "pool.retries")
        await it.press("enter", *"3.5", "enter")
        assert it.line("That does not fit. Allowed: a whole number from 0 to 10.")


async def test_a_file_that_cannot_be_written_is_not_blamed_on_the_value(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await at(it, "pool.retries")
        it.engine.paths.config_file.write_text("[pool\n", encoding="utf-8")
        await it.press("enter", *"7", "enter")
        told = str(it.app.screen.query_one(".dialog-error", Label).content)  # on the screen a long path breaks it
        assert "is not valid TOML" in told
        assert "does not fit" not in told
        assert it.engine.settings.pool.retries == 3


async def test_what_is_wrong_with_the_file_is_told_whole_while_it_is_so(tmp_path: Path) -> None:
    async with opened(tmp_path, size=(80, 24)) as it:
        await at(it, "pool.retries")
        file = it.engine.paths.config_file
        file.write_text("[pool\n", encoding="utf-8")
        await it.pass_time(1)
        told = " ".join(it.text().split())  # a long path is broken into lines
        assert "is not valid TOML" in told
        assert "the file was left as it is." in told
        file.write_text("", encoding="utf-8")
        await it.pass_time(1)
        assert "80 settings" in it.line("settings ·")


async def test_a_value_that_is_too_long_is_cut_with_a_sign(tmp_path: Path) -> None:
    long = AlertSettings(command="notify " + "x" * 900)
    async with opened(tmp_path, size=(80, 24), settings={"alerts": long}) as it:
        await at(it, "alerts.command")
        assert it.line("given to this rota when it was started")
        assert it.text().splitlines()[-2].rstrip().endswith("…")


async def test_the_cursor_is_in_sight_when_all_are_shown_again(tmp_path: Path) -> None:
    async with opened(tmp_path, size=(80, 24)) as it:
        await it.press("5", "slash", *"quiet", "enter")
        await it.press("escape")
        assert it.app.screen.query_one(SettingsTable).cursor_key == "alerts.quiet_hours"
        assert it.line("   quiet_hours  ")


async def test_while_words_are_typed_the_slash_is_no_key(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        for mode in ("4", "5"):
            await it.press(mode)
            assert "/ Search" in it.text().splitlines()[-1]
            await it.press("slash")
            assert "/ Search" not in it.text().splitlines()[-1]
            await it.press("escape")


async def test_what_goes_back_to_its_default_is_told_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await at(it, "gateway.port")
        await it.press("enter", *"7000", "enter", "d")
        assert it.toasts()[1:] == ["gateway.port is 7682 when the gateway starts again."]


async def test_a_theme_that_nobody_knows_is_told_when_an_editor_writes_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.engine.start_background()
        await it.pass_time(1)
        it.engine.paths.config_file.write_text('[ui]\ntheme = "no-such"\n', encoding="utf-8")
        await it.pass_time(3)
        assert "There is no theme no-such; Settings lists those there are." in it.toasts()


async def test_what_was_typed_and_left_is_there_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await at(it, "alerts.command")
        await it.press("enter", *"my-alert", "escape")
        assert it.engine.settings.alerts.command == ""
        assert it.line("what you typed is kept")
        await it.press("enter")
        assert it.line("my-alert")
        await it.press("enter")
        assert it.engine.settings.alerts.command == "my-alert"


async def test_a_list_of_shares_and_one_entry_of_a_table_are_typed(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await at(it, "alerts.thresholds")
        await it.press("enter", *"0.5, 0.9", "enter")
        assert it.engine.settings.alerts.thresholds == (0.5, 0.9)
        await at(it, "pool.thresholds.5h")
        await it.press("enter", *"0.7", "enter")
        assert dict(it.engine.settings.pool.thresholds) == {"5h": 0.7, "7d": 0.95, "month": 0.98}
        assert "70%" in it.line("thresholds.5h")


async def test_a_theme_is_worn_while_it_is_looked_at_and_escape_takes_it_off(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await it.press("5", "t", "down")
        assert it.app.theme == "rota-light"
        await it.press("escape")
        assert it.app.theme == "rota-dark"
        await it.press("t", *"contrast", "enter")
        assert it.app.theme == "rota-contrast"
        assert config.load(it.engine.paths, {}).ui.theme == "rota-contrast"


async def test_a_theme_that_is_looked_at_is_worn_while_something_else_changes(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.engine.start_background()
        await at(it, "ui.theme")
        await it.pass_time(1)
        await it.press("enter", "down")
        worn = it.app.theme
        assert worn != it.engine.settings.ui.theme
        it.engine.paths.config_file.write_text("[pool]\nretries = 2\n", encoding="utf-8")
        await it.pass_time(3)
        assert it.engine.settings.pool.retries == 2
        assert it.app.theme == worn
        await it.press("escape")
        assert it.app.theme == it.engine.settings.ui.theme


async def test_a_theme_that_cannot_be_written_is_taken_off_again(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await at(it, "ui.theme")
        worn = it.app.theme
        it.engine.paths.config_file.write_text("[pool\n", encoding="utf-8")
        await it.press("enter", "down", "enter")
        assert "is not valid TOML" in it.toasts()[-1]
        assert it.app.theme == worn


async def test_plain_characters_come_and_go_without_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:
        await at(it, "ui.ascii")
        await turned(it, plain=True)
        assert it.app.locale.glyphs is ASCII
        assert it.app.screen.query_one(SettingsTable).cursor_key == "ui.ascii"
        assert it.text().isascii()
        await it.press("1")
        assert it.app.screen.has_class("-ascii")
        await it.press("5")
        await turned(it, plain=False)
        assert it.app.locale.glyphs is UNICODE


async def test_animations_stop_at_once(tmp_path: Path) -> None:
    from rota.settings import UiSettings

    async with opened(tmp_path, settings={"ui": UiSettings(animations=True)}) as it:
        levels: list[str] = [it.app.animation_level]
        await at(it, "ui.animations")
        await it.press("space")
        levels.append(it.app.animation_level)
        assert levels == ["full", "none"]


async def test_what_the_command_line_asked_for_stays(tmp_path: Path) -> None:
    async with opened(tmp_path, ascii=True, no_animation=True) as it:
        await at(it, "alerts.bell")
        await it.press("space")
        assert it.app.locale.glyphs is ASCII
        assert it.app.animation_level == "none"


async def test_what_another_program_writes_is_taken_up_and_shown(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        it.engine.start_background()
        await at(it, "ui.theme")
        await it.pass_time(1)
        it.engine.paths.config_file.write_text('[ui]\ntheme = "nord"\n', encoding="utf-8")
        await it.pass_time(3)
        assert it.app.theme == "nord"
        assert "nord" in it.line("theme ")


async def test_a_setting_of_the_environment_says_which_variable_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROTA_DEBUG", "1")
    async with opened(tmp_path, size=(200, 60)) as it:
        await at(it, "debug")
        assert "environment" in it.line("debug  ")
        assert it.line("ROTA_DEBUG in the environment sets it, and wins over the file")
        await it.press("space")
        assert "the environment sets it too, and wins" in it.toasts()[-1]


async def test_what_cannot_hold_at_once_says_when_it_does(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await at(it, "gateway.port")
        assert it.line("a change holds when the gateway starts again")
        await it.press("enter", *"7000", "enter")
        assert it.toasts()[-1] == "gateway.port is written. It holds when the gateway starts again."


async def test_the_fallback_chain_is_put_in_order_and_written_on_enter(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        before = it.engine.settings.pool.fallback_models["puter"]
        await at(it, "pool.fallback_models.puter")
        await it.press("enter", "J", "down", "d")
        assert it.engine.settings.pool.fallback_models["puter"] == before
        assert it.line("Not saved yet")
        await it.press("enter")
        after = it.engine.settings.pool.fallback_models["puter"]
        assert after == (before[1], before[0], *before[3:])
        assert config.load(it.engine.paths, {}).pool.fallback_models["puter"] == after


async def test_a_changed_chain_is_left_only_by_a_second_escape(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        before = it.engine.settings.pool.fallback_models["puter"]
        await at(it, "pool.fallback_models.puter")
        await it.press("enter", "d", "escape")
        assert it.line("Escape once more drops the change")
        await it.press("escape")
        assert it.engine.settings.pool.fallback_models["puter"] == before
        assert isinstance(it.app.screen, SettingsScreen)


async def test_a_model_is_added_to_the_chain_by_its_name(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await at(it, "pool.fallback_models.anthropic")
        await it.press("enter", "a", *"claude-x", "enter", "enter")
        assert it.engine.settings.pool.fallback_models["anthropic"] == ("claude-x",)
        assert "1 model" in it.line("fallback_models.anth")


async def test_names_are_given_changed_and_taken(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await at(it, "catalogue.aliases")
        await it.press("enter", "a", *"fast", "enter")
        assert it.line("It takes a name, = and what the name stands for.")
        await it.press(*" = puter/x", "enter")
        assert dict(it.engine.settings.catalogue.aliases) == {"fast": "puter/x"}
        await it.press("d")
        assert dict(it.engine.settings.catalogue.aliases) == {}
        await it.press("escape")
        assert isinstance(it.app.screen, SettingsScreen)


async def test_an_entry_that_does_not_fit_is_told_in_its_own_terms_and_kept_for_its_name(tmp_path: Path) -> None:
    async with opened(tmp_path, size=(80, 24)) as it:
        await at(it, "catalogue.aliases")
        await it.press("enter", "a", *"fast = puter/gpt-5-nano", "enter")
        assert "⏎ Change" in it.text()
        await it.press("escape")
        await at(it, "providers.urls")
        await it.press("enter", "a", *"local = ftp://x", "enter")
        assert it.line("That does not fit. Allowed: an https address")
        assert not it.line("a table")
        await it.press("shift+home", *"one = https://a.test", "enter")
        await it.press("a", *"two = http", "escape", "enter")
        assert it.line("one = https://a.test")  # not what was typed for a new name
        await it.press("escape", "a")
        assert it.line("two = http")
        assert it.line("This is what you typed before.")


async def test_sending_through_subscriptions_is_asked_about_first(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await at(it, "anthropic.route_subscriptions")
        await it.press("space")
        assert it.line("Send requests through Claude subscriptions?")
        await it.press("escape")
        assert it.engine.settings.anthropic.route_subscriptions is False
        await it.press("space", "y")
        assert it.engine.settings.anthropic.route_subscriptions is True


async def test_secrets_in_memory_are_not_moved(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await it.engine.vault()
        await at(it, "vault")
        await it.press("enter", *"file", "enter")
        assert it.toasts()[-1].startswith("This rota keeps its secrets in memory only")


async def test_typing_narrows_and_o_shows_only_what_was_changed(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        table = await at(it, "ui.theme")
        await it.press("slash", *"quiet", "enter")
        assert table.rows.keys() == {"alerts.quiet_hours"}
        await it.press("escape", "o")
        assert "ui.animations" in table.rows
        assert "pool.retries" not in table.rows
        await it.press("escape")
        assert len(table.rows) > 70


async def test_paths_are_listed_and_copied(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await at(it, "path:settings")
        await it.press("y")
        assert it.app.clipboard == str(it.engine.paths.config_file)


async def test_the_title_of_the_terminal_says_the_worst_and_is_given_back(tmp_path: Path) -> None:
    from tests.support.app_world import NOW

    from rota.account import Health
    from rota.errors import Meaning
    from rota.events import CooldownStarted, HealthChanged

    async with opened(tmp_path, account("work"), account("home")) as it:
        written: list[str] = []
        it.app.terminal_title._write = written.append
        it.app.terminal_title._has_title = True
        await it.pass_time(1)
        assert written[-1] == "\x1b]2;rota\x07"
        held = CooldownStarted(at=NOW, account_id="work", until=NOW + 60, meaning=Meaning.THROTTLED, reason="busy")
        await it.happen(held)
        await it.pass_time(1)
        assert written[-1] == "\x1b]2;rota · 1 account cooling\x07"
        await it.pass_time(70)  # nothing happens but that its hold is over
        assert written[-1] == "\x1b]2;rota\x07"
        await it.happen(HealthChanged(at=NOW, account_id="work", health=Health.NEEDS_LOGIN, reason="401"))
        await it.pass_time(1)
        assert written[-1] == "\x1b]2;rota · 1 account needs you\x07"
        await at(it, "alerts.title")
        await it.press("space")
        await it.pass_time(1)
        assert written[-1] == "\x1b[23;2t"
        assert json.dumps(written).count("[22;2t") == 1
