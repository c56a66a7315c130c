"""The catalogue by keys: searched, copied, opened in the chat, put into the fallback chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.support.app_world import MINUTE, NOW, Opened, account, opened

from rota import config
from rota.account import Kind
from rota.errors import Meaning
from rota.events import CooldownStarted, ModelCooled
from rota.simulator import credentials_of
from rota.simulator.faults import Fault
from rota_tui.messages import ModelRequested
from rota_tui.pieces import UNICODE, fit_inside, plain
from rota_tui.screens.chat import ChatScreen
from rota_tui.widgets.catalogue_table import CatalogueTable

if TYPE_CHECKING:
    from pathlib import Path

SIZES = [(80, 24), (120, 40), (200, 60)]


async def sign_in(it: Opened, provider: str = "puter") -> str:
    """An account that the simulated world knows; its label."""
    kind = {"puter": Kind.PUTER, "anthropic": Kind.API_KEY}[provider]
    from rota.secret import Secret

    secret = next(str(c["secret"]) for c in credentials_of(it.world) if c["kind"] == kind)
    added = await it.engine.add_secret(provider, kind, Secret(secret))
    await it.settled()
    return added.label


async def models(it: Opened) -> CatalogueTable:
    """Go to the models, with the catalogue there."""
    await it.press("4")
    await it.settled()
    return it.app.screen.query_one(CatalogueTable)


@pytest.mark.parametrize("size", SIZES)
async def test_the_catalogue_says_what_each_model_holds_costs_and_who_serves_it(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with opened(tmp_path, size=size) as it:
        label = await sign_in(it)
        table = await models(it)
        assert len(table.models) > 5
        assert it.line(f"{len(table.models)} models")
        for title in ("Model", "Context", "$/M in", "$/M out", "Served by"):
            assert title in it.line("$/M in")
        told = it.line("$/M in") if size[0] > 80 else it.text().splitlines()[-3]
        assert ("Provider" if size[0] > 80 else "Puter") in told
        assert label[:8] in it.line(table.models[table.keys[0]].id[:12])


@pytest.mark.parametrize("size", SIZES)
async def test_hardly_a_model_looks_like_another(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, size=size) as it:
        await sign_in(it)
        table = await models(it)
        column = table._columns[0]
        drawn = [plain(fit_inside(table.cells(key)[0], column.width, UNICODE)) for key in table.keys]
        assert len(drawn) > 500
        assert len(drawn) - len(set(drawn)) <= len(drawn) // 40
        await it.press("slash", *"haiku-4-5-2025", "enter")
        assert it.line("claude-haiku-4-5-20251001")


async def test_typing_narrows_and_escape_shows_all(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await sign_in(it)
        table = await models(it)
        everything = len(table.keys)
        await it.press("slash", *"nano")
        assert 0 < len(table.keys) < everything
        assert all("nano" in key for key in table.keys[:1])
        await it.press("enter", "escape")
        assert len(table.keys) == everything


async def test_a_search_that_finds_nothing_says_so_and_how_to_go_on(tmp_path: Path) -> None:
    async with opened(tmp_path, size=(80, 24)) as it:
        await sign_in(it)
        await models(it)
        await it.press("slash", *"zzqq")
        assert "nothing fits; Escape shows all" in it.line("0 of ")
        assert "Search" not in it.text().splitlines()[-1]  # a stroke would only be one more letter


async def test_a_problem_with_a_provider_is_told_to_its_end_on_a_narrow_terminal(tmp_path: Path) -> None:
    async with opened(tmp_path, size=(80, 24)) as it:
        await sign_in(it, "anthropic")
        it.world.faults.force(Fault("html", path="/v1/models", times=0))
        await models(it)
        problem = (await it.engine.services()).catalogue.problems["anthropic"]
        assert len(problem) > 60
        assert problem in " ".join(it.text().split())


async def test_a_wide_terminal_names_everybody_who_serves_and_keeps_the_figures_near_the_name(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work"), account("spare"), size=(200, 60)) as it:
        await sign_in(it, "anthropic")
        await models(it)
        titles = it.line("$/M in")
        assert titles.index("Provider") <= 80
        assert "spare, work, " in it.line("claude-opus-5 ")


async def test_a_narrow_terminal_has_what_it_has_no_column_for_beneath_the_table(tmp_path: Path) -> None:
    async with opened(tmp_path, size=(80, 24)) as it:
        await sign_in(it, "anthropic")
        await models(it)
        assert "tools sees thinks · answers up to 128k" in it.line("claude-opus-5 · ")


async def test_enter_opens_the_model_in_the_chat(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await sign_in(it)
        await models(it)
        await it.press("slash", *"gpt-5-nano", "enter", "enter")
        asked = [m for m in it.messages if isinstance(m, ModelRequested)]
        assert asked
        assert isinstance(it.app.screen, ChatScreen)
        assert it.app.screen.choice is not None
        assert (it.app.screen.choice.provider, it.app.screen.choice.model) == (asked[0].provider, asked[0].model)


async def test_y_copies_the_id(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await sign_in(it)
        table = await models(it)
        await it.press("y")
        assert it.app.clipboard == table.models[str(table.cursor_key)].id


async def test_f_puts_a_model_into_the_fallback_chain_at_once_and_takes_it_out(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await sign_in(it)
        table = await models(it)
        await it.press("slash", *"gpt-5-nano", "enter")
        model = table.models[str(table.cursor_key)].id
        await it.press("f")
        assert it.engine.settings.pool.fallback_models["puter"][-1] == model
        assert config.load(it.engine.paths, {}).pool.fallback_models["puter"][-1] == model
        assert table.cursor_key in table.chain
        await it.press("f")
        assert model not in it.engine.settings.pool.fallback_models["puter"]
        assert it.toasts()[-1].endswith("is out of Puter's fallback chain.")


async def test_a_cooling_model_counts_down_and_says_nobody_serves_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await sign_in(it)
        table = await models(it)
        await it.press("slash", *"gpt-5-nano", "enter")
        model = table.models[str(table.cursor_key)].id
        await it.happen(
            ModelCooled(
                at=NOW, provider="puter", model=model, until=NOW + MINUTE, meaning=Meaning.MODEL_LIMITED, reason="429"
            )
        )
        assert "cooling 01:00" in it.line(model)
        await it.pass_time(28)
        assert "cooling 00:32" in it.line(model)


async def test_an_account_that_cools_serves_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await sign_in(it)
        table = await models(it)
        state = it.engine.snapshot.listed()[0]
        held = CooldownStarted(at=NOW, account_id=state.id, until=NOW + MINUTE, meaning=Meaning.LIMITED, reason="429")
        await it.happen(held)
        assert "cooling 01:00" in it.line(table.models[table.keys[0]].id)


async def test_without_an_account_it_says_where_the_list_comes_from(tmp_path: Path) -> None:
    async with opened(tmp_path) as it:
        await models(it)
        assert it.line("the list comes with the first account")


async def test_a_provider_that_cannot_be_asked_is_named(tmp_path: Path) -> None:
    async with opened(tmp_path, account("work")) as it:  # a key that the simulated world does not know
        await models(it)
        assert it.line("Anthropic: ")


@pytest.mark.parametrize("size", SIZES)
async def test_plain_characters_are_enough(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, size=size, ascii=True) as it:
        await sign_in(it)
        await models(it)
        await it.press("slash", *"gpt", "enter", "f")
        assert it.text().isascii(), [c for c in it.text() if not c.isascii()]
        assert "in the fallback chain" in it.text()


async def test_each_fact_about_a_model_has_a_column_or_a_word(tmp_path: Path) -> None:
    async with opened(tmp_path, size=(160, 40)) as it:
        label = await sign_in(it)
        table = await models(it)
        assert len(table.models) >= 500
        titles = it.line("$/M in").split("  ")
        assert [title.strip() for title in titles if title.strip()] == [
            "Model",
            "Provider",
            "Context",
            "Output",
            "$/M in",
            "$/M out",
            "Can",
            "Served by",
        ]
        await it.press("slash", *"gpt-5-nano", "enter")
        row = it.line(" gpt-5.4-nano ")
        assert "tools sees" in row
        assert label[:12] in row
        await it.press("slash", *["backspace"] * 10, *"oss free", "enter")
        assert "free" in it.line("oss-20b:free")


@pytest.mark.parametrize("size", SIZES)
async def test_a_note_stands_over_neither_the_details_nor_a_row(tmp_path: Path, size: tuple[int, int]) -> None:
    async with opened(tmp_path, size=size) as it:
        await sign_in(it)
        await models(it)
        details = it.text().splitlines()[-4:]
        it.app.notify("max is spent\npro is spent")
        await it.settled()
        lines = it.text().splitlines()
        assert lines[-4:] == details
        assert [line.strip() for line in lines[-6:-4]] == ["▌ max is spent", "▌ pro is spent"]
