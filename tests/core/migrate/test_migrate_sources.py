"""What each source finds and reads, from files as the tools write them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.support.foreign_files import NOW, NOW_MS, Machine, oauth, puter_token, token

from rota.account import Kind
from rota.migrate import claude_code, survey
from rota.migrate.borders import NO_ACCESS
from rota.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rota.migrate.places import Places
    from rota.migrate.records import Reading

SOON_MS = NOW_MS + 5
USER = "6f3f8f0e-3f57-4d2a-9a3e-0b6c5d4e3f21"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_an_empty_home_holds_nothing(machine: Machine) -> None:
    assert survey.find(machine.places) == ()
    assert all(not reading.records and not reading.problems for reading in machine.read())


# --- OpenCode ----------------------------------------------------------------------------------------------


def test_opencodes_logins_and_keys_are_read(machine: Machine) -> None:
    machine.write(
        machine.auth,
        {
            "anthropic": oauth("a"),
            "puter/": {"type": "api", "key": puter_token(USER)},
            "openai": {"type": "api", "key": "sk-other"},
        },
    )

    reading = machine.reading("opencode")

    login, puter = reading.records
    assert (login.provider, login.credential.kind) == ("anthropic", Kind.SUBSCRIPTION)
    assert login.credential.refresh == Secret(token("ort", "a"))
    assert login.credential.expires_at == NOW + 3600
    assert (login.place.slot, login.place.owner, login.place.shared) == ("anthropic", "opencode", True)
    assert login.active
    assert (puter.provider, puter.credential.kind) == ("puter", Kind.PUTER)
    assert puter.identity is not None
    assert puter.identity.key == USER
    assert reading.problems == ()


def test_an_anthropic_key_in_opencode_is_a_key_and_a_setup_token_a_subscription(machine: Machine) -> None:
    machine.write(machine.auth, {"anthropic": {"type": "api", "key": token("api", "k")}})
    (key,) = machine.reading("opencode").records
    machine.write(machine.auth, {"anthropic": {"type": "api", "key": token("oat", "setup")}})
    (setup,) = machine.reading("opencode").records

    assert key.credential.kind is Kind.API_KEY
    assert key.identity is not None
    assert key.identity.key.startswith("key-")
    assert setup.credential.kind is Kind.SUBSCRIPTION
    assert setup.credential.refresh is None


def test_the_wrong_path_is_read_too_and_never_written_back_to(machine: Machine) -> None:
    machine.write(".config/opencode/auth.json", {"anthropic": oauth("a")})

    reading = machine.reading("opencode")

    (record,) = reading.records
    assert (record.place.owner, record.place.shared) == (None, False)
    assert "by mistake" in reading.found[0].notes[0]


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_auth_json_follows_xdg_on_every_system(machine: Machine, system: str) -> None:
    machine.system = system
    machine.environ["XDG_DATA_HOME"] = str(machine.home / "elsewhere")
    machine.write("elsewhere/opencode/auth.json", {"anthropic": oauth("a")})

    assert len(machine.reading("opencode").records) == 1


def test_the_environments_auth_content_is_read_and_stays_opencodes(machine: Machine) -> None:
    machine.environ["OPENCODE_AUTH_CONTENT"] = json.dumps({"anthropic": oauth("env")})

    (record,) = machine.reading("opencode").records

    assert record.place.path is None
    assert (record.place.owner, record.place.shared) == ("opencode", False)


# --- the Anthropic plugins ---------------------------------------------------------------------------------


def test_the_plugins_accounts_keep_order_labels_state_and_limit(machine: Machine) -> None:
    machine.write(
        machine.plugin_accounts,
        {
            "version": 1,
            "accounts": [
                {"refresh": token("ort", "a"), "access": token("oat", "a"), "expires": NOW_MS, "addedAt": 1},
                {"refresh": token("ort", "b"), "addedAt": 2, "enabled": False, "label": "work"},
                {
                    "refresh": token("ort", "c"),
                    "addedAt": 3,
                    "email": "c@example.com",
                    "rateLimitedUntil": NOW_MS + 5,
                },
            ],
            "activeIndex": 2,
        },
    )

    first, second, third = machine.reading("anthropic-multi-auth").records

    assert [r.order for r in (first, second, third)] == [0, 1, 2]
    assert [r.place.slot for r in (first, second, third)] == ["added 1", "added 2", "added 3"]
    assert (second.label, second.enabled, second.active) == ("work", False, False)
    assert second.credential.secret == NO_ACCESS
    assert second.credential.expires_at == 0.0
    assert (third.label, third.email, third.active) == ("c@example.com", "c@example.com", True)
    assert third.limited_until == NOW + 0.005


def test_both_generations_of_the_multi_account_files_are_merged_by_name(machine: Machine) -> None:
    machine.write(
        ".config/opencode/anthropic-multi-account-accounts.json",
        {"accounts": [{"name": "work", "access": token("oat", "new"), "refresh": token("ort", "new"), "expires": 9}]},
        mode=0o644,
    )
    machine.write(
        ".local/share/opencode/multi-account-auth.json",
        {
            "accounts": [
                {"name": "work", "accessToken": token("oat", "old"), "expiresAt": "2033-01-01T00:00:00Z"},
                {
                    "name": "home",
                    "accessToken": token("oat", "h"),
                    "refreshToken": token("ort", "h"),
                    "expiresAt": "2027-01-15T08:00:00Z",
                },
            ]
        },
    )
    machine.write(
        ".config/opencode/anthropic-multi-account-state.json",
        {
            "currentAccount": "home",
            "usage": {
                "home": {
                    "session5h": {"utilization": 0.25, "reset": NOW + 60, "status": "allowed"},
                    "weekly7dSonnet": {"utilization": 1.04, "reset": None},
                    "timestamp": "2027-01-15T07:59:00Z",
                }
            },
        },
    )

    reading = machine.reading("anthropic-multi-account")

    work, home = reading.records
    assert work.credential.refresh == Secret(token("ort", "new"))
    assert not work.active
    assert home.active
    assert home.credential.expires_at == NOW
    assert [(w.key, w.utilization, w.resets_at) for w in home.windows] == [
        ("5h", 0.25, NOW + 60),
        ("7d:Sonnet", 1.04, None),
    ]
    assert home.windows[0].observed_at == NOW - 60
    assert [f.exposed for f in reading.found] == [True, False, False]


# --- Puter -------------------------------------------------------------------------------------------------


def test_puters_accounts_are_told_apart_by_their_token_not_their_name(machine: Machine) -> None:
    machine.write(
        machine.puter_accounts,
        {
            "version": 1,
            "accounts": [
                {"username": "puter_user", "authToken": puter_token(USER), "addedAt": 1, "isTemporary": True},
                {"username": "ada", "email": "not an address", "authToken": "opaque-token", "addedAt": 2},
            ],
            "activeIndex": 1,
        },
    )

    guest, ada = machine.reading("opencode-puter-auth").records

    assert guest.credential.kind is Kind.PUTER_GUEST
    assert guest.identity is not None
    assert (guest.identity.key, guest.identity.plan, guest.label) == (USER, "Guest", None)
    assert (ada.label, ada.email, ada.identity, ada.active) == ("ada", None, None, True)


def test_the_official_puter_command_lines_store_is_read(machine: Machine) -> None:
    store = {"accounts": {"default": {"token": puter_token(USER)}, "work": {"token": "t2"}}, "active": "default"}
    machine.write(".config/puter-cli-nodejs/config.json", store)

    default, work = machine.reading("puter-cli").records

    assert (default.label, default.active) == (None, True)
    assert (work.label, work.active) == ("work", False)


@pytest.mark.parametrize(
    ("system", "path"),
    [
        ("darwin", "Library/Preferences/puter-cli-nodejs/config.json"),
        ("win32", "AppData/Roaming/puter-cli-nodejs/Config/config.json"),
    ],
)
def test_the_puter_store_is_found_on_every_system(machine: Machine, system: str, path: str) -> None:
    machine.system = system
    machine.write(path, {"accounts": {"default": {"token": "t"}}})

    assert len(machine.reading("puter-cli").records) == 1


# --- Claude Code -------------------------------------------------------------------------------------------

CLAUDE = {
    "claudeAiOauth": {
        "accessToken": token("oat", "cc"),
        "refreshToken": token("ort", "cc"),
        "expiresAt": NOW_MS + 1000,
        "refreshTokenExpiresAt": NOW_MS + 2000,
        "scopes": ["user:inference", "user:profile"],
        "subscriptionType": "max",
    },
    "mcpOAuth": {"x": {}},
}
WHO = {
    "oauthAccount": {
        "accountUuid": "user-a",
        "organizationUuid": "org-a",
        "emailAddress": "a@example.com",
        "organizationName": "A's",
    }
}


def test_claude_codes_login_is_its_own_and_says_whose_it_is(machine: Machine) -> None:
    machine.write(".claude/.credentials.json", CLAUDE)
    machine.write(".claude.json", {**WHO, "primaryApiKey": token("api", "managed")}, mode=0o644)

    login, key = machine.reading("claude-code").records

    assert login.identity is not None
    assert (login.identity.key, login.identity.email) == ("user-a/org-a", "a@example.com")
    assert login.credential.login_expires_at == NOW + 2
    assert login.credential.scopes == ("user:inference", "user:profile")
    assert (login.place.owner, login.place.shared) == ("claude-code", False)
    assert key.credential.kind is Kind.API_KEY


def test_claude_codes_folder_can_be_moved(machine: Machine) -> None:
    machine.environ["CLAUDE_CONFIG_DIR"] = str(machine.home / "cc")
    machine.write("cc/.credentials.json", CLAUDE)
    machine.write("cc/.claude.json", WHO)

    (login,) = machine.reading("claude-code").records

    assert login.identity is not None


@pytest.mark.parametrize(
    ("held", "records", "problem"),
    [
        ({"mcpOAuth": {}}, 0, None),  # only its MCP servers' logins
        ({"claudeAiOauth": {"accessToken": "", "refreshToken": ""}}, 0, "signed out"),
        ({"claudeAiOauth": None}, 0, "nothing (null)"),
        ({"claudeAiOauth": {"accessToken": token("oat", "z"), "expiresAt": 0}}, 1, None),  # zeroed after a race
    ],
)
def test_odd_claude_credentials_are_told_apart(
    machine: Machine, held: object, records: int, problem: str | None
) -> None:
    machine.write(".claude/.credentials.json", held)

    reading = machine.reading("claude-code")

    assert len(reading.records) == records
    assert [p.why for p in reading.problems if problem and problem in p.why] == [p.why for p in reading.problems]
    assert bool(reading.problems) == bool(problem)
    assert all(r.credential.expires_at == 0.0 for r in reading.records)


class Keychain:
    """The system's `security` tool, as far as a test needs it."""

    def __init__(self, code: int, output: str = "") -> None:
        self.answer = code, output
        self.calls: list[Sequence[str]] = []

    def __call__(self, command: Sequence[str]) -> tuple[int, str]:
        self.calls.append(command)
        return self.answer if "-w" in command else (0 if self.answer[0] != 44 else 44, "")

    def read(self, places: Places) -> Reading:
        source = claude_code.ClaudeCode(self)
        return source.read(source.find(places), places)


@pytest.mark.parametrize("output", [json.dumps(CLAUDE), json.dumps(CLAUDE).encode().hex() + "\n"])
def test_on_macos_the_keychain_is_read(machine: Machine, output: str) -> None:
    machine.system = "darwin"
    (record,) = Keychain(0, output).read(machine.places).records
    assert record.place.path is None
    assert record.place.owner == "claude-code"


def test_finding_the_keychain_entry_asks_for_nothing_secret(machine: Machine) -> None:
    machine.system = "darwin"
    keychain = Keychain(0, json.dumps(CLAUDE))

    claude_code.ClaudeCode(keychain).find(machine.places)

    assert [("-w" in call) for call in keychain.calls] == [False]


@pytest.mark.parametrize(
    ("code", "output", "why"), [(128, "", "did not let"), (0, "zz not hex", "something else"), (0, "{", "breaks off")]
)
def test_a_keychain_that_gives_no_login_is_a_problem(machine: Machine, code: int, output: str, why: str) -> None:
    machine.system = "darwin"
    (problem,) = Keychain(code, output).read(machine.places).problems
    assert why in problem.why


def test_no_keychain_entry_is_no_problem(machine: Machine) -> None:
    machine.system = "darwin"
    reading = Keychain(44).read(machine.places)
    assert (reading.records, reading.problems) == ((), ())


# --- Console profiles --------------------------------------------------------------------------------------


def profile(machine: Machine, name: str = "default", *, auth: dict[str, str] | None = None, **config: str) -> None:
    authentication = {"type": "user_oauth", "client_id": "client-1", **(auth or {})}
    held = {"version": "1.0", "authentication": {k: v for k, v in authentication.items() if v}, **config}
    machine.write(f".config/anthropic/configs/{name}.json", held, mode=0o644)
    machine.write(
        f".config/anthropic/credentials/{name}.json",
        {
            "version": "1.0",
            "type": "oauth_token",
            "access_token": token("oat", name),
            "refresh_token": token("ort", name),
            "expires_at": NOW + 60,
        },
    )


def test_console_profiles_are_shared_when_they_have_a_client_of_their_own(machine: Machine) -> None:
    profile(machine, "default")
    profile(machine, "work", auth={"client_id": ""})
    machine.write(".config/anthropic/active_config", "work\n")

    default, work = machine.reading("console-profiles").records

    assert (default.credential.kind, default.credential.client_id) == (Kind.CONSOLE_PROFILE, "client-1")
    assert (default.credential.expires_at, default.place.shared, default.active) == (NOW + 60, True, False)
    assert (work.credential.refresh, work.place.owner, work.place.shared, work.active) == (None, "ant", False, True)


def test_what_the_official_client_refuses_is_refused(machine: Machine) -> None:
    for name in ("writable", "readable", "linked"):
        profile(machine, name)
    profile(machine, "robot", auth={"type": "oidc_federation"})
    profile(machine, "proxy", base_url="https://elsewhere.example")
    profile(machine, "newer", version="2.0")
    folder = machine.home / ".config/anthropic"
    (folder / "configs/writable.json").chmod(0o666)
    (folder / "credentials/readable.json").chmod(0o640)
    tokens = folder / "credentials/linked.json"
    tokens.rename(folder / "moved.json")
    tokens.symlink_to(folder / "moved.json")

    reading = machine.reading("console-profiles")

    assert reading.records == ()
    assert [p.why for p in reading.problems] == [
        "it is a link, so the official client refuses it",
        "a newer official client wrote it",
        "it is for another address than Anthropic's own",
        "others on this machine can read it, so the official client refuses it",
        "it is not a person's sign-in",
        "others on this machine can change it, so the official client refuses it",
    ]


# --- the environment ---------------------------------------------------------------------------------------


def test_keys_in_the_environment_are_found(machine: Machine) -> None:
    machine.environ |= {"ANTHROPIC_API_KEY": token("api", "env"), "PUTER_AUTH_TOKEN": "bad token"}

    reading = machine.reading("environment")

    (record,) = reading.records
    assert record.credential.kind is Kind.API_KEY
    (problem,) = reading.problems
    assert problem.path == "PUTER_AUTH_TOKEN"
