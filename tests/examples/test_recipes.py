"""The recipes of ARCHITECTURE.md, followed."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from tests.support.foreign_files import Machine
from tests.support.importing import home as home_on

from rota import accounts, settings
from rota.account import Identity, Kind
from rota.migrate import survey
from rota.plugins import PROVIDERS, STRATEGIES
from rota.pool import strategies
from rota.providers.registry import METHODS

if TYPE_CHECKING:
    from rota.providers.base import Credential

TOP = Path(__file__).parents[2]
PAGE = (TOP / "ARCHITECTURE.md").read_text("utf-8")
RECIPES = PAGE.partition("## Recipes")[2].partition("\n## ")[0]
CODE = re.findall(r"```python\n(.*?)```", RECIPES, flags=re.DOTALL)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:core|tui|tests|examples)/[\w/.]+)`", RECIPES))))
def test_every_place_that_a_recipe_names_is_there(path: str) -> None:
    assert (TOP / path).exists()


def test_the_groups_that_the_recipes_name_are_those_that_are_looked_into() -> None:
    assert f"`{PROVIDERS}`" in RECIPES
    assert f"`{STRATEGIES}`" in RECIPES


def test_every_strategy_of_ours_can_be_set_by_its_name() -> None:
    assert tuple(strategies.STRATEGIES) == settings.STRATEGIES
    assert all(strategies.named(name).name == name for name in settings.STRATEGIES)


def test_every_provider_of_ours_is_a_folder_with_all_the_methods() -> None:
    from rota.providers.anthropic import AnthropicProvider
    from rota.providers.puter import PuterProvider

    ours: tuple[type, ...] = (AnthropicProvider, PuterProvider)
    assert tuple(provider.name for provider in ours) == accounts.OWN  # type: ignore[attr-defined]  # each has one
    for provider in ours:
        assert all(callable(getattr(provider, method)) for method in METHODS)
        assert (TOP / "core/rota/providers" / provider.__module__.split(".")[2]).is_dir()


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe's source, put where the recipe says."""
    module = ModuleType("notebook")
    exec(compile(CODE[0], "ARCHITECTURE.md", "exec", dont_inherit=True), module.__dict__)
    monkeypatch.setattr(survey, "SOURCES", (*survey.SOURCES, module))


async def whose(provider: str, credential: Credential) -> Identity:
    return Identity(key=f"{provider}-{credential.secret.fingerprint()}", kind=Kind.API_KEY)


@pytest.mark.usefixtures("notebook")
async def test_an_import_source_made_by_the_recipe_is_found_planned_applied_and_undone(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.write(".notebook.json", {"key": "sk-ant-api03-" + "n" * 40})
    assert "notebook" in survey.names()
    async with home_on(machine, tmp_path / "rota") as home:
        report = await home.importer.apply(await home.plan(whose, "notebook"))
        assert home.labels() == ["from the notebook"]
        assert report.added == ("from the notebook",)
        await home.importer.undo()
        assert home.labels() == []


@pytest.mark.usefixtures("notebook")
async def test_what_is_wrong_in_its_file_is_said_without_its_value(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "home")
    machine.write(".notebook.json", {"key": ["sk-ant-api03-secret"]})
    async with home_on(machine, tmp_path / "rota") as home:
        plan = await home.plan(whose, "notebook")
    assert not plan.items
    assert len(plan.problems) == 1
    assert "secret" not in str(plan.problems[0])
