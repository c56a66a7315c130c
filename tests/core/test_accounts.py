"""The commands about accounts, through an engine over the simulated providers and a real log and vault."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from tests.support.engines import engine_on, sign_in

from rota.account import Health, Kind
from rota.accounts import PREFIX
from rota.clock import ManualClock
from rota.demo import credential_of
from rota.errors import AmbiguousAccount, SecretMissing, SignInFailed, StoreError, UnknownAccount
from rota.log import SqliteLog
from rota.providers.base import Credential
from rota.providers.credential import seal
from rota.secret import Secret
from rota.simulator import Fault, World, build_world, set_account

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from rota.engine import Engine
    from rota.events import Event
    from rota.snapshot import Snapshot


@pytest.fixture
def world() -> World:
    return build_world("default", clock=ManualClock())


def labels(engine: Engine) -> list[str]:
    return [s.account.label for s in engine.snapshot.listed()]


async def test_a_key_is_kept_once_the_provider_has_said_whose_it_is(world: World, tmp_path: Path) -> None:
    async with engine_on(world, tmp_path) as engine:
        (added,) = await sign_in(engine, world, "console")
        state = engine.snapshot.listed()[0]

    assert not added.renewed
    assert (state.account.kind, state.account.health) == (Kind.API_KEY, Health.READY)
    assert world.calls.listed(path="/v1/models"), "the key was proved by a real call"


async def test_a_wrong_key_gives_the_providers_words_and_nothing_is_kept(world: World, tmp_path: Path) -> None:
    async with engine_on(world, tmp_path) as engine:
        with pytest.raises(SignInFailed, match="invalid x-api-key"):
            await engine.add_secret("anthropic", Kind.API_KEY, Secret("sk-ant-api03-wrong"))

        assert labels(engine) == []
        assert await (await engine.services()).vault.names() == frozenset()


async def test_the_same_key_twice_is_one_account(world: World, tmp_path: Path) -> None:
    async with engine_on(world, tmp_path) as engine:
        (first,) = await sign_in(engine, world, "console")
        (second,) = await sign_in(engine, world, "console")

        assert second.renewed
        assert second.account_id == first.account_id
        assert labels(engine) == ["console"]


async def test_one_person_in_two_organisations_is_two_accounts(tmp_path: Path) -> None:
    world = build_world("duplicates", clock=ManualClock())
    async with engine_on(world, tmp_path) as engine:
        await sign_in(engine, world, "personal", "company")

        assert len(labels(engine)) == 2
        assert len({s.account.identity for s in engine.snapshot.listed()}) == 2


async def test_a_gated_account_is_kept_and_says_what_to_do(tmp_path: Path) -> None:
    world = build_world("gated", clock=ManualClock())
    async with engine_on(world, tmp_path) as engine:
        await sign_in(engine, world, "needs-email")
        account = engine.snapshot.listed()[0].account

    assert account.health is Health.GATED
    assert "email" in account.health_reason


async def test_labels_that_are_taken_get_a_number(world: World, tmp_path: Path) -> None:
    async with engine_on(world, tmp_path) as engine:
        first, second = await sign_in(engine, world, "console", "console-small")
        accounts = await engine.accounts()
        await accounts.label(first.account_id, "work")

        assert await accounts.label(second.account_id, "Work") == "Work 2"
        assert await accounts.label(second.account_id, "a\nb\x1b[31m") == "a b [31m"


async def test_removing_deletes_the_secret_and_says_what_stays(world: World, tmp_path: Path) -> None:
    async with engine_on(world, tmp_path) as engine:
        (added,) = await sign_in(engine, world, "carol")
        (removed,) = await engine.remove([added.account_id])

        assert "revoke" in removed.remains
        assert removed.url == "https://puter.com/"
        assert labels(engine) == []
        with pytest.raises(SecretMissing):
            await (await engine.services()).vault.get(PREFIX + added.account_id)
    assert not [c for c in world.calls.listed() if c.path.endswith("/logout")]


async def test_removing_the_active_account_names_the_next_one(world: World, tmp_path: Path) -> None:
    async with engine_on(world, tmp_path) as engine:
        first, second = await sign_in(engine, world, "console", "console-small")
        accounts = await engine.accounts()
        await accounts.use(first.account_id)
        await accounts.pin(first.account_id)
        await engine.remove([first.account_id])

        assert engine.snapshot.active["anthropic"].account_id == second.account_id
        assert engine.snapshot.pinned["anthropic"].account_id is None


async def test_moving_a_row_keeps_the_others_in_order_and_changes_no_priority(world: World, tmp_path: Path) -> None:
    async with engine_on(world, tmp_path) as engine:
        await sign_in(engine, world, "console", "console-small", "carol")
        accounts = await engine.accounts()
        before = labels(engine)
        await accounts.move(engine.find("carol").id, -2)
        assert labels(engine) == [before[2], before[0], before[1]]
        await accounts.move(engine.find("carol").id, 99)

        assert labels(engine) == before
        assert {s.account.priority for s in engine.snapshot.listed()} == {0}


async def test_an_account_goes_by_label_email_number_or_the_start_of_its_id(world: World, tmp_path: Path) -> None:
    async with engine_on(world, tmp_path) as engine:
        console, small = await sign_in(engine, world, "console", "console-small")
        (carol,) = await sign_in(engine, world, "carol")

        assert engine.find("CAROL").id == carol.account_id
        assert engine.find("carol@example.com").id == carol.account_id
        assert engine.find("2").id == small.account_id
        assert engine.find(console.account_id).id == console.account_id
        assert engine.find("console").id == console.account_id, "a whole label beats the start of another"
        with pytest.raises(AmbiguousAccount) as several:
            engine.find("cons")
        assert several.value.candidates == ("1 console", "2 console-small")
        with pytest.raises(UnknownAccount, match="nobody"):
            engine.find("nobody")


async def test_a_log_that_cannot_be_written_takes_the_secret_back(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: SqliteLog, _decide: Callable[[Snapshot], Sequence[Event]]) -> None:
        raise StoreError("the disk is full", path=tmp_path)

    async with engine_on(world, tmp_path) as engine:
        monkeypatch.setattr(SqliteLog, "transact", full)
        with pytest.raises(StoreError, match="full"):
            await sign_in(engine, world, "console")

        assert await (await engine.services()).vault.names() == frozenset()
        assert labels(engine) == []


async def sweep(engine: Engine) -> tuple[str, ...]:
    """What the app does behind its first frame."""
    services = await engine.services()
    return await services.accounts.sweep(lambda name, credential: services.providers[name].identify(credential))


async def test_a_login_that_a_crash_left_without_an_account_becomes_one(world: World, tmp_path: Path) -> None:
    login = next(item for item in world_logins(world) if item["label"] == "carol")
    async with engine_on(world, tmp_path) as engine:
        vault = (await engine.services()).vault
        await vault.put(PREFIX + "torn", seal(credential_of(login)))
        notes = await sweep(engine)

        assert engine.snapshot.listed()[0].account.email == "carol@example.com"
        assert "an account again" in notes[0]
        assert await sweep(engine) == ()


async def test_a_lost_log_costs_no_login(world: World, tmp_path: Path) -> None:
    async with engine_on(world, tmp_path) as engine:
        await sign_in(engine, world, "console", "carol", "max")
        await engine.journal.flush()
        log = engine.paths.log_file
    for beside in log.parent.glob(f"{log.name}*"):
        beside.unlink()
    async with engine_on(world, tmp_path) as engine:
        assert labels(engine) == []
        await sweep(engine)

        assert len(labels(engine)) == 3


async def test_a_login_of_nobody_is_kept_while_its_provider_cannot_be_asked(world: World, tmp_path: Path) -> None:
    login = next(item for item in world_logins(world) if item["label"] == "carol")
    world.faults.force(Fault("html", provider="puter", path="/whoami", times=0))
    async with engine_on(world, tmp_path) as engine:
        vault = (await engine.services()).vault
        await vault.put(PREFIX + "torn", seal(credential_of(login)))
        notes = await sweep(engine)

        assert await vault.names() == {PREFIX + "torn"}
        assert "belongs to no account" in notes[0]


async def test_an_interrupted_login_that_is_dead_is_removed(world: World, tmp_path: Path) -> None:
    async with engine_on(world, tmp_path) as engine:
        vault = (await engine.services()).vault
        await vault.put(PREFIX + "torn", seal(Credential(Kind.API_KEY, Secret("sk-ant-api03-never-issued"))))
        notes = await sweep(engine)

        assert await vault.names() == frozenset()
        assert "Sign in again" in notes[0]


async def test_an_account_whose_secret_is_gone_asks_for_a_sign_in(world: World, tmp_path: Path) -> None:
    async with engine_on(world, tmp_path) as engine:
        (added,) = await sign_in(engine, world, "console")
        await (await engine.services()).vault.delete(PREFIX + added.account_id)
        await sweep(engine)

        assert engine.snapshot.listed()[0].account.health is Health.NEEDS_LOGIN


async def test_two_engines_that_add_one_login_at_once_end_with_one_account(world: World, tmp_path: Path) -> None:
    import asyncio

    async with engine_on(world, tmp_path) as one, engine_on(world, tmp_path) as other:
        both = await asyncio.gather(sign_in(one, world, "console"), sign_in(other, world, "console"))
        await one.journal.refresh()

        assert len({a.account_id for (a,) in both}) == 1
        assert labels(one) == ["console"]


async def test_every_file_of_the_home_is_private(world: World, tmp_path: Path) -> None:
    if os.name != "posix":
        pytest.skip("modes are POSIX")
    home = tmp_path / "home"
    async with engine_on(world, home) as engine:
        await sign_in(engine, world, "console", "carol")
        await engine.models()
        await engine.journal.flush()
        modes = modes_of(home)

    assert {m for p, m in modes.items() if p.is_dir()} == {0o700}
    assert {m for p, m in modes.items() if p.is_file()} == {0o600}


async def test_no_seeded_secret_is_in_any_file_but_the_vaults(world: World, tmp_path: Path) -> None:
    secrets = [
        login[name] for login in world_logins(world) for name in ("secret", "refresh_token") if login.get(name)
    ]
    async with engine_on(world, tmp_path) as engine:
        await sign_in(engine, world)
        for state in engine.snapshot.listed():
            await engine.refresh_usage(state.id)
        await engine.models()

    assert leaks(tmp_path, secrets) == []


def modes_of(home: Path) -> dict[Path, int]:
    return {p: stat.S_IMODE(p.stat().st_mode) for p in (home, *home.rglob("*"))}


def leaks(home: Path, secrets: list[str]) -> list[Path]:
    """The files of a home, its vault aside, that hold one of the secrets."""
    files = [p for p in home.rglob("*") if p.is_file() and "vault" not in p.parts[-2:]]
    return [p for p in files if p.name != "vault.json" and any(s.encode() in p.read_bytes() for s in secrets)]


def world_logins(world: World) -> list[dict[str, str]]:
    from rota.simulator import credentials_of

    return credentials_of(world)


async def test_a_suspended_account_is_refused_in_the_providers_words(tmp_path: Path) -> None:
    world = build_world("default", clock=ManualClock())
    set_account(world, "dave", {"suspended": True})
    async with engine_on(world, tmp_path) as engine:
        with pytest.raises(SignInFailed, match="suspended"):
            await sign_in(engine, world, "dave")
