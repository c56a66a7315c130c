"""A login renewed by rota reaches the files it stands in, and one renewed there is taken over."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.foreign_files import ALICE, BOB, NOW, NOW_MS, Machine, oauth, puter_token, token

from rota.account import Account, Identity, Kind
from rota.clock import ManualClock
from rota.errors import Failure, Meaning, ProviderError
from rota.events import AccountAdded, AlertRaised, Event
from rota.fold import fold
from rota.migrate.borders import login
from rota.migrate.foreign import replace_text
from rota.migrate.links import Links
from rota.migrate.records import Place
from rota.migrate.slots import renewed
from rota.migrate.writeback import SharedLogins, shared_sources, write_back
from rota.secret import Secret
from rota.settings import SharingSettings
from rota.snapshot import Snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from rota.providers.base import Credential

USER = "6f3f8f0e-3f57-4d2a-9a3e-0b6c5d4e3f21"
ALL = shared_sources(SharingSettings())


def credential(name: str, *, expires_at: float = NOW + 28_800) -> Credential:
    return login(Secret(token("oat", name)), Secret(token("ort", name)), expires_at)


def fingerprint(name: str) -> str:
    return Secret(token("ort", name)).fingerprint()


# --- one file ----------------------------------------------------------------------------------------------

AUTH = """{
  "openai": { "type": "api",   "key": "sk-other" },
  "anthropic": {
    "type": "oauth",
    "refresh": "REFRESH",
    "access": "ACCESS",
    "expires": EXPIRES,
    "accountId": "kept"
  },
  "mine": {"type":"wellknown","key":"k","token":"t"}
}"""


def auth_text(name: str, expires_ms: int) -> str:
    return (
        AUTH.replace("REFRESH", token("ort", name))
        .replace("ACCESS", token("oat", name))
        .replace("EXPIRES", str(expires_ms))
    )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "home")


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_only_the_renewed_login_changes_and_the_mode_stays(machine: Machine, mode: int) -> None:
    path = machine.write(machine.auth, auth_text("a", NOW_MS), mode=mode)

    written = write_back("opencode", path, fingerprint("a"), credential("b"))

    assert written == ("anthropic",)
    assert path.read_text() == auth_text("b", NOW_MS + 28_800_000)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_token_that_is_not_the_spent_one_is_left_alone(machine: Machine) -> None:
    path = machine.write(machine.auth, auth_text("theirs", NOW_MS))
    before = path.stat().st_mtime_ns, path.read_bytes()

    assert write_back("opencode", path, fingerprint("a"), credential("b")) == ()

    assert (path.stat().st_mtime_ns, path.read_bytes()) == before


def test_a_missing_file_is_not_made(machine: Machine) -> None:
    assert write_back("opencode", machine.auth, fingerprint("a"), credential("b")) == ()
    assert not machine.auth.exists()


def test_the_plugins_file_is_written_by_the_entry(machine: Machine) -> None:
    accounts = [{**oauth("x"), "addedAt": 1, "own": {"kept": 1}}, {"refresh": token("ort", "a"), "addedAt": 2}]
    path = machine.write(machine.plugin_accounts, {"version": 1, "accounts": accounts, "activeIndex": 0})

    assert write_back("anthropic-multi-auth", path, fingerprint("a"), credential("b")) == ("added 2",)

    held = json.loads(path.read_text())
    assert held["accounts"][0] == accounts[0]
    assert held["accounts"][1] == {
        "refresh": token("ort", "b"),
        "addedAt": 2,
        "access": token("oat", "b"),
        "expires": NOW_MS + 28_800_000,
    }


def test_both_namings_of_the_multi_account_file_are_kept_in_step(machine: Machine) -> None:
    entry = {
        "name": "w",
        "access": "x",
        "accessToken": "x",
        "refresh": token("ort", "a"),
        "refreshToken": token("ort", "a"),
        "expires": NOW_MS,
        "expiresAt": "2027-01-15T08:00:00.000Z",
    }
    path = machine.write(".config/opencode/anthropic-multi-account-accounts.json", {"accounts": [entry]})

    write_back("anthropic-multi-account", path, fingerprint("a"), credential("b", expires_at=NOW + 60))

    (held,) = json.loads(path.read_text())["accounts"]
    assert held["refresh"] == held["refreshToken"] == token("ort", "b")
    assert held["access"] == held["accessToken"] == token("oat", "b")
    assert (held["expires"], held["expiresAt"]) == (NOW_MS + 60_000, "2027-01-15T08:01:00.000Z")


def test_a_console_profile_keeps_time_in_seconds(machine: Machine) -> None:
    tokens = {"version": "1.0", "access_token": "x", "refresh_token": token("ort", "a"), "expires_at": 1}
    path = machine.write(".config/anthropic/credentials/work.json", tokens)

    assert write_back("console-profiles", path, fingerprint("a"), credential("b")) == ("work",)

    assert json.loads(path.read_text())["expires_at"] == NOW + 28_800


def test_a_write_of_the_other_tool_in_between_is_not_lost(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    path = machine.write(machine.auth, auth_text("a", NOW_MS))
    interruptions = [auth_text("a", NOW_MS).replace("sk-other", "sk-newer")]

    def interrupted(*args: Any) -> str:
        if interruptions:
            path.write_text(interruptions.pop())
        return renewed(*args)

    monkeypatch.setattr("rota.migrate.slots.renewed", interrupted)

    write_back("opencode", path, fingerprint("a"), credential("b"))

    assert path.read_text() == auth_text("b", NOW_MS + 28_800_000).replace("sk-other", "sk-newer")


def test_a_login_put_back_by_the_other_tool_is_written_again(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = machine.write(machine.auth, auth_text("a", NOW_MS))
    stale = [auth_text("a", NOW_MS)]

    def overwritten(target: Path, text: str, only_over: str) -> bool:
        done = replace_text(target, text, only_over=only_over)
        if stale:
            path.write_text(stale.pop())
        return done

    monkeypatch.setattr("rota.migrate.writeback.replace_text", overwritten)

    assert write_back("opencode", path, fingerprint("a"), credential("b")) == ("anthropic",)
    assert path.read_text() == auth_text("b", NOW_MS + 28_800_000)


def test_what_the_other_tool_writes_while_the_new_file_goes_to_disk_is_not_lost(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = machine.write(machine.auth, auth_text("a", NOW_MS))
    theirs, sync = [auth_text("theirs", NOW_MS)], os.fsync

    def slow(descriptor: int) -> None:
        sync(descriptor)
        if theirs:
            path.write_text(theirs.pop())

    monkeypatch.setattr("os.fsync", slow)

    assert write_back("opencode", path, fingerprint("a"), credential("b")) == ()
    assert path.read_text() == auth_text("theirs", NOW_MS)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_half_written_file_is_waited_for(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = auth_text("a", NOW_MS)
    path = machine.write(machine.auth, whole[:60])
    monkeypatch.setattr("rota.migrate.writeback.time.sleep", lambda _seconds: path.write_text(whole))

    assert write_back("opencode", path, fingerprint("a"), credential("b")) == ("anthropic",)
    assert path.read_text() == auth_text("b", NOW_MS + 28_800_000)


def test_a_file_that_stays_broken_is_an_error(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    path = machine.write(machine.auth, auth_text("a", NOW_MS)[:60])
    monkeypatch.setattr("rota.migrate.writeback.time.sleep", lambda _seconds: None)
    with pytest.raises(OSError, match="breaks off"):
        write_back("opencode", path, fingerprint("a"), credential("b"))


# --- a whole home ------------------------------------------------------------------------------------------


@dataclass
class Book:
    """What the log says, folded at once."""

    snapshot: Snapshot = field(default_factory=Snapshot)
    events: list[Event] = field(default_factory=list)

    def publish(self, *events: Event) -> None:
        for event in events:
            self.snapshot = fold(self.snapshot, event)
            self.events.append(event)

    def add(self, account_id: str, identity: str, provider: str = "anthropic") -> None:
        account = Account(account_id, provider, Kind.SUBSCRIPTION, identity, label=account_id)
        self.publish(AccountAdded(at=NOW, account=account))


@dataclass
class Providers:
    """Says whose each login is; a login that nobody named is refused, one that is None cannot be asked about."""

    whose: dict[str, str | None] = field(default_factory=dict)
    asked: int = 0

    async def __call__(self, provider: str, credential: Credential) -> Identity:
        self.asked += 1
        for name, identity in self.whose.items():
            if credential.secret == Secret(token("oat", name)):
                if identity is None:
                    raise ProviderError(Failure(Meaning.NETWORK, "no route to host"))
                return Identity(identity, Kind.SUBSCRIPTION)
        raise ProviderError(Failure(Meaning.LOGIN_DEAD, "revoked"))


@dataclass
class Sharing:
    """`SharedLogins` with what it works on."""

    machine: Machine
    folder: Path
    sources: frozenset[str] = ALL
    book: Book = field(default_factory=Book)
    providers: Providers = field(default_factory=Providers)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.links = Links(self.folder / "links.json")
        self.logins = SharedLogins(
            links=self.links,
            journal=self.book,
            identify=self.providers,
            places=self.machine.places,
            sources=self.sources,
            locks=self.folder,
            clock=ManualClock(NOW),
        )

    def link(self, account_id: str, source: str, path: Path, slot: str, name: str) -> None:
        self.links.join(account_id, [Place(source, path, slot)], fingerprint(name))


@pytest.fixture
def sharing(machine: Machine, tmp_path: Path) -> Sharing:
    """Alice's login `a` stands in OpenCode's auth.json and is rota's account `alice`; so is Bob's `b`, elsewhere."""
    machine.write(machine.auth, {"anthropic": oauth("a")})
    made = Sharing(machine, tmp_path / "state")
    made.book.add("alice", ALICE)
    made.book.add("bob", BOB)
    made.link("alice", "opencode", machine.auth, "anthropic", "a")
    return made


async def test_a_renewed_login_is_written_to_every_file_that_has_it(machine: Machine, sharing: Sharing) -> None:
    machine.write(machine.plugin_accounts, {"accounts": [{**oauth("a"), "addedAt": 1}, {**oauth("b"), "addedAt": 2}]})

    await sharing.logins.on_renewed("alice", fingerprint("a"), credential("a2"))

    assert json.loads(machine.auth.read_text())["anthropic"]["refresh"] == token("ort", "a2")
    held = json.loads(machine.plugin_accounts.read_text())["accounts"]
    assert [entry["refresh"] for entry in held] == [token("ort", "a2"), token("ort", "b")]
    # The plugin's entry was not known before; it is now.
    assert {(link.slot, link.lineage) for link in sharing.links.of("alice")} == {
        ("anthropic", fingerprint("a2")),
        ("added 1", fingerprint("a2")),
    }


async def test_sharing_can_be_turned_off_for_a_source(machine: Machine, tmp_path: Path) -> None:
    machine.write(machine.auth, {"anthropic": oauth("a")})
    before = machine.auth.read_bytes()
    off = Sharing(machine, tmp_path / "off", shared_sources(SharingSettings(opencode=False)))
    off.book.add("alice", ALICE)
    off.link("alice", "opencode", machine.auth, "anthropic", "a")

    await off.logins.on_renewed("alice", fingerprint("a"), credential("a2"))
    assert machine.auth.read_bytes() == before

    machine.write(machine.auth, {"anthropic": oauth("a3", expires_ms=0)})
    assert await off.logins.newest("alice", credential("a2")) is None


async def test_a_file_that_cannot_be_written_is_told_and_stops_nothing(
    machine: Machine, sharing: Sharing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, text: str, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("rota.migrate.writeback.replace_text", full)

    await sharing.logins.on_renewed("alice", fingerprint("a"), credential("a2"))

    (alert,) = [event for event in sharing.book.events if isinstance(event, AlertRaised)]
    assert "No space left on device" in alert.text
    assert str(machine.auth) in alert.text
    assert "sk-ant" not in alert.text


async def test_an_unchanged_file_has_nothing_newer(sharing: Sharing) -> None:
    assert await sharing.logins.newest("alice", credential("a")) is None
    assert sharing.providers.asked == 0


async def test_a_login_that_opencode_renewed_is_taken_once_the_provider_says_whose_it_is(
    machine: Machine, sharing: Sharing
) -> None:
    machine.write(machine.auth, {"anthropic": oauth("a2")})
    sharing.providers.whose = {"a2": ALICE}

    newer = await sharing.logins.newest("alice", credential("a"))

    assert newer is not None
    assert newer.refresh == Secret(token("ort", "a2"))
    assert newer.kind is Kind.SUBSCRIPTION
    assert await sharing.logins.newest("alice", newer) is None


async def test_a_login_that_opencode_changed_to_somebody_else_is_not_taken(
    machine: Machine, sharing: Sharing
) -> None:
    machine.write(machine.auth, {"anthropic": oauth("c")})
    sharing.providers.whose = {"c": "user-c/org-c"}

    assert await sharing.logins.newest("alice", credential("a")) is None
    assert sharing.links.of("alice") == ()


async def test_a_plugin_that_switches_accounts_in_auth_json_mixes_up_nobody(
    machine: Machine, sharing: Sharing
) -> None:
    # The plugin renewed Bob's login and made it the active one: offline, only its own file tells.
    machine.write(
        machine.plugin_accounts, {"accounts": [{**oauth("a"), "addedAt": 1}, {**oauth("b2"), "addedAt": 2}]}
    )
    machine.write(machine.auth, {"anthropic": oauth("b2")})
    sharing.link("alice", "anthropic-multi-auth", machine.plugin_accounts, "added 1", "a")
    sharing.link("bob", "anthropic-multi-auth", machine.plugin_accounts, "added 2", "b")

    assert await sharing.logins.newest("alice", credential("a")) is None
    bobs = await sharing.logins.newest("bob", credential("b"))

    assert bobs is not None
    assert bobs.refresh == Secret(token("ort", "b2"))
    assert sharing.providers.asked == 0


async def test_while_nobody_can_say_whose_a_login_is_the_old_one_is_not_spent(
    machine: Machine, sharing: Sharing
) -> None:
    machine.write(machine.auth, {"anthropic": oauth("x")})
    sharing.providers.whose = {"x": None}

    with pytest.raises(ProviderError) as caught:
        await sharing.logins.newest("alice", credential("a"))

    assert caught.value.failure.meaning is Meaning.NETWORK
    assert "whose it is could not be asked" in caught.value.failure.message
    assert sharing.links.of("alice")


async def test_a_login_that_has_ended_meanwhile_is_taken_for_the_same_persons(
    machine: Machine, sharing: Sharing
) -> None:
    machine.write(machine.auth, {"anthropic": oauth("a2", expires_ms=NOW_MS - 1)})
    newer = await sharing.logins.newest("alice", credential("a"))
    assert newer is not None
    assert sharing.providers.asked == 0


async def test_an_old_login_that_another_tool_put_back_is_replaced_again(machine: Machine, sharing: Sharing) -> None:
    await sharing.logins.on_renewed("alice", fingerprint("a"), credential("a2"))
    machine.write(machine.auth, {"anthropic": oauth("a"), "openai": {"type": "api", "key": "new"}})

    assert await sharing.logins.newest("alice", credential("a2")) is None

    held = json.loads(machine.auth.read_text())
    assert held["anthropic"]["refresh"] == token("ort", "a2")
    assert held["openai"]["key"] == "new"
    assert sharing.providers.asked == 0


async def test_a_login_two_renewals_old_is_known_for_old_too(machine: Machine, sharing: Sharing) -> None:
    await sharing.logins.on_renewed("alice", fingerprint("a"), credential("a2"))
    await sharing.logins.on_renewed("alice", fingerprint("a2"), credential("a3"))
    machine.write(machine.auth, {"anthropic": oauth("a", expires_ms=NOW_MS - 1)})

    assert await sharing.logins.newest("alice", credential("a3")) is None

    assert json.loads(machine.auth.read_text())["anthropic"]["refresh"] == token("ort", "a3")


async def test_a_crash_before_the_write_back_leaves_the_newer_login_where_it_is(
    machine: Machine, sharing: Sharing
) -> None:
    # The vault has the successor, the file still the login that was spent for it, and nobody noted it down.
    machine.write(machine.auth, {"anthropic": oauth("a", expires_ms=NOW_MS - 1)})

    assert await sharing.logins.newest("alice", credential("a2")) is None

    assert json.loads(machine.auth.read_text())["anthropic"]["refresh"] == token("ort", "a2")
    assert sharing.links.of("alice")[0].spent == (fingerprint("a"),)


async def test_a_crash_before_a_login_that_was_taken_over_is_stored_lets_it_be_taken_again(
    machine: Machine, sharing: Sharing
) -> None:
    machine.write(machine.auth, {"anthropic": oauth("a2")})
    sharing.providers.whose = {"a2": ALICE}
    assert await sharing.logins.newest("alice", credential("a")) is not None

    newer = await sharing.logins.newest("alice", credential("a"))  # the vault never got it

    assert newer is not None
    assert newer.refresh == Secret(token("ort", "a2"))


async def test_claude_codes_login_follows_claude_code(machine: Machine, sharing: Sharing) -> None:
    path = machine.home / ".claude/.credentials.json"
    login_of = {"accessToken": token("oat", "cc2"), "refreshToken": token("ort", "cc2"), "expiresAt": NOW_MS + 9}
    machine.write(path, {"claudeAiOauth": login_of})
    machine.write(".claude.json", {"oauthAccount": {"accountUuid": "user-a", "organizationUuid": "org-a"}})
    sharing.link("alice", "claude-code", path, "claudeAiOauth", "cc1")
    machine.auth.unlink()

    newer = await sharing.logins.newest("alice", credential("cc1"))

    assert newer is not None
    assert newer.secret == Secret(token("oat", "cc2"))
    assert sharing.providers.asked == 0
    await sharing.logins.on_renewed("alice", fingerprint("cc2"), credential("cc3"))
    assert json.loads(path.read_text())["claudeAiOauth"] == login_of


async def test_a_puter_token_replaced_in_the_plugins_file_is_taken_by_the_user_in_it(
    machine: Machine, sharing: Sharing
) -> None:
    machine.write(machine.puter_accounts, {"accounts": [{"username": "ada", "authToken": puter_token(USER, "new")}]})
    sharing.book.add("ada", USER, "puter")
    sharing.link("ada", "opencode-puter-auth", machine.puter_accounts, "user ada", "old")
    stored = login(Secret(puter_token(USER, "old")), None, None, kind=Kind.PUTER)

    newer = await sharing.logins.newest("ada", stored)

    assert newer is not None
    assert newer.secret == Secret(puter_token(USER, "new"))


def test_a_damaged_list_of_links_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "links.json"
    path.write_text('[{"account_id": 1}, 3, {"account_id": "x"')
    links = Links(path)
    assert links.all() == ()
    links.join("a", [Place("opencode", tmp_path / "auth.json", "anthropic")], "f")
    assert len(links.of("a")) == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
