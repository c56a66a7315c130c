"""A refresh token works one time: whoever asks, however often, in however many processes."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.pool_world import Pooled, credential_of, pooled, settle, waited

from rota.account import Account, Health, Kind
from rota.clock import SystemClock
from rota.errors import Meaning, ProviderError, SecretMissing, VaultError
from rota.events import (
    AccountAdded,
    AccountRemoved,
    AccountRenewed,
    CooldownStarted,
    Identity,
    RefreshFailed,
    TokenRefreshed,
)
from rota.journal import Journal
from rota.log import SqliteLog
from rota.paths import under
from rota.pool.refresh import Credentials
from rota.providers.credential import seal, unseal
from rota.simulator import Fault, SimulatorServer, World, credentials_of, set_account
from rota.simulator.credentials import refreshes_of
from rota.vault import open_vault

if TYPE_CHECKING:
    from rota.providers.base import Credential
    from rota.secret import Secret

SONNET = "claude-sonnet-4-5"


def login(world: World) -> None:
    world.add_profile("p")


def spent(it: Pooled) -> list[int]:
    """How often each refresh token reached the provider, whatever it answered."""
    return [record["spent"] + record["refused"] for record in refreshes_of(it.world)]


def end_token(it: Pooled, *, in_seconds: float = -1.0) -> None:
    """Let the access token end, at the provider and in the vault."""
    set_account(it.world, "p", {"access_expires_in": in_seconds})
    sealed = it.vault._secrets["account/id-p"]
    ended = replace(unseal(sealed), expires_at=it.clock.now() + in_seconds)
    it.vault._secrets["account/id-p"] = seal(ended)


async def current(it: Pooled) -> Credential:
    return await it.credentials.current("id-p")


async def failure_of(it: Pooled) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await current(it)
    return caught.value


async def test_a_hundred_requests_at_the_end_of_a_token_spend_one_refresh(tmp_path: Path) -> None:
    # anthropic-multi-auth spent the same token once a request (anthropic.md 6.3, 4).
    async with pooled(tmp_path, login) as it:
        end_token(it)
        got = await asyncio.gather(*(current(it) for _ in range(100)))
        assert len({c.secret.fingerprint() for c in got}) == 1
        assert spent(it) == [1, 0]
        assert len(it.heard(TokenRefreshed)) == 1


async def test_whoever_waited_for_the_lock_takes_what_was_renewed_meanwhile(tmp_path: Path) -> None:
    async with pooled(tmp_path, login) as it:
        end_token(it)
        other = Credentials(it.journal, it.vault, it.providers, tmp_path / "locks", it.clock)
        one, same = await asyncio.gather(current(it), other.current("id-p"))
        assert one.secret == same.secret
        assert spent(it) == [1, 0]


async def test_the_successor_is_stored_before_it_is_used(tmp_path: Path) -> None:
    async with pooled(tmp_path, login) as it:
        end_token(it)
        credential = await current(it)
        assert unseal(await it.vault.get("account/id-p")) == credential
        assert credential.refresh is not None
        assert it.heard(TokenRefreshed)[0].fingerprint == credential.refresh.fingerprint()
        await it.ask(SONNET)
        assert it.calls() == [("p", SONNET)]


async def test_a_token_is_renewed_ahead_of_its_end_while_requests_go_on_with_it(tmp_path: Path) -> None:
    async with pooled(tmp_path, login) as it:
        end_token(it, in_seconds=200.0)
        before = await current(it)
        await settle()
        assert len(it.heard(TokenRefreshed)) == 1
        assert before.expires_at == it.clock.now() + 200.0
        assert (await current(it)).secret != before.secret
        assert spent(it) == [1, 0]


async def test_leaving_during_a_refresh_does_not_cut_it_off(tmp_path: Path) -> None:
    async with pooled(tmp_path, login) as it:
        end_token(it)
        provider = it.credentials._providers["anthropic"]
        refresh, answered, goes_on = provider.refresh, asyncio.Event(), asyncio.Event()

        async def slowly(credential: Credential) -> Credential:
            successor = await refresh(credential)
            answered.set()
            await goes_on.wait()
            return successor

        provider.refresh = slowly  # type: ignore[method-assign]
        hasty = asyncio.create_task(current(it))
        await answered.wait()
        hasty.cancel()
        await settle()
        goes_on.set()
        credential = await current(it)
        assert unseal(await it.vault.get("account/id-p")) == credential
        assert spent(it) == [1, 0]


async def test_a_refused_token_is_believed_dead_only_after_reading_again(tmp_path: Path) -> None:
    async with pooled(tmp_path, login) as it:
        end_token(it)
        spent_one = unseal(await it.vault.get("account/id-p"))
        newer = await it.credentials._providers["anthropic"].refresh(spent_one)

        class Slow:
            """The vault as another tool leaves it: the successor appears only now."""

            def __init__(self) -> None:
                self.reads = 0

            async def get(self, name: str) -> Secret:
                self.reads += 1
                return seal(spent_one if self.reads <= 2 else newer)

        it.credentials._vault = Slow()  # type: ignore[assignment]  # only what is read here
        assert (await current(it)).secret == newer.secret
        assert it.heard(RefreshFailed) == []
        assert it.state("p").account.health is Health.READY


async def test_a_dead_login_is_said_once_and_its_token_never_sent_again(tmp_path: Path) -> None:
    async with pooled(tmp_path, login) as it:
        end_token(it)
        it.force(Fault("token-gone"))
        error = await failure_of(it)
        assert error.failure.meaning is Meaning.LOGIN_DEAD
        assert it.state("p").account.health is Health.NEEDS_LOGIN
        (said,) = it.heard(RefreshFailed)
        assert said.permanent
        calls = len(it.world.calls.listed())
        await failure_of(it)
        assert len(it.world.calls.listed()) == calls


async def test_a_verdict_does_not_bind_the_login_that_replaces_it(tmp_path: Path) -> None:
    async with pooled(tmp_path, login) as it:
        fresh = next(c for c in credentials_of(it.world) if c["label"] == "p")
        end_token(it)
        it.force(Fault("token-gone"))
        await failure_of(it)
        it.world.mint_access(it.world.profiles["p"], ("user:inference",))
        await it.vault.put("account/id-p", seal(replace(credential_of(fresh), expires_at=it.clock.now() + 3600)))
        identity = Identity(key="p", kind=Kind.CONSOLE_PROFILE)
        it.journal.publish(AccountRenewed(at=it.clock.now() + 1, account_id="id-p", identity=identity))
        assert (await current(it)).expires_at == it.clock.now() + 3600
        assert it.state("p").account.health is Health.READY


@pytest.mark.parametrize("name", ["token-429", "token-404", "invalid-client", "html"])
async def test_what_says_nothing_of_the_token_condemns_nobody_and_pauses(tmp_path: Path, name: str) -> None:
    async with pooled(tmp_path, login) as it:
        end_token(it)
        it.force(Fault(name, path="/oauth/token"))
        await failure_of(it)
        assert it.state("p").account.health is Health.READY
        calls = len(it.world.calls.listed())
        await failure_of(it)
        assert len(it.world.calls.listed()) == calls  # not hammered
        await it.clock.advance(6)
        assert (await current(it)).secret


async def test_a_lost_answer_is_not_retried_blindly_and_then_checked_once(tmp_path: Path) -> None:
    async with pooled(tmp_path, login) as it:
        lost = _Lose(it)
        end_token(it)
        with lost:
            await failure_of(it)
            await failure_of(it)
        assert sum(spent(it)) == 1
        assert it.state("p").account.health is Health.READY
        await it.clock.advance(61)
        error = await failure_of(it)
        assert error.failure.meaning is Meaning.LOGIN_DEAD  # it had been spent: its successor is gone
        assert it.state("p").account.health is Health.NEEDS_LOGIN
        assert sum(spent(it)) == 2


async def test_a_crash_between_spending_and_storing_is_known_to_the_next_process(tmp_path: Path) -> None:
    async with pooled(tmp_path, login) as it:
        end_token(it)
        with _Lose(it):
            await failure_of(it)
        it.credentials._pauses.clear()  # what a new process does not remember
        error = await failure_of(it)
        assert error.failure.code == "refresh-answer-lost"
        assert sum(spent(it)) == 1


class _Lose:
    """Lets the token endpoint spend the token and loses its answer on the way."""

    def __init__(self, it: Pooled) -> None:
        self._provider = it.credentials._providers["anthropic"]
        self._fetch = self._provider._ask_for_token  # type: ignore[attr-defined]

    def __enter__(self) -> None:
        async def lost(*args: object) -> object:
            await self._fetch(*args)
            from rota.errors import Failure

            raise ProviderError(Failure(Meaning.NETWORK, "The host closed the connection.", code="answer-lost"))

        self._provider._ask_for_token = lost  # type: ignore[attr-defined]

    def __exit__(self, *_exc: object) -> None:
        self._provider._ask_for_token = self._fetch  # type: ignore[attr-defined]


async def test_a_successor_that_cannot_be_saved_is_used_from_memory_aloud_and_saved_later(tmp_path: Path) -> None:
    async with pooled(tmp_path, login) as it:
        end_token(it)
        put = it.vault.put

        async def full(name: str, secret: Secret) -> None:
            raise VaultError("The disk is full.")

        it.vault.put = full  # type: ignore[method-assign]
        credential = await current(it)
        assert (await current(it)).secret == credential.secret
        (said,) = it.heard(RefreshFailed)
        assert "could not be saved (The disk is full.) and works only until this rota ends" in said.reason
        assert not said.permanent
        assert it.heard(TokenRefreshed) == []

        it.vault.put = put  # type: ignore[method-assign]
        await it.clock.advance(11)
        assert (await current(it)).secret == credential.secret
        assert unseal(await it.vault.get("account/id-p")).secret == credential.secret
        assert len(it.heard(TokenRefreshed)) == 1
        assert spent(it) == [1, 0]


@pytest.mark.parametrize("owner", ["claude-code", "opencode", "ant"])
async def test_a_token_that_another_tool_renews_is_read_and_never_refreshed(tmp_path: Path, owner: str) -> None:
    async with pooled(tmp_path, login) as it:
        end_token(it)
        theirs = replace(unseal(await it.vault.get("account/id-p")), owner=owner)
        await it.vault.put("account/id-p", seal(theirs))
        error = await failure_of(it)
        assert error.failure.meaning is Meaning.GATED
        assert "once, or sign in to rota itself" in error.hint
        assert sum(spent(it)) == 0
        # the tool renewed it
        renewed = replace(theirs, secret=type(theirs.secret)("renewed"), expires_at=it.clock.now() + 60)
        await it.vault.put("account/id-p", seal(renewed))
        assert (await current(it)).secret == renewed.secret


async def test_the_secret_of_an_account_removed_meanwhile_does_not_come_back(tmp_path: Path) -> None:
    async with pooled(tmp_path, login) as it:
        end_token(it)
        provider = it.credentials._providers["anthropic"]
        refresh = provider.refresh

        async def while_removing(credential: Credential) -> Credential:
            successor = await refresh(credential)
            await it.vault.delete("account/id-p")
            it.journal.publish(AccountRemoved(at=it.clock.now(), account_id="id-p"))
            return successor

        provider.refresh = while_removing  # type: ignore[method-assign]
        await current(it)
        with pytest.raises(SecretMissing):
            await it.vault.get("account/id-p")


async def test_a_failed_refresh_hands_the_request_to_another_account(tmp_path: Path) -> None:
    # anthropic-multi-auth threw "Token refresh failed: 500" and kept the account first (anthropic.md 6.3, 5).
    def two(world: World) -> None:
        world.add_profile("p")
        world.add_profile("q")

    async with pooled(tmp_path, two) as it:
        end_token(it)
        it.force(Fault("html", path="/oauth/token", status=500))
        assert await it.ask(SONNET) == "q"
        assert it.state("p").account.health is Health.READY


async def test_an_account_held_while_its_token_was_renewed_is_left_alone(tmp_path: Path) -> None:
    def two(world: World) -> None:
        world.add_profile("p")
        world.add_profile("q")

    async with pooled(tmp_path, two) as it:
        end_token(it)
        it.world.knobs.latency = 1.0
        asked = asyncio.ensure_future(it.ask(SONNET))
        await settle()
        now = it.clock.now()
        it.journal.publish(
            CooldownStarted(
                at=now, account_id="id-p", until=now + 60, meaning=Meaning.LIMITED, reason="5h limit reached"
            )
        )
        assert await waited(it, asked, 30) == "q"
        assert [account for account, _ in it.calls()] == ["q"]
        assert len(it.snapshot.in_flight) == 0
        assert [s.account_id for s in it.stories()] == ["id-q"]
        assert it.pool._means.gate.inside("id-p") == 0


@pytest.mark.parametrize("processes", [2])
async def test_processes_at_one_vault_spend_one_refresh_together(tmp_path: Path, processes: int) -> None:
    world = World(SystemClock())
    login(world)
    set_account(world, "p", {"access_expires_in": -1})
    paths = under(tmp_path)
    paths.ensure()
    seeded = next(c for c in credentials_of(world) if c["label"] == "p")
    vault = await open_vault("file", paths)
    await vault.put("account/id-p", seal(credential_of(seeded)))
    async with Journal(SqliteLog.open(paths.log_file), SystemClock()) as journal:
        account = Account(id="id-p", provider="anthropic", kind=Kind.CONSOLE_PROFILE, identity="p", label="p")
        journal.publish(AccountAdded(at=SystemClock().now(), account=account))
        await journal.flush()
    async with SimulatorServer(world=world) as server:
        urls = server.base_urls
        script = Path(__file__).with_name("refresh_process.py")
        running = [
            await asyncio.create_subprocess_exec(
                sys.executable,
                str(script),
                str(tmp_path),
                urls["anthropic_api"],
                urls["anthropic_auth"],
                "id-p",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            for _ in range(processes)
        ]
        for process in running:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n"
        said = [out for out, _ in await asyncio.gather(*(process.communicate(b"go\n") for process in running))]
        assert [process.returncode for process in running] == [0] * processes
    assert len({json.loads(line)[0] for line in said}) == 1
    assert [r["spent"] + r["refused"] for r in refreshes_of(world)] == [1, 0]
