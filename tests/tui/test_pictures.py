"""The pictures that README shows are what the app shows."""

from __future__ import annotations

from screenshots.take import stored, take


async def test_no_picture_is_stale() -> None:
    taken = await take()
    stale = [name for name, svg in taken.items() if stored(name) != svg]
    assert not stale, f"run `make screenshots`: {', '.join(stale)}"


async def test_no_picture_holds_a_secret() -> None:
    from rota.simulator import build_world, credentials_of

    logins = credentials_of(build_world("demo", seed=7))
    secrets = [login[name] for login in logins for name in ("secret", "refresh_token") if login.get(name)]
    assert secrets
    for name in ("accounts", "chat"):
        picture = stored(name)
        assert picture is not None
        assert not [s for s in secrets if s[-24:] in picture]
