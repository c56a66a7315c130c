"""Claude Code's own login: its credentials file, on macOS its Keychain entry, and who it says it is."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

from rota.account import Identity, Kind
from rota.migrate.borders import (
    AnyDict,
    Border,
    LooseText,
    LooseToken,
    Millis,
    Names,
    check,
    key_identity,
    login,
)
from rota.migrate.foreign import found_at, parse_json, read_json
from rota.migrate.places import distinct
from rota.migrate.records import Found, Place, Problem, Reading, Record
from rota.providers.base import Credential

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from rota.migrate.places import Places

    Run: TypeAlias = Callable[[Sequence[str]], tuple[int, str]]

NAME = "claude-code"
TITLE = "Claude Code"
KEYCHAIN = 'the macOS Keychain entry "Claude Code-credentials"'

_LOOK = ("/usr/bin/security", "find-generic-password", "-s", "Claude Code-credentials")
_HEX_LIMIT = 65_536
_AGAIN = "Run `claude` and sign in there."


class OAuth(Border):
    accessToken: LooseToken = None
    refreshToken: LooseToken = None
    expiresAt: Millis = None
    refreshTokenExpiresAt: Millis = None
    scopes: Names = ()
    subscriptionType: LooseText = None
    rateLimitTier: LooseText = None


class Who(Border):
    accountUuid: LooseText = None
    emailAddress: LooseText = None
    organizationUuid: LooseText = None
    organizationName: LooseText = None
    displayName: LooseText = None


class State(Border):
    oauthAccount: AnyDict = {}  # noqa: RUF012 - pydantic copies it
    primaryApiKey: LooseToken = None


class ClaudeCode:
    """The source; `run` asks the system's own `security` tool."""

    NAME = NAME
    TITLE = TITLE

    def __init__(self, run: Run | None = None) -> None:
        self._run = run or _run

    def find(self, places: Places) -> tuple[Found, ...]:
        found = [found_at(NAME, path, "Claude Code's credentials") for path in credential_files(places)]
        found += [found_at(NAME, path, "Claude Code's state") for path in state_files(places)]
        # Without -w nothing secret is asked for, so macOS shows no question.
        if places.system == "darwin" and self._run(_LOOK)[0] == 0:
            found.append(Found(NAME, None, KEYCHAIN, ("macOS will ask whether rota may read it",)))
        return tuple(each for each in found if each is not None)

    def read(self, found: tuple[Found, ...], places: Places) -> Reading:
        problems: list[Problem] = []
        identity, records = self._state(found, places, problems)
        for each in found:
            if each.path in state_files(places):
                continue
            answer = self._keychain() if each.path is None else read_json(each.path)
            if isinstance(answer, Problem):
                problems.append(answer)
            elif answer is not None:
                record = _login(answer[1], each, identity)
                if isinstance(record, Problem):
                    problems.append(record)
                elif record is not None:
                    records.insert(0, record)
        return Reading(NAME, found, tuple(records), tuple(problems))

    def _keychain(self) -> tuple[None, Any] | Problem | None:
        code, output = self._run((*_LOOK, "-w"))
        if code == 44:
            return None
        if code != 0:
            return Problem(KEYCHAIN, "", "macOS did not let rota read it", "Allow it when macOS asks.")
        text = output.strip()
        if not text.startswith("{") and len(text) < _HEX_LIMIT:
            # `security` prints an entry that is not plain ASCII as hexadecimal digits.
            try:
                text = bytes.fromhex(text).decode("utf-8")
            except ValueError:
                return Problem(KEYCHAIN, "", "it holds something else than a login", _AGAIN)
        value = parse_json(text, KEYCHAIN)
        return value if isinstance(value, Problem) else (None, value)

    def _state(
        self, found: tuple[Found, ...], places: Places, problems: list[Problem]
    ) -> tuple[Identity | None, list[Record]]:
        for path in state_files(places):
            if not any(each.path == path for each in found):
                continue
            answer = read_json(path)
            state = check(State, answer[1], str(path), "") if isinstance(answer, tuple) else answer
            if isinstance(state, Problem):
                problems.append(state)
            elif state is not None:
                return who_of(state), _managed_key(state, path)
        return None, []


def credential_files(places: Places) -> tuple[Path, ...]:
    secure = places.folder("CLAUDE_SECURESTORAGE_CONFIG_DIR")
    folders = (places.claude,) if secure is None else (secure, places.claude)
    return distinct(*(folder / ".credentials.json" for folder in folders))


def state_files(places: Places) -> tuple[Path, ...]:
    """Where it says who signed in; an older one kept it in its own folder."""
    named = places.folder("CLAUDE_CONFIG_DIR")
    main = named / ".claude.json" if named is not None else places.home / ".claude.json"
    return distinct(main, places.claude / ".config.json")


def who_of(state: State) -> Identity | None:
    """The identity that Claude Code noted at sign-in, with Anthropic's own ids."""
    who = check(Who, state.oauthAccount, "", "")
    if isinstance(who, Problem) or who.accountUuid is None or who.organizationUuid is None:
        return None
    return Identity(
        key=f"{who.accountUuid}/{who.organizationUuid}",
        kind=Kind.SUBSCRIPTION,
        email=who.emailAddress,
        name=who.displayName,
        organization=who.organizationName,
    )


def _login(document: Any, found: Found, identity: Identity | None) -> Record | Problem | None:
    if isinstance(document, dict) and "claudeAiOauth" not in document:
        return None  # logins of its MCP servers only
    held = document.get("claudeAiOauth") if isinstance(document, dict) else document
    entry = check(OAuth, held, found.where, "claudeAiOauth", todo=_AGAIN)
    if isinstance(entry, Problem):
        return entry
    if entry.accessToken is None and entry.refreshToken is None:
        return Problem(found.where, "claudeAiOauth", "it is signed out", _AGAIN)
    return Record(
        provider="anthropic",
        credential=login(
            entry.accessToken,
            entry.refreshToken,
            entry.expiresAt,
            login_expires_at=entry.refreshTokenExpiresAt,
            scopes=entry.scopes,
        ),
        place=Place(NAME, found.path, "claudeAiOauth", owner="claude-code"),
        identity=identity,
        label="Claude Code",
        email=identity.email if identity is not None else None,
        notes=("Claude Code keeps this login and renews it; rota only reads it",),
    )


def _managed_key(state: State, path: Path) -> list[Record]:
    if state.primaryApiKey is None:
        return []
    key = state.primaryApiKey
    place = Place(NAME, path, "primaryApiKey")
    return [
        Record(
            "anthropic", Credential(Kind.API_KEY, key), place, key_identity(key), label="Claude Code's key", order=1
        )
    ]


def _run(command: Sequence[str]) -> tuple[int, str]:
    """One call of a system tool: its exit code and output."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return 1, ""
    return done.returncode, done.stdout


SOURCE = ClaudeCode()
find, read = SOURCE.find, SOURCE.read
