"""Imports done, done again and taken back, on a real log."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.foreign_files import ALICE, BOB, NOW, NOW_MS, Machine, oauth, puter_token, token
from tests.support.importing import home

from rota.account import Health, Identity, Kind
from rota.errors import ConfigError, Failure, Meaning, ProviderError, UsageError, VaultError
from rota.events import AccountsImported
from rota.providers.base import Credential
from rota.secret import Secret
from rota.vault.memory import MemoryVault

if TYPE_CHECKING:
    from pathlib import Path

USER = "6f3f8f0e-3f57-4d2a-9a3e-0b6c5d4e3f21"
OLD_CONFIG = '{\n  // mine\n  "model": "google/puter-gpt-5-nano"\n}\n'


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A home with five foreign files, one login standing in two of them."""
    machine = Machine(tmp_path / "home")
    machine.write(machine.auth, {"anthropic": oauth("b"), "puter": {"type": "api", "key": puter_token(USER)}})
    machine.write(
        machine.plugin_accounts,
        {
            "version": 1,
            "accounts": [
                {**oauth("a"), "addedAt": 1, "label": "first"},
                {**oauth("b"), "addedAt": 2, "label": "second", "rateLimitedUntil": NOW_MS + 60_000},
                {**oauth("c"), "addedAt": 3, "label": "third", "enabled": False},
            ],
            "activeIndex": 1,
        },
    )
    machine.write(
        machine.puter_accounts, {"accounts": [{"username": "ada", "authToken": puter_token(USER)}]}, mode=0o644
    )
    machine.write(".config/opencode/puter.json", {"max_retries": 7, "fallback_cooldown_ms": 90_000})
    machine.write(".config/opencode/opencode.jsonc", OLD_CONFIG)
    return machine


@pytest.fixture
def rota(tmp_path: Path) -> Path:
    return tmp_path / "rota"


async def whose(provider: str, credential: Credential) -> Identity:
    """Whose each of the made-up logins is."""
    for name, key in (("a", ALICE), ("b", BOB), ("c", "user-c/org-c")):
        if credential.secret == Secret(token("oat", name)):
            return Identity(key=key, kind=Kind.SUBSCRIPTION, email=f"{name}@example.com", plan="Max 5x")
    return Identity(key=USER, kind=Kind.PUTER, name="ada")


async def test_five_files_become_accounts_with_order_labels_state_and_limits(machine: Machine, rota: Path) -> None:
    async with home(machine, rota) as here:
        report = await here.importer.apply(await here.plan(whose))

        states = here.journal.snapshot.listed()
        assert [s.account.label for s in states] == ["first", "second", "third", "ada"]
        assert report.added == ("first", "second", "third", "ada")
        first, second, third, ada = states
        assert first.account.identity == ALICE
        assert first.account.plan == "Max 5x"
        assert first.account.origin == "anthropic-multi-auth"
        assert not third.account.enabled
        assert second.hold is not None
        assert second.hold.until == NOW + 60
        active = here.journal.snapshot.active
        assert active["anthropic"].account_id == second.id
        assert (await here.login(second.id)).refresh == Secret(token("ort", "b"))
        assert (await here.login(second.id)).owner is None
        assert ada.account.kind is Kind.PUTER
        assert here.settings.written("pool.retries") == "7"
        assert here.settings.written("pool.model_cooldown_s") == "90"
        assert report.settings == ("pool.retries", "pool.model_cooldown_s")
        (imported,) = [
            e for e in await here.journal.ask(lambda log: log.recent(50)) if isinstance(e, AccountsImported)
        ]
        assert imported.import_id == report.import_id
        assert imported.account_ids == tuple(s.id for s in states)


async def test_sources_are_not_touched_unless_asked(machine: Machine, rota: Path) -> None:
    def tree() -> dict[str, Any]:
        files = [path for path in machine.home.rglob("*") if path.is_file()]
        return {str(path): (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns) for path in files}

    before = tree()
    async with home(machine, rota) as here:
        plan = await here.plan(whose)
        assert plan.edits
        assert plan.exposed
        await here.importer.apply(plan)
    assert tree() == before


async def test_running_it_twice_adds_nothing(machine: Machine, rota: Path) -> None:
    async with home(machine, rota) as here:
        await here.importer.apply(await here.plan(whose), change_files=True)
        labels = here.labels()

        plan = await here.plan(whose)
        report = await here.importer.apply(plan, change_files=True)

        assert plan.changes_nothing
        assert report.import_id is None
        assert report.same == len(plan.items)
        assert here.labels() == labels


async def test_running_it_twice_offline_adds_nothing(machine: Machine, rota: Path) -> None:
    async with home(machine, rota) as here:
        await here.importer.apply(await here.plan())
        labels = here.labels()
        assert not (await here.plan()).wanted
        assert not (await here.plan(whose)).wanted
        assert here.labels() == labels


async def test_one_plan_applied_by_two_processes_adds_its_accounts_once(machine: Machine, rota: Path) -> None:
    vault = MemoryVault()
    async with home(machine, rota, vault=vault) as one, home(machine, rota, vault=vault) as two:
        plan_one, plan_two = await one.plan(whose), await two.plan(whose)
        await one.importer.apply(plan_one)
        await two.journal.refresh()

        report = await two.importer.apply(plan_two)

        assert report.added == ()
        assert len(report.notes) == 4
        assert "signed in to meanwhile" in report.notes[0]
        assert len(two.labels()) == 4


async def test_an_import_is_taken_back_and_done_again(machine: Machine, rota: Path) -> None:
    config = machine.home / ".config/opencode/opencode.jsonc"
    async with home(machine, rota) as here:
        report = await here.importer.apply(await here.plan(whose), change_files=True)
        assert '"model": "puter/gpt-5-nano"' in config.read_text()
        assert len(here.links.all()) == 6

        undone = await here.importer.undo()

        assert undone.import_id == report.import_id
        assert undone.removed == ("first", "second", "third", "ada")
        assert here.labels() == []
        assert await here.vault.names() == frozenset()
        assert config.read_text() == OLD_CONFIG
        assert here.settings.written("pool.retries") is None
        assert here.links.all() == ()
        with pytest.raises(UsageError):
            await here.importer.undo()

        again = await here.importer.apply(await here.plan(whose))
        assert again.added == report.added


async def test_a_renewal_is_taken_back_to_the_login_before(machine: Machine, rota: Path) -> None:
    async with home(machine, rota) as here:
        before = Credential(Kind.SUBSCRIPTION, Secret("old-access"), Secret("old-refresh"), expires_at=NOW - 5)
        mine = await here.accounts.add("anthropic", before, Identity(ALICE, Kind.SUBSCRIPTION), label="mine")

        report = await here.importer.apply(await here.plan(whose))
        assert report.renewed == ("mine",)
        assert (await here.login(mine.account_id)).refresh == Secret(token("ort", "a"))

        undone = await here.importer.undo()

        assert (await here.login(mine.account_id)).refresh == Secret("old-refresh")
        assert here.labels() == ["mine"]
        assert undone.notes == ("mine has the login back that it had before the import.",)
        assert await here.vault.names() == {f"account/{mine.account_id}"}


async def test_only_the_last_imports_old_logins_are_kept(machine: Machine, rota: Path) -> None:
    async with home(machine, rota) as here:
        old = Credential(Kind.SUBSCRIPTION, Secret("old"), Secret("old-refresh"), expires_at=NOW - 5)
        await here.accounts.add("anthropic", old, Identity(ALICE, Kind.SUBSCRIPTION))
        await here.importer.apply(await here.plan(whose, "anthropic-multi-auth"))
        assert any(name.startswith("undo/") for name in await here.vault.names())

        await here.importer.apply(await here.plan(whose))

        assert not any(name.startswith("undo/") for name in await here.vault.names())


async def test_what_was_changed_since_the_import_stays_at_an_undo(machine: Machine, rota: Path) -> None:
    config = machine.home / ".config/opencode/opencode.jsonc"
    async with home(machine, rota) as here:
        await here.importer.apply(await here.plan(whose), change_files=True)
        config.write_text('{"model": "mine"}')
        here.settings.write("pool.retries", "2")

        undone = await here.importer.undo()

        assert config.read_text() == '{"model": "mine"}'
        assert here.settings.written("pool.retries") == "2"
        assert len(undone.notes) == 2


async def test_a_setting_of_the_persons_own_comes_back_at_an_undo(machine: Machine, rota: Path) -> None:
    async with home(machine, rota) as here:
        here.settings.write("pool.retries", "1")
        await here.importer.apply(await here.plan(whose))
        assert here.settings.current("pool.retries") == "7"
        await here.importer.undo()
        assert here.settings.written("pool.retries") == "1"


async def test_dead_logins_come_in_to_sign_in_again(machine: Machine, rota: Path) -> None:
    machine.write(machine.plugin_accounts, {"accounts": [{**oauth("a"), "addedAt": 1}]})

    async with home(machine, rota) as here:
        plan = await here.plan(refusing, "anthropic-multi-auth")
        await here.importer.apply(plan)
        (state,) = here.journal.snapshot.listed()
        assert state.account.health is Health.NEEDS_LOGIN
        assert "sign in again" in state.account.health_reason
        assert not (await here.plan(refusing, "anthropic-multi-auth")).wanted


async def refusing(provider: str, credential: Credential) -> Identity:
    raise ProviderError(Failure(Meaning.LOGIN_DEAD, "This login was revoked."))


class TightVault(MemoryVault):
    """A vault that is full after some secrets."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room

    async def put(self, name: str, secret: Secret) -> None:
        if len(await self.names()) >= self.room:
            raise VaultError("The vault is full.")
        await super().put(name, secret)


async def test_an_import_that_fails_half_way_leaves_nothing_behind(machine: Machine, rota: Path) -> None:
    vault = TightVault(room=2)
    async with home(machine, rota, vault=vault) as here:
        with pytest.raises(VaultError):
            await here.importer.apply(await here.plan(whose), change_files=True)

        assert here.labels() == []
        assert await vault.names() == frozenset()
        assert here.links.all() == ()
        assert (machine.home / ".config/opencode/opencode.jsonc").read_text() == OLD_CONFIG


async def test_a_settings_file_that_is_broken_stops_the_import_whole(machine: Machine, rota: Path) -> None:
    async with home(machine, rota) as here:
        plan = await here.plan(whose)
        here.paths.config_file.write_text("this is not = = toml")
        with pytest.raises(ConfigError):
            await here.importer.apply(plan)
        assert here.labels() == []


async def test_a_file_that_changed_since_the_plan_is_not_overwritten(machine: Machine, rota: Path) -> None:
    config = machine.home / ".config/opencode/opencode.jsonc"
    async with home(machine, rota) as here:
        plan = await here.plan(whose)
        config.write_text('{"model": "google/puter-other"}')
        report = await here.importer.apply(plan, change_files=True)
        assert report.files == ()
        assert "changed meanwhile" in report.notes[0]
        assert config.read_text() == '{"model": "google/puter-other"}'


async def test_a_rewritten_file_keeps_its_mode_and_its_link(machine: Machine, rota: Path) -> None:
    config = machine.home / ".config/opencode/opencode.jsonc"
    real = machine.home / "dotfiles.jsonc"
    config.rename(real)
    real.chmod(0o640)
    config.symlink_to(real)
    async with home(machine, rota) as here:
        await here.importer.apply(await here.plan(whose), change_files=True)
    assert config.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert "puter/gpt-5-nano" in real.read_text()


async def test_files_open_to_others_are_closed_when_asked(machine: Machine, rota: Path) -> None:
    async with home(machine, rota) as here:
        await here.importer.apply(await here.plan(whose), tighten_files=True)
    assert stat.S_IMODE(machine.puter_accounts.stat().st_mode) == 0o600


async def test_items_left_out_are_not_brought_in(machine: Machine, rota: Path) -> None:
    async with home(machine, rota) as here:
        plan = await here.plan(whose)
        await here.importer.apply(plan.without(item.key for item in plan.items if item.name != "first"))
        assert here.labels() == ["first"]


async def test_nothing_of_an_import_is_readable_by_others_and_no_secret_lies_outside_the_vault(
    machine: Machine, rota: Path
) -> None:
    async with home(machine, rota) as here:
        await here.importer.apply(await here.plan(whose), change_files=True)
        await here.journal.flush()
    assert exposed_or_secret(rota) == []


def exposed_or_secret(folder: Path) -> list[Path]:
    """What below a folder others can read, or holds one of the made-up secrets."""
    secrets = (b"sk-ant-", puter_token(USER).encode())
    return [
        path
        for path in folder.rglob("*")
        if stat.S_IMODE(path.stat().st_mode) & 0o077
        or (path.is_file() and any(secret in path.read_bytes() for secret in secrets))
    ]
