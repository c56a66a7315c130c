"""The pictures that README shows are what the app shows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from screenshots.scenes import ACTS
from screenshots.take import HERE, shoot, stale_of, take

from rota.simulator import build_world, credentials_of


@pytest.mark.parametrize("act", ACTS)
async def test_no_picture_is_stale(act: str) -> None:
    stale = stale_of(await take(ACTS[act]))
    assert not stale, f"run `make screenshots`: {', '.join(stale)}"


async def test_the_film_is_what_the_app_shows() -> None:
    stale = stale_of(await shoot())
    assert not stale, f"run `make screenshots`: {', '.join(stale)}"


def test_the_recording_can_be_played() -> None:
    head, *frames = map(json.loads, (HERE / "demo.cast").read_text(encoding="utf-8").splitlines())
    assert head["version"] == 2
    times = [at for at, kind, _ in frames if kind == "o"]
    assert times == sorted(times)
    assert len(times) == len(frames) > 20


def test_readme_shows_only_what_the_script_makes_and_the_film_first() -> None:
    readme = (HERE.parent / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"!\[[^]]*\]\(screenshots/([^)]+)\)", readme)
    made = {f"{scene.name}.svg" for act in ACTS.values() for scene in act.scenes} | {"demo.svg"}
    assert shown[0] == "demo.svg"
    assert set(shown) <= made
    assert {path.name for path in HERE.glob("*.svg")} == made


def test_no_picture_holds_a_secret() -> None:
    logins = credentials_of(build_world("demo", seed=7))
    secrets = [login[name][-24:] for login in logins for name in ("secret", "refresh_token") if login.get(name)]
    assert secrets
    for path in [*Path(HERE).glob("*.svg"), *Path(HERE).glob("*.cast")]:
        held = path.read_text(encoding="utf-8")
        assert not [secret for secret in secrets if secret in held], path.name
