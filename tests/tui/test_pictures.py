"""The pictures that README shows are what the app shows."""

from __future__ import annotations

import json
from pathlib import Path

from screenshots.take import HERE, shoot, stale_of, take

from rota.simulator import build_world, credentials_of


async def test_no_picture_is_stale() -> None:
    stale = stale_of(await take())
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


def test_no_picture_holds_a_secret() -> None:
    logins = credentials_of(build_world("demo", seed=7))
    secrets = [login[name][-24:] for login in logins for name in ("secret", "refresh_token") if login.get(name)]
    assert secrets
    for path in [*Path(HERE).glob("*.svg"), *Path(HERE).glob("*.cast")]:
        held = path.read_text(encoding="utf-8")
        assert not [secret for secret in secrets if secret in held], path.name
